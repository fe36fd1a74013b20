//! Runs of training.

use std::{fmt, str::FromStr, time::SystemTime};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Digest, ModelName, NameError, Scores, TrainingSpec, Version};

/// Identity of a job, and the idempotency key under which its version is registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JobId(String);

impl JobId {
    /// An id that no other job has; later ids sort later (UUID version 7, RFC 9562).
    pub fn random() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let valid = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if valid { Ok(Self(text.to_owned())) } else { Err(NameError::Job) }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// A worker is at it.
    Running,
    /// Its version is registered.
    Succeeded,
    /// It ended without a version.
    Failed,
    /// It was called off.
    Cancelled,
}

impl JobState {
    /// Whether it will not change again.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// What a running job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reads the data and learns vocabulary or scales.
    Reading,
    /// The optimiser iterates.
    Fitting,
    /// The held-out rows are scored.
    Scoring,
    /// The version is being registered.
    Registering,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Iterations of the optimiser so far.
    pub iteration: u32,
    /// Most iterations that it may take.
    pub max_iter: u32,
    /// Objective divided by the number of training rows, in nats a row.
    pub loss: f64,
    /// Largest element of the mean loss's gradient.
    pub gradient: f64,
    /// Training rows visited per second, all passes over them counted.
    pub rows_per_second: f64,
    /// Seconds until the iteration limit at this speed.
    pub seconds_left: f64,
    /// Scores on the validation rows after this iteration, where there are any.
    pub validation: Option<Scores>,
}

/// A run of training.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingJob {
    /// Its identity.
    pub id: JobId,
    /// The line of models that its version joins.
    pub model: ModelName,
    /// The data.
    pub dataset: Digest,
    /// The recipe.
    pub spec: TrainingSpec,
    /// Where it stands.
    pub state: JobState,
    /// Why it failed.
    pub failure: Option<String>,
    /// How far it has come, while it runs; not stored.
    pub progress: Option<Progress>,
    /// The version that it registered.
    pub version: Option<Version>,
    /// When it was queued.
    pub created_at: SystemTime,
    /// When a worker took it.
    pub started_at: Option<SystemTime>,
    /// When it ended.
    pub ended_at: Option<SystemTime>,
}
