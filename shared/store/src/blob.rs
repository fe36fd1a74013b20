//! Content-addressed bytes, whatever keeps them.

use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use millwright_domain::Digest;

use crate::StoreError;

mod claim;
mod listing;
mod local;
mod present;
mod reading;
mod staged;
mod upload;

pub use local::LocalBlobs;

/// The bytes of a blob in order, in chunks of 1 MiB at most.
pub type BlobStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// Bytes named by their digest: written once, never changed.
///
/// Nothing is visible before it is whole and durable. The laws of every implementation are in
/// `tests/laws/blobs.rs`.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// The longest blob that is taken, in bytes; a longer one is [`StoreError::TooLarge`].
    fn max_size(&self) -> u64;

    /// Begins an upload; its digest need not be known. Dropped before its commit, it leaves nothing.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Io`].
    async fn begin(&self) -> Result<Box<dyn BlobUpload>, StoreError>;

    /// How many bytes of a blob need not be uploaded, since they have arrived before: all, if it is
    /// there. They are `size_bytes` at most.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    async fn progress(&self, digest: &Digest, size_bytes: u64) -> Result<u64, StoreError>;

    /// Begins or goes on with the upload of a blob of this digest and size after its first `offset`
    /// bytes. Dropped before its commit, by a kill too, it leaves what has arrived for the next.
    ///
    /// What arrived before is read again, never trusted. An upload that goes on ends one that is
    /// under way: its caller is taken to have come back. One that begins does not.
    ///
    /// # Errors
    /// [`StoreError::UploadChanged`] if less than `offset` has arrived; [`StoreError::TooLarge`],
    /// [`StoreError::Full`] or [`StoreError::Io`].
    async fn resume(
        &self,
        digest: &Digest,
        size_bytes: u64,
        offset: u64,
    ) -> Result<Box<dyn BlobUpload>, StoreError>;

    /// Length of a blob in bytes; `None` if there is none of this digest.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    async fn size(&self, digest: &Digest) -> Result<Option<u64>, StoreError>;

    /// Reads a blob, no faster than the stream is polled. Every byte is hashed on the way: if the
    /// digest differs, the stream ends with [`StoreError::Damaged`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none of this digest, or [`StoreError::Io`].
    async fn read(&self, digest: &Digest) -> Result<BlobStream, StoreError> {
        self.read_from(digest, 0).await
    }

    /// As [`read`](Self::read) without the first `offset` bytes. The digest is checked from 0 on
    /// only: nobody has seen the bytes before.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    async fn read_from(&self, digest: &Digest, offset: u64) -> Result<BlobStream, StoreError>;

    /// The first `limit` blobs with a greater digest than `after`, in the order of their digests.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    async fn list(
        &self,
        after: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<BlobEntry>, StoreError>;

    /// Removes a blob, durably, and says how long it was; `None` if there was none. Whoever reads it
    /// keeps it to the end. Dropping the future does not stop it: who keeps uploads of the same bytes
    /// away meanwhile must wait for its end.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    async fn remove(&self, digest: &Digest) -> Result<Option<u64>, StoreError>;

    /// Removes what has arrived of uploads that nobody has gone on with since `before`; says how
    /// many bytes that were.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    async fn remove_abandoned(&self, before: SystemTime) -> Result<u64, StoreError>;
}

/// Bytes on their way into a store.
#[async_trait]
pub trait BlobUpload: Send {
    /// Appends `chunk`. After an error, or once its future was dropped, the upload is over.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], before anything of the chunk is written;
    /// [`StoreError::UploadChanged`] if another upload went on with it; [`StoreError::Full`] or
    /// [`StoreError::Io`], which leave nothing of the upload and are not retried.
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError>;

    /// Makes the bytes durable, then visible. Bytes that are there already are not stored twice;
    /// if they were damaged since, these take their place.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Io`]; then nothing was kept.
    async fn commit(self: Box<Self>) -> Result<StoredBlob, StoreError>;

    /// As [`commit`](Self::commit), if the bytes have this digest.
    ///
    /// # Errors
    /// Also [`StoreError::DigestDiffers`]; then nothing was kept.
    async fn commit_as(self: Box<Self>, digest: Digest) -> Result<StoredBlob, StoreError>;

    /// Ends the upload and leaves nothing of it.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    async fn discard(self: Box<Self>) -> Result<(), StoreError>;
}

/// A blob that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its name.
    pub digest: Digest,
    /// Its length.
    pub size_bytes: u64,
}

/// A blob in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// Its name.
    pub digest: Digest,
    /// Its length.
    pub size_bytes: u64,
    /// When its bytes arrived for the last time.
    pub since: SystemTime,
}
