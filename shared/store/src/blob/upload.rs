//! An upload into a local folder.

use async_trait::async_trait;
use bytes::Bytes;
use millwright_domain::Digest;

use super::{BlobUpload, Blobs, LocalBlobs, StoredBlob, staged::Staged};
use crate::{StoreError, off_thread};

/// An upload that is under way.
pub(super) struct LocalUpload {
    // None after an error and while a write is under way: what was dropped or failed half-way has
    // an unknown length and never goes on.
    staged: Option<Staged>,
    store: LocalBlobs,
}

impl LocalUpload {
    pub(super) fn new(staged: Staged, store: LocalBlobs) -> Self {
        Self { staged: Some(staged), store }
    }

    fn take(&mut self) -> Result<Staged, StoreError> {
        let over = StoreError::Precondition("this upload has failed before: begin again");
        self.staged.take().ok_or(over)
    }

    async fn finish(mut self, expected: Option<Digest>) -> Result<StoredBlob, StoreError> {
        let staged = self.take()?;
        off_thread(move || staged.publish(&self.store, expected)).await
    }
}

#[async_trait]
impl BlobUpload for LocalUpload {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let mut staged = self.take()?;
        let limit = self.store.max_size();
        if staged.size_bytes().saturating_add(chunk.len() as u64) > limit {
            return Err(StoreError::TooLarge { limit });
        }
        let written = off_thread(move || {
            staged.append(&chunk)?;
            Ok(staged)
        });
        self.staged = Some(written.await?);
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<StoredBlob, StoreError> {
        self.finish(None).await
    }

    async fn commit_as(self: Box<Self>, digest: Digest) -> Result<StoredBlob, StoreError> {
        self.finish(Some(digest)).await
    }

    async fn discard(mut self: Box<Self>) -> Result<(), StoreError> {
        let staged = self.take()?;
        off_thread(move || staged.remove()).await
    }
}
