//! Following one job.

use std::{sync::Arc, time::Duration};

use futures::{Stream, stream};
use millwright_domain::{JobId, JobState, TrainingJob};
use millwright_store::JobStore;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::{
    error::TrainerError,
    live::{Live, Runs},
};

/// Changes that come closer together are told as one: no screen shows more.
const PACE: Duration = Duration::from_millis(20);

/// One caller who follows one job.
pub(crate) struct Watch {
    id: JobId,
    store: Arc<dyn JobStore>,
    changes: watch::Receiver<Runs>,
    stop: CancellationToken,
    told: Option<TrainingJob>,
}

impl Watch {
    /// Follows the job from now on, until `stop`.
    pub(crate) fn new(
        id: JobId,
        store: Arc<dyn JobStore>,
        live: &Live,
        stop: CancellationToken,
    ) -> Self {
        Self { id, store, changes: live.follow(), stop, told: None }
    }

    /// The job now, then whenever it changed, until it has ended.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<TrainingJob, TrainerError>> + Send {
        stream::try_unfold(self, |mut watch| async move {
            let job = watch.next().await?;
            Ok(job.map(|job| (job, watch)))
        })
    }

    async fn next(&mut self) -> Result<Option<TrainingJob>, TrainerError> {
        match &self.told {
            Some(job) if job.state.has_ended() => return Ok(None),
            Some(_) => time::sleep(PACE).await,
            None => {}
        }
        loop {
            let job = self.look().await?;
            if self.told.as_ref() != Some(&job) {
                self.told = Some(job.clone());
                return Ok(Some(job));
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(TrainerError::Stopping),
                changed = self.changes.changed() => changed.map_err(|_| TrainerError::Stopping)?,
            }
        }
    }

    async fn look(&mut self) -> Result<TrainingJob, TrainerError> {
        let progress = self.changes.borrow_and_update().get(&self.id).map(|run| run.progress);
        match &self.told {
            // Its row does not change while progress is told; reading it each time would be waste.
            Some(job) if job.state == JobState::Running && progress.is_some() => {
                Ok(TrainingJob { progress, ..job.clone() })
            }
            _ => {
                let job = self.store.job(&self.id).await?;
                let job = job.ok_or_else(|| TrainerError::not_found("job", &self.id))?;
                let progress = progress.filter(|_| job.state == JobState::Running);
                Ok(TrainingJob { progress, ..job })
            }
        }
    }
}
