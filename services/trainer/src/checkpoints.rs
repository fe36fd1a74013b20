//! Checkpoints of the jobs that have not ended, each a file.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::PathBuf,
};

use millwright_domain::JobId;
use millwright_ml::{Checkpoint, CheckpointError};
use millwright_store::{Replacement, StoreError};

/// Ends the names of checkpoints that cannot be used; they go with their job.
const ASIDE: &str = "aside";
/// In bytes: more than the largest model takes.
const LARGEST: u64 = 2 << 30;

/// The folder of the checkpoints. Its methods block where they are not `async`.
///
/// Whoever ends a job removes its checkpoint; what a killed process did not get round to is removed
/// at the next start.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// Those in `folder`, which need not be there yet.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The jobs of which something is kept, whatever their state.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the folder cannot be read.
    pub(crate) fn jobs(&self) -> Result<HashSet<JobId>, StoreError> {
        let failed = |cause| StoreError::Io { doing: "look for checkpoints", cause };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HashSet::new()),
            entries => entries.map_err(failed)?,
        };
        let mut jobs = HashSet::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name().into_string();
            // Ids have no dot: what follows one says what kind of file it is.
            jobs.extend(name.ok().and_then(|name| name.split('.').next()?.parse().ok()));
        }
        Ok(jobs)
    }

    /// Whether a job has one, usable or not.
    pub(crate) fn has(&self, job: &JobId) -> bool {
        self.path(job).is_file()
    }

    /// The last one of a job. One that cannot be used is put aside: the job begins anew.
    pub(crate) fn last(&self, job: &JobId) -> Option<Checkpoint> {
        match self.read(job) {
            Ok(checkpoint) => checkpoint,
            Err(problem) => {
                self.put_aside(job, &problem);
                None
            }
        }
    }

    fn read(&self, job: &JobId) -> Result<Option<Checkpoint>, Unusable> {
        let mut file = match File::open(self.path(job)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        if file.metadata()?.len() > LARGEST {
            return Err(CheckpointError::Damaged.into());
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(Checkpoint::decode(&bytes)?))
    }

    /// Keeps what cannot be used for whoever wants to know why; it is never read again.
    pub(crate) fn put_aside(&self, job: &JobId, problem: &dyn std::error::Error) {
        tracing::warn!(%job, %problem, "the checkpoint is put aside, and the job begins anew");
        let path = self.path(job);
        if fs::rename(&path, path.with_extension(ASIDE)).is_err() {
            // Nor may it come back at the next start.
            let _ = fs::remove_file(path);
        }
    }

    /// Writes the checkpoint that is to replace the last one of a job, once it is committed.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Io`]; the one before is still there.
    pub(crate) fn write(
        &self,
        job: &JobId,
        checkpoint: &Checkpoint,
    ) -> Result<Replacement, StoreError> {
        Replacement::of(&self.path(job), |file| checkpoint.write(file))
    }

    /// Removes what is kept of a job.
    pub(crate) async fn remove(&self, job: &JobId) {
        let path = self.path(job);
        for path in [path.with_extension(ASIDE), path.with_extension("new"), path] {
            // What cannot be removed now is removed at the next start.
            let _ = tokio::fs::remove_file(path).await;
        }
    }

    fn path(&self, job: &JobId) -> PathBuf {
        // The store made the id: a UUID, which is a name of a file.
        self.folder.join(job.as_str())
    }
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("cannot read it: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Bytes(#[from] CheckpointError),
}
