//! Removing bytes that nobody needs, in the background.
//!
//! Three kinds: artifacts that no version needs, bytes that a killed process left unrecorded, and
//! uploads that nobody went on with. Each goes only after a grace in which somebody may come for it.

use std::time::{Duration, SystemTime};

use millwright_domain::Digest;
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::{
    artifacts::Artifacts,
    error::RegistryError,
    meters::{Garbage, Meters},
};

/// Entries that are looked at together.
const BATCH: u32 = 256;
/// Unrecorded bytes are looked for in every file, so only at the start and in each of so many rounds.
const ROUNDS: u32 = 24;
/// Between two rounds, as far as the grace is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// Collects what nobody has needed for `grace`.
pub(crate) struct Retention {
    artifacts: Artifacts,
    grace: Duration,
    meters: Meters,
}

impl Retention {
    pub(crate) fn new(artifacts: Artifacts, grace: Duration) -> Self {
        Self { artifacts, grace, meters: Meters::new() }
    }

    /// Collects now and again, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.rounds()).await;
    }

    async fn rounds(self) {
        let pause = (self.grace / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        for round in (0..ROUNDS).cycle() {
            if let Err(error) = self.round(round).await {
                tracing::warn!(%error, "not everything that nobody needs could be removed");
            }
            time::sleep(pause).await;
        }
    }

    async fn round(&self, round: u32) -> Result<(), RegistryError> {
        // A clock before the grace's length has seen nothing that is older.
        let Some(before) = SystemTime::now().checked_sub(self.grace) else { return Ok(()) };
        self.collect_unneeded(before).await?;
        if round == 0 {
            self.collect_unrecorded(before).await?;
        }
        let abandoned = self.artifacts.blobs().remove_abandoned(before).await?;
        self.meters.collected(Garbage::Abandoned, abandoned);
        Ok(())
    }

    async fn collect_unneeded(&self, before: SystemTime) -> Result<(), RegistryError> {
        loop {
            let unneeded = self.artifacts.ledger().store().unneeded(before, BATCH).await?;
            if unneeded.is_empty() {
                return Ok(());
            }
            for digest in unneeded {
                // One that is needed after all is not among the next.
                if let Some(bytes) = self.artifacts.collect(digest, before).await? {
                    self.tell(Garbage::Unneeded, &digest, bytes);
                }
            }
        }
    }

    async fn collect_unrecorded(&self, before: SystemTime) -> Result<(), RegistryError> {
        let mut after = None;
        loop {
            let blobs = self.artifacts.blobs().list(after.as_ref(), BATCH as usize).await?;
            let Some(last) = blobs.last() else { return Ok(()) };
            after = Some(last.digest);
            for blob in blobs.iter().filter(|blob| blob.since < before) {
                if let Some(bytes) = self.artifacts.collect_unrecorded(blob.digest).await? {
                    self.tell(Garbage::Unrecorded, &blob.digest, bytes);
                }
            }
        }
    }

    fn tell(&self, garbage: Garbage, digest: &Digest, bytes: u64) {
        tracing::info!(%digest, bytes, "removed an artifact that nobody needs");
        self.meters.collected(garbage, bytes);
    }
}
