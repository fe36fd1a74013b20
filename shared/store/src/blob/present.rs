//! An upload of bytes that are there already.

use async_trait::async_trait;
use bytes::Bytes;
use millwright_domain::Digest;

use super::{BlobUpload, LocalBlobs, StoredBlob, reading::Reading};
use crate::{StoreError, off_thread};

/// All of it has arrived before; it is read once more before anybody relies on that.
pub(super) struct Present {
    pub(super) blob: StoredBlob,
    pub(super) store: LocalBlobs,
}

#[async_trait]
impl BlobUpload for Present {
    async fn write(&mut self, _: Bytes) -> Result<(), StoreError> {
        Err(StoreError::UploadChanged)
    }

    async fn commit(self: Box<Self>) -> Result<StoredBlob, StoreError> {
        let Self { blob, store } = *self;
        let path = store.path(&blob.digest);
        off_thread(move || Reading::open(blob.digest, &path, 0)?.verify()).await?;
        Ok(blob)
    }

    async fn commit_as(self: Box<Self>, digest: Digest) -> Result<StoredBlob, StoreError> {
        if digest != self.blob.digest {
            return Err(StoreError::DigestDiffers);
        }
        self.commit().await
    }

    async fn discard(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
