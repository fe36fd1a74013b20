//! The clock, which leases, tokens and the order of records count on.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::finding::Finding;

/// Clocks of one plant may differ by this much.
const TOLERANCE: Duration = Duration::from_secs(60);
/// Nothing of Millwright is older: 2026-01-01T00:00:00Z.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);

pub(super) fn examine(data_dir: &Path) -> Finding {
    let now = SystemTime::now();
    let newest = newest(data_dir).unwrap_or(SystemTime::UNIX_EPOCH);
    let is_behind = newest > now + TOLERANCE || now < SystemTime::UNIX_EPOCH + EARLIEST;
    let told = prost_types::Timestamp { nanos: 0, ..now.into() };
    if !is_behind {
        return Finding::fine("clock", told);
    }
    Finding::problem(
        "clock",
        format!("{told}, which is before the newest file of the data folder, or this release"),
        "set it, and keep it set by NTP",
    )
}

/// When the databases were written last.
fn newest(data_dir: &Path) -> Option<SystemTime> {
    let databases = ["registry/registry.sqlite", "trainer/trainer.sqlite"];
    let modified = |name: &str| fs::metadata(data_dir.join(name)).ok()?.modified().ok();
    databases.into_iter().filter_map(modified).max()
}
