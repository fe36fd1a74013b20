//! What a predictor is told when it starts.

use std::{num::NonZeroUsize, path::PathBuf};

use millwright_chassis::Limits;

use crate::BatchPolicy;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What it loaded is kept in the folder `predictor` of this one.
    pub data_dir: PathBuf,
    /// Whose aliases are served, `host:port`.
    pub registry: String,
    /// Bounds of every version's batches and queue.
    pub policy: BatchPolicy,
    /// Threads that run models.
    pub compute_threads: NonZeroUsize,
    /// Limits of its port.
    pub limits: Limits,
}

impl Config {
    /// One compute thread a processor, the default bounds and limits.
    pub fn new(data_dir: impl Into<PathBuf>, registry: impl Into<String>) -> Self {
        let processors = std::thread::available_parallelism();
        Self {
            data_dir: data_dir.into(),
            registry: registry.into(),
            policy: BatchPolicy::default(),
            compute_threads: processors.unwrap_or(NonZeroUsize::MIN),
            limits: Limits::default(),
        }
    }
}
