//! Rows of the trainer's tables.

use millwright_domain::{
    Dataset, JobState, Page, PageSize, TableFormat, TrainingJob, TrainingSpec,
};
use sqlx::sqlite::SqliteRow;

use super::super::stored::{Stored, damaged};
use crate::StoreError;

/// A job, and whether it can still be called off.
pub(super) struct Known {
    pub(super) job: TrainingJob,
    pub(super) is_sealed: bool,
}

impl Known {
    pub(super) fn of(row: &SqliteRow) -> Result<Self, StoreError> {
        let is_sealed = Stored(row).time_if_set("sealed_at")?.is_some();
        Ok(Self { job: stored_job(row)?, is_sealed })
    }
}

pub(super) fn stored_dataset(row: &SqliteRow) -> Result<Dataset, StoreError> {
    let row = Stored(row);
    Ok(Dataset {
        digest: row.parsed("digest")?,
        size_bytes: row.number("size_bytes")?,
        table: row.json("profile")?,
        created_at: row.time("created_at")?,
    })
}

pub(super) fn stored_job(row: &SqliteRow) -> Result<TrainingJob, StoreError> {
    let mut spec = asked_for(row)?;
    let row = Stored(row);
    if spec.table.is_none() {
        spec.table = Some(row.json::<TableFormat>("format")?);
    }
    Ok(TrainingJob {
        id: row.parsed("id")?,
        model: row.parsed("model")?,
        dataset: row.parsed("dataset")?,
        spec,
        state: state(&row.text("state")?)?,
        failure: row.text_if_set("failure")?,
        progress: None,
        version: row.version_if_set("version")?,
        created_at: row.time("created_at")?,
        started_at: row.time_if_set("started_at")?,
        ended_at: row.time_if_set("ended_at")?,
    })
}

/// The recipe of a job before its format was filled in.
pub(super) fn asked_for(row: &SqliteRow) -> Result<TrainingSpec, StoreError> {
    Stored(row).json("spec")
}

pub(super) fn state(text: &str) -> Result<JobState, StoreError> {
    match text {
        "queued" => Ok(JobState::Queued),
        "running" => Ok(JobState::Running),
        "succeeded" => Ok(JobState::Succeeded),
        "failed" => Ok(JobState::Failed),
        "cancelled" => Ok(JobState::Cancelled),
        _ => Err(damaged()),
    }
}

/// A page of `rows`, of which one more was asked for than the page holds.
pub(super) fn page<T>(
    rows: &[SqliteRow],
    size: PageSize,
    read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
) -> Result<Page<T, u64>, StoreError> {
    let shown = &rows[..rows.len().min(size.get() as usize)];
    let next = match shown.last() {
        Some(last) if shown.len() < rows.len() => Some(Stored(last).number("number")?),
        _ => None,
    };
    Ok(Page { items: shown.iter().map(read).collect::<Result<_, _>>()?, next })
}
