//! A file in staging: hashed on the way, renamed when it is durable.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::MutexGuard,
};

use millwright_domain::{Digest, Hasher};
use uuid::Uuid;

use super::{LocalBlobs, StoredBlob, claim::Claim};
use crate::{
    StoreError,
    folder::{create_folder, sync_folder},
};

/// A power cut costs no more than this of an upload, in bytes; less would cost time.
const SYNC_EVERY: u64 = 8 << 20;
/// How much is read at a time, in bytes.
const BUFFER: usize = 128 << 10;

/// A file that is being written.
pub(super) struct Staged {
    path: PathBuf,
    file: File,
    hasher: Hasher,
    size_bytes: u64,
    unsynced: u64,
    life: Life,
}

/// How long a staged file stays.
enum Life {
    /// Until this upload ends.
    Once,
    /// Until its bytes are whole, or nobody goes on for long.
    Kept(Claim),
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Life::Once = self.life {
            // Gone already if it was published; what cannot be removed now is at the next open.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Staged {
    /// A file of its own in the folder `staging`.
    pub(super) fn once(staging: &Path) -> Result<Self, StoreError> {
        let path = staging.join(Uuid::now_v7().to_string());
        let file = File::create_new(&path).map_err(StoreError::io("begin an object"))?;
        Ok(Self::new(path, file, Life::Once))
    }

    /// The file at `path`, whose turn is `claim`, after its first `offset` bytes: they are hashed
    /// again, and what follows them is forgotten.
    pub(super) fn kept(path: PathBuf, claim: Claim, offset: u64) -> Result<Self, StoreError> {
        let mut options = File::options();
        options.read(true).write(true).create(offset == 0).truncate(offset == 0);
        let touching = claim.touch()?;
        let file = options.open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::UploadChanged,
            _ => StoreError::io("go on with an object")(error),
        })?;
        drop(touching);
        let mut staged = Self::new(path, file, Life::Kept(claim));
        staged.rehash(offset)?;
        Ok(staged)
    }

    fn new(path: PathBuf, file: File, life: Life) -> Self {
        Self { path, file, hasher: Hasher::default(), size_bytes: 0, unsynced: 0, life }
    }

    /// The bytes so far.
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn rehash(&mut self, offset: u64) -> Result<(), StoreError> {
        let failed = StoreError::io("go on with an object");
        let mut buffer = vec![0; BUFFER];
        while self.size_bytes < offset {
            let most = usize::try_from(offset - self.size_bytes).unwrap_or(BUFFER).min(BUFFER);
            let read = self.file.read(&mut buffer[..most]).map_err(&failed)?;
            if read == 0 {
                return Err(StoreError::UploadChanged);
            }
            self.hasher.update(&buffer[..read]);
            self.size_bytes += read as u64;
        }
        let _touching = self.life.touch()?;
        self.file.set_len(offset).map_err(failed)
    }

    pub(super) fn append(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        let written = self.write(chunk);
        self.or_forget(written)
    }

    fn write(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        let touching = self.life.touch()?;
        self.file.write_all(chunk).map_err(StoreError::io("write an object"))?;
        drop(touching);
        self.hasher.update(chunk);
        self.size_bytes += chunk.len() as u64;
        self.unsynced += chunk.len() as u64;
        if self.unsynced >= SYNC_EVERY {
            self.sync().map_err(StoreError::io("make an object durable"))?;
        }
        Ok(())
    }

    /// Makes durable what has arrived, and that it has a name.
    fn sync(&mut self) -> io::Result<()> {
        self.unsynced = 0;
        self.file.sync_data()?;
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    pub(super) fn publish(
        self,
        store: &LocalBlobs,
        expected: Option<Digest>,
    ) -> Result<StoredBlob, StoreError> {
        let digest = self.hasher.clone().finish();
        if expected.is_some_and(|expected| expected != digest) {
            self.remove()?;
            return Err(StoreError::DigestDiffers);
        }
        let published = self.publish_at(&store.path(&digest));
        self.or_forget(published)?;
        Ok(StoredBlob { digest, size_bytes: self.size_bytes })
    }

    /// Also over a file that is there: it may have been damaged, and these bytes are whole. Whoever
    /// reads it keeps the old one.
    fn publish_at(&self, path: &Path) -> Result<(), StoreError> {
        let _touching = self.life.touch()?;
        self.file.sync_all().map_err(StoreError::io("make an object durable"))?;
        self.rename(path).map_err(StoreError::io("publish an object"))?;
        for folder in path.ancestors().skip(1).take(2) {
            sync_folder(folder).map_err(StoreError::io("make a folder durable"))?;
        }
        Ok(())
    }

    fn rename(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        fs::rename(&self.path, path)
    }

    /// Nobody goes on with a file that the disk failed: what is on it is unknown, though it may read
    /// well. One that filled the disk only takes space.
    fn or_forget<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Full | StoreError::Io { .. }) = outcome {
            // The first failure is the one to tell.
            let _ = self.remove();
        }
        outcome
    }

    /// Removes the file, if nobody else goes on with it.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        let Ok(_touching) = self.life.touch() else { return Ok(()) };
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove an object")(error))
            }
            _ => Ok(()),
        }
    }
}

impl Life {
    /// Lets the file be written, while nobody else goes on with it.
    fn touch(&self) -> Result<Option<MutexGuard<'_, ()>>, StoreError> {
        match self {
            Self::Once => Ok(None),
            Self::Kept(claim) => claim.touch().map(Some),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use millwright_domain::{Code, Fault};

    use super::*;

    #[test]
    fn a_full_disk_is_said() {
        // Every write to this device fails for want of space.
        let file = File::options().write(true).open("/dev/full").expect("a device of Linux");
        let mut staged = Staged::new(PathBuf::from("gone"), file, Life::Once);
        let error = staged.append(b"bytes").expect_err("no space is left");
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.retry_after().is_some(), "space may be freed");
    }
}
