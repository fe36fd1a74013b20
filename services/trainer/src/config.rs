//! What a trainer is told when it starts.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use millwright_chassis::Limits;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its bytes are in the folder `trainer` of this one.
    pub data_dir: PathBuf,
    /// Where versions are registered, `host:port`.
    pub registry: String,
    /// Jobs that run at a time; each uses all processors.
    pub workers: NonZeroUsize,
    /// Time between two checkpoints of a job, which is the work that a kill costs at most. The
    /// first is saved after the first iteration, and large ones come less often.
    pub checkpoint_every: Duration,
    /// A longer data set is refused.
    pub max_dataset_bytes: u64,
    /// Limits of its port.
    pub limits: Limits,
}

impl Config {
    /// 4 GiB.
    pub const MAX_DATASET_BYTES: u64 = 4 << 30;

    /// One second.
    pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

    /// One worker, the default limits.
    pub fn new(data_dir: impl Into<PathBuf>, registry: impl Into<String>) -> Self {
        Self {
            data_dir: data_dir.into(),
            registry: registry.into(),
            workers: NonZeroUsize::MIN,
            checkpoint_every: Self::CHECKPOINT_EVERY,
            max_dataset_bytes: Self::MAX_DATASET_BYTES,
            limits: Limits::default(),
        }
    }
}
