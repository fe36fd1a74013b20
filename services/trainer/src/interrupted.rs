//! What a process before this one left of its runs.

use millwright_domain::TrainingJob;
use millwright_store::StoreError;

use crate::worker::Worker;

/// The jobs that go on at once, `most` at most: those that ran and have a checkpoint. The others
/// that ran wait again in their old place, and checkpoints of jobs that have ended are removed.
pub(crate) async fn take_up(worker: &Worker, most: usize) -> Result<Vec<TrainingJob>, StoreError> {
    let Worker { store, place, .. } = worker;
    for id in place.checkpoints.jobs()? {
        if store.job(&id).await?.is_none_or(|job| job.state.has_ended()) {
            place.checkpoints.remove(&id).await;
        }
    }
    let mut interrupted = Vec::new();
    for job in store.running().await? {
        if interrupted.len() < most && place.checkpoints.has(&job.id) {
            tracing::info!(job = %job.id, "taking up a job from its checkpoint");
            interrupted.push(job);
        } else {
            tracing::info!(job = %job.id, "queueing a job anew");
            store.requeue(&job.id).await?;
        }
    }
    Ok(interrupted)
}
