//! What a registry is told when it starts.

use std::{path::PathBuf, time::Duration};

use millwright_chassis::Limits;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its bytes are in the folder `registry` of this one.
    pub data_dir: PathBuf,
    /// A longer artifact is refused.
    pub max_artifact_bytes: u64,
    /// An artifact that no version needs is kept for so long, and an upload that was cut off.
    pub keep_unneeded: Duration,
    /// An upload that is silent for longer is cut off.
    pub upload_idle: Duration,
    /// Limits of its port.
    pub limits: Limits,
}

impl Config {
    /// 8 GiB.
    pub const MAX_ARTIFACT_BYTES: u64 = 8 << 30;

    /// A day.
    pub const KEEP_UNNEEDED: Duration = Duration::from_secs(24 * 3600);
    /// A minute.
    pub const UPLOAD_IDLE: Duration = Duration::from_secs(60);

    /// The default limits.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            max_artifact_bytes: Self::MAX_ARTIFACT_BYTES,
            keep_unneeded: Self::KEEP_UNNEEDED,
            upload_idle: Self::UPLOAD_IDLE,
            limits: Limits::default(),
        }
    }
}
