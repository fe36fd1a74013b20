//! Data sets and jobs on SQLite.

mod rows;

use std::{path::Path, time::SystemTime};

use async_trait::async_trait;
use millwright_domain::{
    Dataset, Digest, JobId, JobState, NewJob, Page, PageSize, TableFormat, TraceContext,
    TrainingJob,
};
use sqlx::{SqliteConnection, query, sqlite::SqliteRow};

use super::{
    Database, KEY_TAKEN, migrations,
    stored::{Stored, integer, json, micros},
};
use crate::{JobOutcome, JobStore, JobTotals, StoreError};
use rows::{Known, asked_for, page, stored_dataset, stored_job};

/// Data sets and jobs in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteJobs {
    database: Database,
}

impl SqliteJobs {
    /// Opens the database file at `path`, which is created where it is missing.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Damaged`] or [`StoreError::Database`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(path, &migrations::trainer()).await? })
    }
}

#[async_trait]
impl JobStore for SqliteJobs {
    async fn put_dataset(&self, new: &Dataset) -> Result<Dataset, StoreError> {
        let mut transaction = self.database.write().await?;
        let row = query(
            "INSERT INTO datasets (digest, size_bytes, profile, created_at)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (digest) DO UPDATE SET profile = excluded.profile RETURNING *",
        )
        .bind(new.digest.to_string())
        .bind(integer(new.size_bytes))
        .bind(json(&new.table))
        .bind(micros(new.created_at))
        .fetch_one(&mut *transaction)
        .await?;
        let stored = stored_dataset(&row)?;
        transaction.commit().await?;
        Ok(stored)
    }

    async fn dataset(&self, digest: &Digest) -> Result<Option<Dataset>, StoreError> {
        dataset(&mut *self.database.read().await?, digest).await
    }

    async fn datasets(
        &self,
        before: Option<u64>,
        size: PageSize,
    ) -> Result<Page<Dataset, u64>, StoreError> {
        let rows = query("SELECT * FROM datasets WHERE number < $1 ORDER BY number DESC LIMIT $2")
            .bind(integer(before.unwrap_or(u64::MAX)))
            .bind(size.get() + 1)
            .fetch_all(&mut *self.database.read().await?)
            .await?;
        page(&rows, size, stored_dataset)
    }

    async fn create_job(
        &self,
        new: NewJob,
        trace: Option<TraceContext>,
    ) -> Result<TrainingJob, StoreError> {
        let mut transaction = self.database.write().await?;
        if let Some(first) = created_before(&mut transaction, &new).await? {
            return Ok(first);
        }
        let Some(dataset) = dataset(&mut transaction, &new.dataset).await? else {
            let name = new.dataset.to_string();
            return Err(StoreError::NotFound { what: "data set", name });
        };
        let created = insert(&mut transaction, new, &dataset.table.format).await?;
        if let Some(trace) = trace {
            let set = query("UPDATE jobs SET trace = $1 WHERE id = $2").bind(json(&trace));
            set.bind(created.id.as_str()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(created)
    }

    async fn trace_of(&self, id: &JobId) -> Result<Option<TraceContext>, StoreError> {
        let row = row(&mut *self.database.read().await?, id).await?;
        row.as_ref().map_or(Ok(None), |row| Stored(row).json_if_set("trace"))
    }

    async fn job(&self, id: &JobId) -> Result<Option<TrainingJob>, StoreError> {
        let row = row(&mut *self.database.read().await?, id).await?;
        row.as_ref().map(stored_job).transpose()
    }

    async fn jobs(
        &self,
        before: Option<u64>,
        size: PageSize,
    ) -> Result<Page<TrainingJob, u64>, StoreError> {
        let rows = query("SELECT * FROM jobs WHERE number < $1 ORDER BY number DESC LIMIT $2")
            .bind(integer(before.unwrap_or(u64::MAX)))
            .bind(size.get() + 1)
            .fetch_all(&mut *self.database.read().await?)
            .await?;
        page(&rows, size, stored_job)
    }

    async fn running(&self) -> Result<Vec<TrainingJob>, StoreError> {
        let rows = query("SELECT * FROM jobs WHERE state = 'running' ORDER BY number");
        let rows = rows.fetch_all(&mut *self.database.read().await?).await?;
        rows.iter().map(stored_job).collect()
    }

    async fn totals(&self) -> Result<JobTotals, StoreError> {
        let mut state = self.database.read_once().await?;
        let kept = "SELECT COUNT(*) AS n, COALESCE(SUM(size_bytes), 0) AS bytes FROM datasets";
        let kept = query(kept).fetch_one(&mut *state).await?;
        let (datasets, dataset_bytes) =
            (Stored(&kept).number("n")?, Stored(&kept).number("bytes")?);
        let rows = query("SELECT state, COUNT(*) AS n FROM jobs GROUP BY state ORDER BY state");
        let rows = rows.fetch_all(&mut *state).await?;
        let of_state =
            |row| Ok((rows::state(&Stored(row).text("state")?)?, Stored(row).number("n")?));
        let jobs = rows.iter().map(of_state).collect::<Result<_, StoreError>>()?;
        Ok(JobTotals { jobs, datasets, dataset_bytes })
    }

    async fn claim(&self) -> Result<Option<TrainingJob>, StoreError> {
        let mut transaction = self.database.write().await?;
        let row = query(
            "UPDATE jobs SET state = 'running', started_at = $1 WHERE number =
             (SELECT number FROM jobs WHERE state = 'queued' ORDER BY number LIMIT 1) RETURNING *",
        )
        .bind(micros(SystemTime::now()))
        .fetch_optional(&mut *transaction)
        .await?;
        let claimed = row.as_ref().map(stored_job).transpose()?;
        transaction.commit().await?;
        Ok(claimed)
    }

    async fn requeue(&self, id: &JobId) -> Result<TrainingJob, StoreError> {
        let mut transaction = self.database.write().await?;
        must_run(&known(&mut transaction, id).await?.job)?;
        let requeue =
            "UPDATE jobs SET state = 'queued', started_at = NULL WHERE id = $1 RETURNING *";
        let row = query(requeue).bind(id.as_str()).fetch_one(&mut *transaction).await?;
        let requeued = stored_job(&row)?;
        transaction.commit().await?;
        Ok(requeued)
    }

    async fn seal(&self, id: &JobId) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        must_run(&known(&mut transaction, id).await?.job)?;
        query("UPDATE jobs SET sealed_at = $1 WHERE id = $2 AND sealed_at IS NULL")
            .bind(micros(SystemTime::now()))
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn cancel(&self, id: &JobId) -> Result<TrainingJob, StoreError> {
        let mut transaction = self.database.write().await?;
        let Known { job, is_sealed } = known(&mut transaction, id).await?;
        match job.state {
            JobState::Cancelled => return Ok(job),
            JobState::Succeeded | JobState::Failed => return Err(ENDED),
            JobState::Queued | JobState::Running if is_sealed => return Err(SEALED),
            JobState::Queued | JobState::Running => {}
        }
        let cancelled = end(&mut transaction, id, Ending::Cancelled).await?;
        transaction.commit().await?;
        Ok(cancelled)
    }

    async fn finish(&self, id: &JobId, outcome: JobOutcome) -> Result<TrainingJob, StoreError> {
        let mut transaction = self.database.write().await?;
        let job = known(&mut transaction, id).await?.job;
        if outcome.is_that_of(&job) {
            return Ok(job);
        }
        must_run(&job)?;
        let ended = end(&mut transaction, id, outcome.into()).await?;
        transaction.commit().await?;
        Ok(ended)
    }
}

const ENDED: StoreError =
    StoreError::Precondition("the job has ended: there is nothing to call off");
const SEALED: StoreError =
    StoreError::Precondition("the job is registering its version: it is too late to call it off");

/// How a job is recorded to have ended.
enum Ending {
    Succeeded(u64),
    Failed(String),
    Cancelled,
}

impl From<JobOutcome> for Ending {
    fn from(outcome: JobOutcome) -> Self {
        match outcome {
            JobOutcome::Succeeded(version) => Self::Succeeded(version.get()),
            JobOutcome::Failed(why) => Self::Failed(why),
        }
    }
}

impl JobOutcome {
    fn is_that_of(&self, job: &TrainingJob) -> bool {
        match self {
            Self::Succeeded(version) => job.version == Some(*version),
            Self::Failed(why) => job.failure.as_ref() == Some(why),
        }
    }
}

/// The job of this key, if there is one and its request was the same.
async fn created_before(
    state: &mut SqliteConnection,
    new: &NewJob,
) -> Result<Option<TrainingJob>, StoreError> {
    let row = query("SELECT * FROM jobs WHERE idempotency_key = $1").bind(&new.idempotency_key);
    let Some(row) = row.fetch_optional(state).await? else { return Ok(None) };
    let first = stored_job(&row)?;
    let asked = asked_for(&row)?;
    let same = first.model == new.model && first.dataset == new.dataset && asked == new.spec;
    if same { Ok(Some(first)) } else { Err(KEY_TAKEN) }
}

async fn insert(
    state: &mut SqliteConnection,
    new: NewJob,
    format: &TableFormat,
) -> Result<TrainingJob, StoreError> {
    let row = query(
        "INSERT INTO jobs (id, idempotency_key, model, dataset, spec, format, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7) RETURNING *",
    )
    .bind(JobId::random().as_str())
    .bind(new.idempotency_key)
    .bind(new.model.as_str())
    .bind(new.dataset.to_string())
    .bind(json(&new.spec))
    .bind(json(format))
    .bind(micros(SystemTime::now()))
    .fetch_one(state)
    .await?;
    stored_job(&row)
}

async fn end(
    state: &mut SqliteConnection,
    id: &JobId,
    ending: Ending,
) -> Result<TrainingJob, StoreError> {
    let (ended, version, failure) = match ending {
        Ending::Succeeded(version) => ("succeeded", Some(integer(version)), None),
        Ending::Failed(why) => ("failed", None, Some(why)),
        Ending::Cancelled => ("cancelled", None, None),
    };
    let row = query(
        "UPDATE jobs SET state = $1, version = $2, failure = $3, ended_at = $4
         WHERE id = $5 RETURNING *",
    )
    .bind(ended)
    .bind(version)
    .bind(failure)
    .bind(micros(SystemTime::now()))
    .bind(id.as_str())
    .fetch_one(state)
    .await?;
    stored_job(&row)
}

async fn dataset(
    state: &mut SqliteConnection,
    digest: &Digest,
) -> Result<Option<Dataset>, StoreError> {
    let row = query("SELECT * FROM datasets WHERE digest = $1").bind(digest.to_string());
    row.fetch_optional(state).await?.as_ref().map(stored_dataset).transpose()
}

async fn row(state: &mut SqliteConnection, id: &JobId) -> Result<Option<SqliteRow>, StoreError> {
    let row = query("SELECT * FROM jobs WHERE id = $1").bind(id.as_str());
    Ok(row.fetch_optional(state).await?)
}

/// A job that is there.
async fn known(state: &mut SqliteConnection, id: &JobId) -> Result<Known, StoreError> {
    let unknown = || StoreError::NotFound { what: "job", name: id.to_string() };
    Known::of(&row(state, id).await?.ok_or_else(unknown)?)
}

fn must_run(job: &TrainingJob) -> Result<(), StoreError> {
    match job.state {
        JobState::Running => Ok(()),
        _ => Err(StoreError::Precondition("the job is not running")),
    }
}
