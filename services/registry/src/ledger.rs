//! The one way to a change, and the news of it.

use std::{future::Future, sync::Arc};

use millwright_chassis::Step;
use millwright_domain::{
    AliasEntry, DeleteAlias, ModelName, ModelVersion, NewVersion, Principal, SetAlias, SetTags,
    Tags, Version,
};
use millwright_store::{Change, Committed, Fact, RegistryStore, StoreError};
use opentelemetry::trace::FutureExt;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::error::RegistryError;

/// Makes changes and tells of them. Clones share everything.
#[derive(Clone)]
pub(crate) struct Ledger {
    store: Arc<dyn RegistryStore>,
    latest: watch::Sender<u64>,
    changes: TaskTracker,
}

impl Ledger {
    pub(crate) async fn open(store: Arc<dyn RegistryStore>) -> Result<Self, StoreError> {
        let latest = watch::Sender::new(store.revision().await?);
        Ok(Self { store, latest, changes: TaskTracker::new() })
    }

    /// What is recorded.
    pub(crate) fn store(&self) -> &Arc<dyn RegistryStore> {
        &self.store
    }

    /// The revision of the last change, and of each to come.
    pub(crate) fn latest(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// Adds the next version of a model.
    pub(crate) async fn create_version(
        &self,
        new: NewVersion,
    ) -> Result<ModelVersion, RegistryError> {
        match self.commit(Change::CreateVersion(Box::new(new))).await?.fact {
            Fact::VersionCreated(version) => Ok(*version),
            other => unreachable!("a version was created, not {other:?}"),
        }
    }

    /// Deletes a version; the revision that this made.
    pub(crate) async fn delete_version(
        &self,
        model: ModelName,
        version: Version,
    ) -> Result<u64, RegistryError> {
        Ok(self.commit(Change::DeleteVersion { model, version }).await?.revision)
    }

    /// Deletes a model; the revision that this made.
    pub(crate) async fn delete_model(&self, name: ModelName) -> Result<u64, RegistryError> {
        Ok(self.commit(Change::DeleteModel(name)).await?.revision)
    }

    /// Points an alias at a version; also says at which revision it came to point there.
    pub(crate) async fn set_alias(
        &self,
        new: SetAlias,
    ) -> Result<(AliasEntry, u64), RegistryError> {
        let committed = self.commit(Change::SetAlias(new)).await?;
        match committed.fact {
            Fact::AliasMoved { alias, .. } => Ok((alias, committed.revision)),
            other => unreachable!("an alias was moved, not {other:?}"),
        }
    }

    /// Deletes an alias; the revision that this made.
    pub(crate) async fn delete_alias(&self, gone: DeleteAlias) -> Result<u64, RegistryError> {
        Ok(self.commit(Change::DeleteAlias(gone)).await?.revision)
    }

    /// Sets and removes tags; all of them, and the revision at which they came to be so.
    pub(crate) async fn set_tags(&self, new: SetTags) -> Result<(Tags, u64), RegistryError> {
        let committed = self.commit(Change::SetTags(new)).await?;
        match committed.fact {
            Fact::TagsChanged { tags, .. } => Ok((tags, committed.revision)),
            other => unreachable!("tags were changed, not {other:?}"),
        }
    }

    /// Makes a change and tells of it. Not to be dropped on the way: see [`finish`](Self::finish).
    pub(crate) async fn record(
        &self,
        who: &Principal,
        change: Change,
    ) -> Result<Committed, StoreError> {
        let commit = self.store.commit(who, change);
        let committed = Step::begin("commit").attempt(commit).await?;
        self.latest.send_if_modified(|latest| {
            let is_news = committed.revision > *latest;
            *latest = committed.revision.max(*latest);
            is_news
        });
        Ok(committed)
    }

    /// Runs `work` to its end, whoever leaves: a caller must not leave the watches without the news.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, RegistryError> {
        // A task ends early only with the runtime.
        let work = work.with_current_context();
        Ok(self.changes.spawn(work).await.map_err(|_| RegistryError::Stopping)??)
    }

    /// Waits for the changes that have begun.
    pub(crate) async fn close(&self) {
        self.changes.close();
        self.changes.wait().await;
    }

    async fn commit(&self, change: Change) -> Result<Committed, RegistryError> {
        let ledger = self.clone();
        self.finish(async move { ledger.record(&Principal::anonymous(), change).await }).await
    }
}
