//! Writes down what the catalog knows, and clears the cache of what it no longer needs.

use tokio::sync::watch;
use tracing::warn;

use crate::{cache::Cache, catalog::Catalog};

/// Keeps the cache as the catalog says it should be.
pub(crate) struct Keeper {
    pub(crate) cache: Cache,
    pub(crate) catalog: Catalog,
    /// The revision up to which the catalog has heard; changed whenever the index should.
    pub(crate) heard: watch::Receiver<Option<u64>>,
}

impl Keeper {
    /// Writes the index whenever something has changed, until nobody changes anything any more.
    /// What changes meanwhile is written together.
    pub(crate) async fn run(mut self) {
        while self.heard.changed().await.is_ok() {
            // The revision first: an index that knows more than it says is told it again.
            let Some(revision) = *self.heard.borrow_and_update() else { continue };
            let changes = self.catalog.changes();
            let index = self.catalog.index(revision);
            let outcome = self.cache.write(&index).await;
            self.catalog.wrote(changes, &outcome);
            if let Err(error) = outcome {
                warn!(%error, "the index cannot be written: the next start begins with an older one");
                continue;
            }
            // Only what the index on disk no longer names may go.
            if let Err(error) = self.cache.retain(&index.artifacts()).await {
                warn!(%error, "the cache cannot be cleared");
            }
        }
    }
}
