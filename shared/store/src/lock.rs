//! One process to a folder.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::{StoreError, folder::create_folder};

/// Keeps other processes out of a folder until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    // The operating system frees the lock with the file.
    _file: File,
}

impl FolderLock {
    /// The file that is locked.
    pub(crate) const FILE: &str = "lock";

    /// Takes `folder`, which is created where it is missing. Blocks for a moment: for start-up.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it; [`StoreError::Io`] if it cannot be written.
    pub fn acquire(folder: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::io("use the data folder");
        create_folder(folder).map_err(&failed)?;
        let file = File::create(folder.join(Self::FILE)).map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
