//! Blobs in a local folder.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use millwright_domain::Digest;

use super::{
    BlobEntry, BlobStream, BlobUpload, Blobs, StoredBlob,
    claim::Claims,
    listing,
    present::Present,
    reading::{Reading, verified},
    staged::Staged,
    upload::LocalUpload,
};
use crate::{
    StoreError,
    folder::{create_folder, sync_folder},
    off_thread,
};

/// Larger than any artifact or data set of today.
const DEFAULT_MAX_SIZE: u64 = 8 << 30;

/// Blobs as files: `sha256/ab/ab…` are whole and durable; `staging/…` and `partial/…`, named by
/// digest and size, are on their way, and the latter outlive the process.
///
/// One process at a time may have a folder open: hold a [`DataFolder`](crate::DataFolder).
#[derive(Clone, Debug)]
pub struct LocalBlobs {
    folder: PathBuf,
    max_size: u64,
    claims: Arc<Claims>,
}

impl LocalBlobs {
    /// Opens `folder`, creates it where it is missing, and removes what a killed process left on
    /// its way, but for uploads that can go on. Objects may have 8 GiB each.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Full`] if the folder cannot be written.
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let folder = folder.into();
        let store = Self { folder, max_size: DEFAULT_MAX_SIZE, claims: Arc::default() };
        let opened = store.clone();
        off_thread(move || {
            opened.prepare().map_err(StoreError::io("prepare the folder for objects"))
        })
        .await?;
        Ok(store)
    }

    /// Those in `folder`, which another process may have open: to be read, not written.
    #[cfg(feature = "sql")]
    pub(crate) fn of_another(folder: PathBuf) -> Self {
        Self { folder, max_size: DEFAULT_MAX_SIZE, claims: Arc::default() }
    }

    /// Refuses objects of more than `bytes` bytes instead.
    #[must_use]
    pub fn with_max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// Where the blob of this digest lies, if it is there; its bytes never change.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.blobs().join(&hex[..2]).join(hex)
    }

    /// Opens the file of a blob, after all of it was read by positions and hashed: to map it, since
    /// its bytes never change.
    ///
    /// # Errors
    /// As [`Blobs::read`]; [`StoreError::Damaged`] if the digest differs.
    pub async fn open_file(&self, digest: &Digest) -> Result<fs::File, StoreError> {
        let (digest, path) = (*digest, self.path(digest));
        off_thread(move || verified(digest, &path)).await
    }

    fn prepare(&self) -> io::Result<()> {
        for folder in [self.staging(), self.partial(), self.blobs()] {
            create_folder(&folder)?;
        }
        for entry in fs::read_dir(self.staging())? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    fn staging(&self) -> PathBuf {
        self.folder.join("staging")
    }

    fn partial(&self) -> PathBuf {
        self.folder.join("partial")
    }

    fn blobs(&self) -> PathBuf {
        self.folder.join("sha256")
    }

    /// Bytes of a blob that have arrived.
    fn arrived(&self, digest: &Digest, size_bytes: u64) -> Result<u64, StoreError> {
        if length(&self.path(digest))? == Some(size_bytes) {
            return Ok(size_bytes);
        }
        let staged = length(&self.partial().join(file_name(digest, size_bytes)))?;
        Ok(staged.unwrap_or(0).min(size_bytes))
    }

    fn stage(&self, blob: StoredBlob, offset: u64) -> Result<Box<dyn BlobUpload>, StoreError> {
        let StoredBlob { digest, size_bytes } = blob;
        if 0 < offset && offset == size_bytes && length(&self.path(&digest))? == Some(size_bytes) {
            return Ok(Box::new(Present { blob, store: self.clone() }));
        }
        let name = file_name(&digest, size_bytes);
        let claim = match offset {
            0 => self.claims.take_free(&name),
            _ => Some(self.claims.take(&name)),
        };
        let staged = match claim {
            Some(claim) => Staged::kept(self.partial().join(name), claim, offset)?,
            // Somebody else is at it: both go their way.
            None => Staged::once(&self.staging())?,
        };
        Ok(Box::new(LocalUpload::new(staged, self.clone())))
    }

    /// Removes a file unless it is being written; says how long it was.
    fn remove_partial(&self, entry: &fs::DirEntry, before: SystemTime) -> io::Result<u64> {
        let name = entry.file_name();
        let remove = || -> io::Result<u64> {
            let metadata = entry.metadata()?;
            if metadata.modified()? >= before {
                return Ok(0);
            }
            fs::remove_file(entry.path())?;
            Ok(metadata.len())
        };
        match self.claims.unless_taken(&name.to_string_lossy(), remove).unwrap_or(Ok(0)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            removed => removed,
        }
    }
}

#[async_trait]
impl Blobs for LocalBlobs {
    fn max_size(&self) -> u64 {
        self.max_size
    }

    async fn begin(&self) -> Result<Box<dyn BlobUpload>, StoreError> {
        let store = self.clone();
        let staged = off_thread(move || Staged::once(&store.staging())).await?;
        Ok(Box::new(LocalUpload::new(staged, self.clone())))
    }

    async fn progress(&self, digest: &Digest, size_bytes: u64) -> Result<u64, StoreError> {
        let (store, digest) = (self.clone(), *digest);
        off_thread(move || store.arrived(&digest, size_bytes)).await
    }

    async fn resume(
        &self,
        digest: &Digest,
        size_bytes: u64,
        offset: u64,
    ) -> Result<Box<dyn BlobUpload>, StoreError> {
        if size_bytes > self.max_size {
            return Err(StoreError::TooLarge { limit: self.max_size });
        }
        if offset > size_bytes {
            return Err(StoreError::UploadChanged);
        }
        let (store, blob) = (self.clone(), StoredBlob { digest: *digest, size_bytes });
        off_thread(move || store.stage(blob, offset)).await
    }

    async fn size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        let path = self.path(digest);
        off_thread(move || length(&path)).await
    }

    async fn read_from(&self, digest: &Digest, offset: u64) -> Result<BlobStream, StoreError> {
        let (digest, path) = (*digest, self.path(digest));
        let reading = off_thread(move || Reading::open(digest, &path, offset)).await?;
        let chunks = stream::try_unfold(reading, |reading| off_thread(move || reading.next()));
        Ok(chunks.boxed())
    }

    async fn list(
        &self,
        after: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<BlobEntry>, StoreError> {
        let (blobs, after) = (self.blobs(), after.map(Digest::hex));
        let listed = move || listing::list(&blobs, after.as_deref(), limit);
        off_thread(move || listed().map_err(StoreError::io("list the objects"))).await
    }

    async fn remove(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        let path = self.path(digest);
        off_thread(move || remove(&path)).await
    }

    async fn remove_abandoned(&self, before: SystemTime) -> Result<u64, StoreError> {
        let store = self.clone();
        let removed = move || {
            let mut removed = 0;
            for entry in fs::read_dir(store.partial())? {
                removed += store.remove_partial(&entry?, before)?;
            }
            Ok(removed)
        };
        off_thread(move || removed().map_err(StoreError::io("remove abandoned uploads"))).await
    }
}

/// A file of another announced size is another upload.
fn file_name(digest: &Digest, size_bytes: u64) -> String {
    format!("{}-{size_bytes}", digest.hex())
}

/// Length of a file; `None` if it does not exist.
fn length(path: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("look up an object")(error)),
    }
}

fn remove(path: &Path) -> Result<Option<u64>, StoreError> {
    let Some(length) = length(path)? else { return Ok(None) };
    let failed = StoreError::io("remove an object");
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        removed => removed.map_err(&failed)?,
    }
    if let Some(folder) = path.parent() {
        sync_folder(folder).map_err(failed)?;
    }
    Ok(Some(length))
}
