//! Calls jobs off.

use std::sync::Arc;

use millwright_domain::{JobId, JobState, TrainingJob};
use millwright_store::JobStore;

use crate::{
    checkpoints::Checkpoints, error::TrainerError, live::Live, meters::Meters, worker::Worker,
};

/// Calls jobs off, whether they wait or run.
#[derive(Clone)]
pub(crate) struct Cancelling {
    store: Arc<dyn JobStore>,
    live: Live,
    checkpoints: Checkpoints,
    meters: Meters,
}

impl Cancelling {
    /// Calls off what `worker` and its clones do.
    pub(crate) fn beside(worker: &Worker) -> Self {
        Self {
            store: worker.store.clone(),
            live: worker.live.clone(),
            checkpoints: worker.place.checkpoints.clone(),
            meters: worker.meters.clone(),
        }
    }

    /// Records that the job was called off, then tells its worker and whoever follows it.
    ///
    /// The record decides: a worker registers no version without having sealed the job there, and a
    /// sealed job is refused here.
    pub(crate) async fn cancel(&self, id: JobId) -> Result<TrainingJob, TrainerError> {
        let cancelling = self.clone();
        // Once it is recorded it must be told, although the caller may be gone.
        let cancelled = tokio::spawn(async move { cancelling.run(id).await }).await;
        cancelled.map_err(|_| TrainerError::Panicked)?
    }

    async fn run(&self, id: JobId) -> Result<TrainingJob, TrainerError> {
        let before = self.store.job(&id).await?;
        let job = self.store.cancel(&id).await?;
        self.live.end(&id);
        if before.is_some_and(|before| before.state != JobState::Cancelled) {
            // A job that waits may have run before; one that runs is tidied up by its worker, too.
            self.checkpoints.remove(&id).await;
            self.meters.cancelled();
            tracing::info!(job = %id, "called off");
        }
        Ok(job)
    }
}
