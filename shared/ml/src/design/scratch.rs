//! Memory up to a limit, and beyond it a file.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Where chunks are kept: how much memory is left for them, and the folder for the rest.
///
/// Clones share the memory.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
    left: Arc<AtomicUsize>,
}

impl Scratch {
    /// `memory` is in bytes.
    pub(crate) fn new(folder: &Path, memory: usize) -> Self {
        Self { folder: folder.to_owned(), left: Arc::new(AtomicUsize::new(memory)) }
    }

    /// A file without a name: it is gone when it is closed, however that comes about.
    pub(super) fn file(&self) -> io::Result<File> {
        // The cause of this error would tell the path.
        tempfile::tempfile_in(&self.folder).map_err(|error| error.kind().into())
    }

    /// Takes `bytes` of the memory that is left, or none.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let taken = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}
