//! Turns single predictions into batches.
//!
//! [`Batcher`] is the handle that handlers clone; the one task behind it is in `worker`. Who may
//! share a batch is decided in `batch`, which has no clock and no task; where a batch runs, in
//! `compute`, and when, in `schedule`. Light rows that nobody waits before are no batch:
//! `executor` computes them where their caller stands.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use futures::{StreamExt, stream::FuturesOrdered};
use millwright_ml::Predictor;
use millwright_tensor::Rows;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, timeout_at},
};

use crate::{
    BatchPolicy, Compute, ServingError,
    executor::Executor,
    job::{Admission, Answer, Job, PredictOptions, Receipt, Reply, Terms},
    lane::SLICE,
    queue::{Age, Queue},
    statistics::Statistics,
    telemetry::ModelMetrics,
    worker::Worker,
};

/// Predicts with one loaded version. Clones share its queue.
#[derive(Clone)]
pub struct Batcher {
    executor: Arc<Executor>,
    jobs: mpsc::Sender<Job>,
    seats: Arc<Semaphore>,
    policy: BatchPolicy,
    age: Arc<Age>,
    /// Told whenever the queue has become shorter.
    drained: Arc<Notify>,
}

impl Batcher {
    /// Starts the task; it ends when the last clone is gone and the queue is empty.
    pub fn spawn(
        model: Arc<dyn Predictor>,
        policy: BatchPolicy,
        compute: Compute,
        metrics: ModelMetrics,
    ) -> Self {
        // A job holds a seat per row, one at least: seats run out before the channel does.
        let (jobs, inbox) = mpsc::channel(policy.max_queued_rows);
        let seats = Arc::new(Semaphore::new(policy.max_queued_rows));
        let (age, drained) = (Arc::new(Age::new()), Arc::new(Notify::new()));
        let lane = compute.lane();
        let executor = Arc::new(Executor::new(model, compute, metrics, policy.max_batch_size));
        let worker = Worker {
            executor: executor.clone(),
            policy,
            lane,
            queue: Queue::telling(age.clone()),
            age: age.clone(),
            drained: drained.clone(),
        };
        tokio::spawn(worker.run(inbox));
        Self { executor, jobs, seats, policy, age, drained }
    }

    /// Predicts `rows`, in order; dropping the future withdraws them.
    ///
    /// # Errors
    /// [`ServingError::TooManyRows`] if they exceed the queue, [`ServingError::QueueFull`] if they do
    /// not fit now and shall not wait, or have waited for too long; [`ServingError::DeadlinePassed`]
    /// if their own time was over first; otherwise what happened to them.
    pub async fn predict(
        &self,
        rows: Rows,
        options: PredictOptions,
    ) -> Result<Answer, ServingError> {
        if self.is_free_for(&rows) {
            return self.predict_here(&rows, &options);
        }
        let terms = Terms::of(&options);
        let mut answer = pin!(self.queued(rows, options.admission, &terms));
        if let Some(patience) = self.patience(&options) {
            if let Ok(in_time) = timeout_at(patience.end, &mut answer).await {
                return in_time;
            }
            if terms.fate.give_up() {
                return Err(if patience.is_own {
                    ServingError::DeadlinePassed
                } else {
                    self.full()
                });
            }
        }
        answer.await
    }

    /// Whether `rows` are better computed where their caller stands: they are light, nobody waits
    /// before them, and nobody shall be waited for.
    fn is_free_for(&self, rows: &Rows) -> bool {
        self.policy.max_queue_delay.is_zero()
            && self.seats.available_permits() == self.policy.max_queued_rows
            && rows.len() <= self.policy.max_batch_size
            && self.executor.is_light(rows)
    }

    fn predict_here(&self, rows: &Rows, options: &PredictOptions) -> Result<Answer, ServingError> {
        let now = Instant::now();
        if options.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(ServingError::DeadlinePassed);
        }
        self.executor.run_here(rows, now)
    }

    async fn queued(
        &self,
        rows: Rows,
        admission: Admission,
        terms: &Terms,
    ) -> Result<Answer, ServingError> {
        let seats = self.seat(&rows, admission).await?;
        // A job is never cut: it must fit a turn of a version that shares the machine.
        let size = self.executor.pace().rows_within(SLICE);
        let outcomes = self.enqueue(slices(&rows, size), seats, terms)?;
        let mut answer = collect(outcomes, size).await?;
        answer.receipt.finish();
        Ok(answer)
    }

    /// When a request that comes now gives up waiting for its turn.
    fn patience(&self, options: &PredictOptions) -> Option<Patience> {
        let now = Instant::now();
        let end = |wait: Option<Duration>| now.checked_add(wait?);
        let policy = match options.admission {
            Admission::Refuse => end(self.policy.patience()),
            Admission::Wait => None,
        };
        let own = end(options.timeout).map(|end| Patience { end, is_own: true });
        let policy = policy.map(|end| Patience { end, is_own: false });
        own.into_iter().chain(policy).min_by_key(|patience| patience.end)
    }

    /// Rows that wait or are being computed.
    pub fn queued_rows(&self) -> usize {
        self.policy.max_queued_rows - self.seats.available_permits()
    }

    /// How long the request that has waited longest has waited; `None`: none waits. Of one that came
    /// while a batch is computed, it may be as much too long as that takes.
    pub fn oldest_wait(&self) -> Option<Duration> {
        let are_unseen = self.jobs.capacity() < self.jobs.max_capacity();
        self.age.at(Instant::now(), are_unseen)
    }

    /// What the version has done.
    pub(crate) fn statistics(&self) -> &Statistics {
        self.executor.statistics()
    }

    pub(crate) fn policy(&self) -> &BatchPolicy {
        &self.policy
    }

    /// Resolves when the kernel has panicked too often; `false`: the task has ended instead.
    pub(crate) fn condemned(&self) -> impl Future<Output = bool> + Send + use<> {
        let mut condemned = self.executor.condemned();
        async move { condemned.wait_for(|is_condemned| *is_condemned).await.is_ok() }
    }

    async fn seat(
        &self,
        rows: &Rows,
        admission: Admission,
    ) -> Result<OwnedSemaphorePermit, ServingError> {
        let limit = self.policy.max_queued_rows;
        let too_many = ServingError::TooManyRows { rows: rows.len(), limit };
        let seats = u32::try_from(rows.len().max(1)).map_err(|_| too_many.clone())?;
        if rows.len() > limit {
            return Err(too_many);
        }
        let queue = self.seats.clone();
        match admission {
            Admission::Wait => {
                self.until_short().await;
                queue.acquire_many_owned(seats).await.map_err(|_| ServingError::Stopping)
            }
            Admission::Refuse if self.is_longer_than(1) => Err(self.full()),
            Admission::Refuse => queue.try_acquire_many_owned(seats).map_err(|_| self.full()),
        }
    }

    /// Whether the queue takes longer than a call waits, divided by `share`.
    fn is_longer_than(&self, share: u32) -> bool {
        let expected = self.executor.pace().cost(self.queued_rows());
        self.policy.patience().is_some_and(|patience| expected > patience / share)
    }

    /// Waits until the queue takes no longer than half of what a call waits: streams, which wait,
    /// leave room for calls, which are refused.
    async fn until_short(&self) {
        while self.is_longer_than(2) {
            self.drained.notified().await;
        }
    }

    fn full(&self) -> ServingError {
        ServingError::QueueFull { retry_after: self.executor.pace().drain(self.queued_rows()) }
    }

    /// Queues `slices` and gives their outcomes in order.
    fn enqueue(
        &self,
        slices: impl Iterator<Item = Rows>,
        mut seats: OwnedSemaphorePermit,
        terms: &Terms,
    ) -> Result<FuturesOrdered<Reply>, ServingError> {
        let queue = |slice: Rows| {
            let own = seats.split(slice.len().max(1)).expect("there is a seat for every row");
            let caller = self.executor.metrics().spans().queue(slice.len());
            let (job, reply) = Job::new(slice, terms.clone(), own, caller);
            self.jobs.try_send(job).map_err(|_| ServingError::Stopping)?;
            Ok(reply)
        };
        let outcomes = slices.map(queue).collect();
        // Whoever waits for a shorter queue looks again, now that these rows are in it.
        self.drained.notify_one();
        outcomes
    }
}

/// When a request gives up waiting, and whether that was its own wish.
struct Patience {
    end: Instant,
    is_own: bool,
}

/// `rows` in parts of at most `size`; no rows are one part.
fn slices(rows: &Rows, size: usize) -> impl Iterator<Item = Rows> {
    let n = rows.len().div_ceil(size).max(1);
    (0..n).map(move |i| rows.slice(i * size..(i + 1) * size))
}

/// The answer to a request that was queued in parts of `size` rows.
async fn collect(mut outcomes: FuturesOrdered<Reply>, size: usize) -> Result<Answer, ServingError> {
    let mut answers = Vec::with_capacity(outcomes.len());
    while let Some(outcome) = outcomes.next().await {
        let sliced_at = answers.len() * size;
        let answer = outcome.map_err(|_| ServingError::Stopping)?;
        answers.push(answer.map_err(|error| error.shifted(sliced_at))?);
    }
    let rows = Rows::concat(&answers.iter().map(|answer| &answer.rows).collect::<Vec<_>>());
    let receipt = answers.iter().map(|answer| answer.receipt).reduce(Receipt::plus);
    let rows = rows.map_err(|_| ServingError::Miscounted)?;
    Ok(Answer { rows, receipt: receipt.unwrap_or_default() })
}
