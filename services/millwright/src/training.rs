//! Uploading data and following a job until it has ended.

use std::path::Path;

use futures::StreamExt;
use millwright_client::{RegistryClient, TrainerClient};
use millwright_domain::{
    Code, Dataset, Fault, FormatHints, JobState, ModelRef, ModelVersion, Selector, TrainingJob,
};
use tokio::fs::File;

use crate::{
    error::CliError,
    progress::{JobProgress, upload_progress},
    recipe::in_format_flags,
};

/// Uploads the CSV file at `path`; what `hints` leave open is detected.
pub(crate) async fn upload(
    trainer: &TrainerClient,
    path: &Path,
    hints: FormatHints,
) -> Result<Dataset, CliError> {
    let unreadable = |source| CliError::File { path: path.to_owned(), source };
    let file = File::open(path).await.map_err(unreadable)?;
    let length = file.metadata().await.map_err(unreadable)?.len();
    let shown = upload_progress(length);
    trainer.upload_dataset(file, hints, shown).await.map_err(in_format_flags)
}

/// Follows a job to its end. Watching outlives broken connections, since a job does.
pub(crate) async fn follow(
    trainer: &TrainerClient,
    job: TrainingJob,
) -> Result<TrainingJob, CliError> {
    let mut progress = JobProgress::new(&job);
    let mut job = job;
    while !job.state.has_ended() {
        let mut updates = trainer.watch_job(&job.id).await?;
        while let Some(update) = updates.next().await {
            match update {
                Ok(update) => job = update,
                Err(error) if error.code() == Code::Unavailable => break,
                Err(error) => return Err(error.into()),
            }
            progress.show(&job);
        }
    }
    match (job.state, &job.failure) {
        (JobState::Failed, Some(why)) => Err(CliError::JobFailed { why: why.clone() }),
        (JobState::Cancelled, _) => Err(CliError::JobCancelled(job.id)),
        (JobState::Failed, None) => Err(CliError::JobFailed { why: "no reason given".to_owned() }),
        _ => Ok(job),
    }
}

/// The version that a job has made.
pub(crate) async fn made_by(
    registry: &RegistryClient,
    job: &TrainingJob,
) -> Result<ModelVersion, CliError> {
    let Some(version) = job.version else { return Err(CliError::NoVersion(job.id.clone())) };
    let reference = ModelRef { name: job.model.clone(), selector: Selector::Version(version) };
    Ok(registry.version(&reference).await?)
}

/// How long a job ran, in seconds.
pub(crate) fn seconds(job: &TrainingJob) -> f64 {
    let ran = job.started_at.zip(job.ended_at).and_then(|(from, to)| to.duration_since(from).ok());
    ran.map_or(0.0, |ran| ran.as_secs_f64())
}
