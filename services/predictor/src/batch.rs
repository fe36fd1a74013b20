//! A batch: which jobs share it and who gets which rows back.
//!
//! `open` takes the first job, `admit` more until it is full, `begin` takes out whoever no longer
//! waits, `gather` joins the rows for one call, `scatter` returns each job its own. Time
//! is an argument: nothing waits here.

use std::time::Duration;

use millwright_tensor::{Rows, ShapeError};
use tokio::time::Instant;

use crate::{
    ServingError,
    job::{Answer, Job, Receipt},
    spans::Caller,
};

/// Jobs that are computed together, in the order in which they came.
pub(crate) struct Batch {
    jobs: Vec<Job>,
    n_rows: usize,
}

/// When a batch was computed, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Computed {
    pub(crate) began: Instant,
    /// The rows were joined.
    pub(crate) gather: Duration,
    /// The model ran on them.
    pub(crate) kernel: Duration,
}

impl Computed {
    pub(crate) fn ended(self) -> Instant {
        self.began + self.gather + self.kernel
    }
}

impl Batch {
    pub(crate) fn open(first: Job) -> Self {
        let n_rows = first.rows.len();
        Self { jobs: vec![first], n_rows }
    }

    /// Takes `job` in, or gives it back where the batch would exceed `most` rows.
    #[expect(clippy::result_large_err, reason = "a job that does not fit begins the next batch")]
    pub(crate) fn admit(&mut self, job: Job, most: usize) -> Result<(), Job> {
        let n_rows = self.n_rows + job.rows.len();
        if n_rows > most {
            return Err(job);
        }
        self.n_rows = n_rows;
        self.jobs.push(job);
        Ok(())
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(crate) fn is_lone(&self) -> bool {
        self.jobs.len() == 1
    }

    pub(crate) fn n_jobs(&self) -> usize {
        self.jobs.len()
    }

    /// The callers, and how many rows each of them has.
    pub(crate) fn callers(&self) -> impl Iterator<Item = (&Caller, usize)> {
        self.jobs.iter().map(|job| (&job.caller, job.rows.len()))
    }

    /// How long each job has waited at `now`.
    pub(crate) fn waits(&self, now: Instant) -> impl Iterator<Item = Duration> {
        self.jobs.iter().map(move |job| now.duration_since(job.enqueued_at))
    }

    /// The job that row `row` of the batch belongs to, and the others.
    pub(crate) fn without(mut self, row: usize) -> (Self, Self) {
        let mut end = 0;
        let owns = |job: &Job| {
            end += job.rows.len();
            row < end
        };
        let last = self.jobs.len() - 1;
        let guilty = Self::open(self.jobs.remove(self.jobs.iter().position(owns).unwrap_or(last)));
        self.n_rows -= guilty.n_rows;
        (guilty, self)
    }

    /// Takes out the jobs that nobody waits for at `now`; the late ones are told.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.jobs.iter_mut().for_each(|job| job.caller.leave_queue());
        for job in self.jobs.extract_if(.., |job| !job.begin(now)) {
            job.answer(Err(ServingError::DeadlinePassed));
        }
        self.n_rows = self.jobs.iter().map(|job| job.rows.len()).sum();
    }

    /// The rows of all jobs, in order.
    pub(crate) fn gather(&self) -> Result<Rows, ShapeError> {
        Rows::concat(&self.jobs.iter().map(|job| &job.rows).collect::<Vec<_>>())
    }

    /// Gives each job its rows of `answer`, which holds one row for each that was gathered.
    pub(crate) fn scatter(self, answer: &Rows, computed: Computed) {
        let mut begin = 0;
        for job in self.jobs {
            let end = begin + job.rows.len();
            let queue = computed.began.duration_since(job.enqueued_at);
            let receipt = Receipt { queue, ..Receipt::of(computed, self.n_rows) };
            job.answer(Ok(Answer { rows: answer.slice(begin..end), receipt }));
            begin = end;
        }
    }

    /// Tells every job the same error.
    pub(crate) fn refuse(self, error: &ServingError) {
        self.jobs.into_iter().for_each(|job| job.answer(Err(error.clone())));
    }

    /// One batch for each job.
    pub(crate) fn alone(self) -> impl Iterator<Item = Self> {
        self.jobs.into_iter().map(Self::open)
    }
}
