//! Runs of training.

use millwright_domain::{Digest, JobId, JobState, TrainingJob, TrainingSpec, Version};
use serde::Serialize;

use super::{fields, table, time};
use crate::{output::Answer, recipe::recipe_line};

/// One job.
#[derive(Serialize)]
pub(crate) struct JobView {
    id: JobId,
    model: String,
    version: Option<Version>,
    state: JobState,
    failure: Option<String>,
    dataset: Digest,
    spec: TrainingSpec,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
}

/// All jobs.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct JobsView(Vec<JobView>);

impl From<TrainingJob> for JobView {
    fn from(job: TrainingJob) -> Self {
        Self {
            id: job.id,
            model: job.model.to_string(),
            version: job.version,
            state: job.state,
            failure: job.failure,
            dataset: job.dataset,
            spec: job.spec,
            created_at: time(job.created_at),
            started_at: job.started_at.map(time),
            ended_at: job.ended_at.map(time),
        }
    }
}

impl From<Vec<TrainingJob>> for JobsView {
    fn from(jobs: Vec<TrainingJob>) -> Self {
        Self(jobs.into_iter().map(JobView::from).collect())
    }
}

impl JobView {
    /// `press.defect@3`, or the model alone while there is no version.
    fn makes(&self) -> String {
        match self.version {
            Some(version) => format!("{}@{version}", self.model),
            None => self.model.clone(),
        }
    }
}

impl Answer for JobView {
    fn table(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let mut rows = vec![
            ("job", self.id.to_string()),
            ("model", self.model.clone()),
            ("state", state(self.state).to_owned()),
            ("data set", self.dataset.to_string()),
            ("recipe", recipe_line(&self.spec)),
            ("queued", self.created_at.clone()),
            ("started", text(&self.started_at)),
            ("ended", text(&self.ended_at)),
        ];
        rows.extend(self.failure.clone().map(|why| ("failure", why)));
        rows.extend(self.version.map(|_| ("version", self.makes())));
        fields(rows)
    }
}

impl Answer for JobsView {
    fn table(&self) -> String {
        let row = |job: &JobView| {
            [job.id.to_string(), job.makes(), state(job.state).to_owned(), job.created_at.clone()]
        };
        table(["JOB", "MODEL", "STATE", "QUEUED"], self.0.iter().map(row).collect())
    }
}

fn state(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::Running => "running",
        JobState::Succeeded => "succeeded",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
    }
}
