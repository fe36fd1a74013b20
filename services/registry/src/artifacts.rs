//! The bytes and their record, together: neither is there without the other for long.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::Arc,
    time::SystemTime,
};

use millwright_chassis::Step;
use millwright_domain::{Artifact, Digest, Principal};
use millwright_store::{BlobUpload, Blobs, Change, Fact, StoreError};
use tokio::sync::{Mutex, MutexGuard};

use crate::{error::RegistryError, ledger::Ledger};

/// Enough that uploads of different artifacts seldom wait for each other.
const LOCKS: usize = 64;

/// Who gives up what nobody needs, as the history names it.
const OURSELVES: &str = "registry";

/// Stores and collects artifacts. Clones share everything.
#[derive(Clone)]
pub(crate) struct Artifacts {
    ledger: Ledger,
    blobs: Arc<dyn Blobs>,
    // An artifact's bytes and its record come together and go together. Whoever touches both holds
    // its lock: what is being collected is not accepted as stored meanwhile.
    locks: Arc<[Mutex<()>]>,
}

impl Artifacts {
    pub(crate) fn new(ledger: Ledger, blobs: Arc<dyn Blobs>) -> Self {
        Self { ledger, blobs, locks: (0..LOCKS).map(|_| Mutex::default()).collect() }
    }

    pub(crate) fn blobs(&self) -> &dyn Blobs {
        &*self.blobs
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Makes an upload durable and records it, if it is what it was announced to be.
    pub(crate) async fn store(
        &self,
        announced: Artifact,
        upload: Box<dyn BlobUpload>,
    ) -> Result<Artifact, RegistryError> {
        let artifacts = self.clone();
        // To its end, even if the caller leaves: half of it would be an orphan.
        let storing = self.ledger.finish(async move {
            let _alone = artifacts.lock(&announced.digest).await;
            let keep = upload.commit_as(announced.digest);
            Step::begin("keep").attempt(keep).await?;
            let change = Change::StoreArtifact(announced);
            artifacts.ledger.record(&Principal::anonymous(), change).await
        });
        match storing.await?.fact {
            Fact::ArtifactStored(artifact) => Ok(artifact),
            other => unreachable!("an artifact was stored, not {other:?}"),
        }
    }

    /// Removes an artifact that no version has needed since before `unneeded_since`; says how many
    /// bytes that were. `None` if it is needed after all.
    pub(crate) async fn collect(
        &self,
        digest: Digest,
        unneeded_since: SystemTime,
    ) -> Result<Option<u64>, RegistryError> {
        let artifacts = self.clone();
        // To its end, even at a stop: the lock must not be free before the bytes are gone.
        let collecting = self.ledger.finish(async move {
            let _alone = artifacts.lock(&digest).await;
            let drop = Change::DropArtifact { digest, unneeded_since };
            match artifacts.ledger.record(&Principal::from(OURSELVES.to_owned()), drop).await {
                Err(StoreError::Precondition(_)) => Ok(None),
                Err(error) => Err(error),
                // Before it could come again; otherwise these bytes would be the new ones.
                Ok(_) => artifacts.blobs.remove(&digest).await,
            }
        });
        collecting.await
    }

    /// Removes bytes that are not recorded; says how many. `None` if they are.
    pub(crate) async fn collect_unrecorded(
        &self,
        digest: Digest,
    ) -> Result<Option<u64>, RegistryError> {
        let artifacts = self.clone();
        let collecting = self.ledger.finish(async move {
            let _alone = artifacts.lock(&digest).await;
            match artifacts.ledger.store().artifact(&digest).await {
                Err(StoreError::NotFound { .. }) => artifacts.blobs.remove(&digest).await,
                Err(error) => Err(error),
                Ok(_) => Ok(None),
            }
        });
        collecting.await
    }

    async fn lock(&self, digest: &Digest) -> MutexGuard<'_, ()> {
        let number = BuildHasherDefault::<DefaultHasher>::default().hash_one(digest);
        self.locks[number as usize % LOCKS].lock().await
    }
}

#[cfg(test)]
mod tests;
