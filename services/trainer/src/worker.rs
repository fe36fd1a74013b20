//! The pool that runs jobs.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures::FutureExt;
use millwright_chassis::{Step, error_type};
use millwright_client::{Backoff, RegistryClient, RetryPolicy};
use millwright_domain::{JobId, JobState, TraceContext, TrainingJob, Version};
use millwright_store::{JobOutcome, JobStore, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    datasets::Datasets,
    failure::Failure,
    halt::Halt,
    live::Live,
    meters::Meters,
    place::Place,
    recording::{pause, recorded},
    registering,
    training::Training,
};

/// Takes jobs, one after the other, until it is stopped. Each clone is a worker.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) datasets: Datasets,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) registry: RegistryClient,
    pub(crate) live: Live,
    /// Rung whenever a job may be waiting.
    pub(crate) bell: Arc<Notify>,
    pub(crate) meters: Meters,
    pub(crate) place: Place,
}

impl Worker {
    /// Takes up `interrupted`, which a process before this one left running, and works until `stop`.
    /// A job at hand is then let go of once its checkpoint is saved: it stays recorded as running,
    /// and goes on when the trainer is back.
    ///
    /// # Errors
    /// [`StoreError`] if the end of a job cannot be recorded. Whoever follows it would wait for ever.
    pub(crate) async fn work_until(
        self,
        stop: CancellationToken,
        interrupted: Option<TrainingJob>,
    ) -> Result<(), StoreError> {
        let mut next = interrupted;
        loop {
            let job = match next.take() {
                Some(interrupted) => interrupted,
                None => match stop.run_until_cancelled(self.next()).await {
                    Some(job) => job,
                    None => return Ok(()),
                },
            };
            let lines = tracing::info_span!("training job", job = %job.id, model = %job.model);
            let step = self.step(&job).await;
            step.run(self.run(&step, job, Halt::new(&stop)).instrument(lines)).await?;
        }
    }

    /// The next job, once there is one.
    async fn next(&self) -> TrainingJob {
        let mut backoff = Backoff::new(RetryPolicy::PATIENT);
        loop {
            match self.store.claim().await {
                Ok(Some(job)) => {
                    // Rings that nobody waited for count as one; whoever takes a job rings for the next.
                    self.bell.notify_one();
                    if let (Some(at), Some(began)) = (self.origin(&job).await, job.started_at) {
                        Step::past(&at, "queue", job.created_at..began);
                    }
                    return job;
                }
                Ok(None) => self.bell.notified().await,
                Err(error) => {
                    tracing::error!(%error, "no job can be taken from the store");
                    pause(&mut backoff).await;
                }
            }
        }
    }

    /// The trace of the call that created the job, whenever that was. A job runs without it as well.
    async fn origin(&self, job: &TrainingJob) -> Option<TraceContext> {
        self.store.trace_of(&job.id).await.ok().flatten()
    }

    /// The span of a run; without an origin a trace begins.
    async fn step(&self, job: &TrainingJob) -> Step {
        let origin = self.origin(job).await;
        let step = origin.map_or_else(|| Step::begin("train"), |at| Step::resume(&at, "train"));
        step.note("millwright.job", job.id.to_string());
        step.note("millwright.model", job.model.to_string());
        step
    }

    async fn run(&self, step: &Step, job: TrainingJob, halt: Halt) -> Result<(), StoreError> {
        let began = Instant::now();
        self.live.begin(&job, halt.clone());
        tracing::info!("training");
        let attempt = AssertUnwindSafe(self.attempt(&job, &halt)).catch_unwind().await;
        let outcome = match attempt.unwrap_or(Err(Failure::Panicked)) {
            Ok(Some(version)) => Some(JobOutcome::Succeeded(version)),
            Ok(None) => None,
            Err(failure) => {
                step.failed(error_type(&failure));
                Some(JobOutcome::Failed(failure.tell()))
            }
        };
        if let Some(outcome) = outcome {
            let finish = self.finish(&job.id, outcome, began);
            halt.unless_stopped(finish).await.unwrap_or(Ok(()))?;
        }
        self.let_go(&job.id).await;
        Ok(())
    }

    /// The version that became of the job, unless it was halted.
    async fn attempt(&self, job: &TrainingJob, halt: &Halt) -> Result<Option<Version>, Failure> {
        // It may have been called off after it was claimed, before anybody could be told.
        if self.has_ended(&job.id).await {
            return Ok(None);
        }
        let verify = Step::begin("verify");
        let verified = halt.unless_halted(self.datasets.verified(&job.dataset)).await;
        drop(verify);
        let Some(file) = verified.transpose()? else { return Ok(None) };
        let training = Training {
            job: job.clone(),
            file,
            live: self.live.clone(),
            halt: halt.clone(),
            place: self.place.clone(),
            meters: self.meters.clone(),
        };
        let Some(trained) = training.run().await? else { return Ok(None) };
        self.live.registering(&job.id);
        let register = registering::register(&self.registry, &*self.store, job, trained);
        // Boxed, or a debug build that passes it on by value overflows a stack of 2 MiB.
        halt.unless_halted(Box::pin(register)).await.transpose()
    }

    /// Records how the job ended, unless it was called off meanwhile.
    async fn finish(
        &self,
        id: &JobId,
        outcome: JobOutcome,
        began: Instant,
    ) -> Result<(), StoreError> {
        match recorded(|| self.store.finish(id, outcome.clone())).await {
            Ok(_) => {}
            Err(StoreError::Precondition(_)) if self.is_called_off(id).await? => return Ok(()),
            Err(error) => {
                // It stays recorded as running, and runs again at the next start.
                tracing::error!(%error, "the end of a job cannot be recorded");
                return Err(error);
            }
        }
        self.meters.ended(&outcome, began.elapsed());
        match outcome {
            JobOutcome::Succeeded(version) => tracing::info!(%version, "registered"),
            JobOutcome::Failed(why) => tracing::warn!(why, "failed"),
        }
        Ok(())
    }

    /// Leaves nothing of a job that has ended but its record.
    async fn let_go(&self, id: &JobId) {
        if self.has_ended(id).await {
            self.place.checkpoints.remove(id).await;
        }
        self.live.end(id);
    }

    /// Whether the store says so.
    async fn has_ended(&self, id: &JobId) -> bool {
        matches!(self.store.job(id).await, Ok(Some(job)) if job.state.has_ended())
    }

    async fn is_called_off(&self, id: &JobId) -> Result<bool, StoreError> {
        Ok(self.store.job(id).await?.is_some_and(|job| job.state == JobState::Cancelled))
    }
}
