//! Data sets, and the jobs that train on them.

use async_trait::async_trait;
use millwright_domain::{
    Dataset, Digest, JobId, JobState, NewJob, Page, PageSize, TraceContext, TrainingJob, Version,
};

use crate::StoreError;

/// Where data sets and jobs are recorded.
///
/// Law: a job is run by one worker at a time, and never changes once it has ended. It is called off
/// or registers a version, never both. The laws of every implementation are in `tests/laws/jobs.rs`.
///
/// Lists are read a page at a time: a page names the entry before which the next one goes on.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Records a data set whose bytes are durable. Bytes that are recorded already keep their age,
    /// and take what is said of their table now.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Full`] or [`StoreError::Database`], as for every write.
    async fn put_dataset(&self, dataset: &Dataset) -> Result<Dataset, StoreError>;

    /// One data set.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`], as for every read.
    async fn dataset(&self, digest: &Digest) -> Result<Option<Dataset>, StoreError>;

    /// Data sets, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn datasets(
        &self,
        before: Option<u64>,
        size: PageSize,
    ) -> Result<Page<Dataset, u64>, StoreError>;

    /// Queues a job, which reads its data set as it is read now, unless the job itself says how.
    /// The same key with the same request gives the first job, as it is now. `trace` is kept beside
    /// the job: whoever runs it, perhaps after a restart, goes on with the trace of who wanted it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] names a data set that was not put;
    /// [`StoreError::AlreadyExists`] if the key was used for another request.
    async fn create_job(
        &self,
        job: NewJob,
        trace: Option<TraceContext>,
    ) -> Result<TrainingJob, StoreError>;

    /// The trace that a job was created in, if there was one.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn trace_of(&self, id: &JobId) -> Result<Option<TraceContext>, StoreError>;

    /// One job.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn job(&self, id: &JobId) -> Result<Option<TrainingJob>, StoreError>;

    /// Jobs, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn jobs(
        &self,
        before: Option<u64>,
        size: PageSize,
    ) -> Result<Page<TrainingJob, u64>, StoreError>;

    /// The jobs that run, oldest first: as many as were claimed at a time.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn running(&self) -> Result<Vec<TrainingJob>, StoreError>;

    /// How much is kept now.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn totals(&self) -> Result<JobTotals, StoreError>;

    /// Takes the oldest job that waits: it is running then. `None` when none waits.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Full`] or [`StoreError::Database`].
    async fn claim(&self) -> Result<Option<TrainingJob>, StoreError>;

    /// Lets a job that a process left running wait again, in its old place.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::Precondition`] if it does not run.
    async fn requeue(&self, id: &JobId) -> Result<TrainingJob, StoreError>;

    /// Keeps a running job from being called off, for good: its version is about to be registered.
    /// Sealing it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::Precondition`] if it does not run.
    async fn seal(&self, id: &JobId) -> Result<(), StoreError>;

    /// Calls off a job that waits or runs. Calling it off again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::Precondition`] if it is sealed or ended otherwise.
    async fn cancel(&self, id: &JobId) -> Result<TrainingJob, StoreError>;

    /// Ends a running job. Ending it again in the same way changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::Precondition`] if it waits or ended otherwise.
    async fn finish(&self, id: &JobId, outcome: JobOutcome) -> Result<TrainingJob, StoreError>;
}

/// How much a trainer keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobTotals {
    /// Jobs by state; a state that no job is in is missing.
    pub jobs: Vec<(JobState, u64)>,
    /// Data sets.
    pub datasets: u64,
    /// Their bytes.
    pub dataset_bytes: u64,
}

/// How a job ended that nobody called off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    /// It registered this version.
    Succeeded(Version),
    /// It registered nothing; why, for whoever asked for it.
    Failed(String),
}
