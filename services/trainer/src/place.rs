//! What runs leave on the disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use millwright_store::StoreError;

use crate::checkpoints::Checkpoints;

/// Where runs keep what they cannot do without, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) checkpoints: Checkpoints,
    /// Time between two checkpoints of a job.
    pub(crate) checkpoint_every: Duration,
    /// For rows that find no room in memory, in files without a name.
    pub(crate) scratch: PathBuf,
}

impl Place {
    /// The parts of `folder` that are for runs. Blocks for a moment: for start-up.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the folder cannot be written.
    pub(crate) fn open(folder: &Path, checkpoint_every: Duration) -> Result<Self, StoreError> {
        let scratch = folder.join("scratch");
        let failed =
            |cause| StoreError::Io { doing: "prepare the folder for scratch files", cause };
        empty(&scratch).map_err(failed)?;
        let checkpoints = Checkpoints::new(folder.join("checkpoints"));
        Ok(Self { checkpoints, checkpoint_every, scratch })
    }
}

/// Where a file system has no files without a name, a kill leaves some.
fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    fs::create_dir(folder)
}
