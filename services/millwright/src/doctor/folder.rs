//! The data folder: whether it can be written, how much room it has, and whose it is.

use std::{
    io,
    path::{Path, PathBuf},
};

use millwright_registry as registry;
use millwright_store::{DataFolder, FolderFormat, StoreError};
use millwright_trainer as trainer;
use rustix::fs::{Access, access, statvfs};

use super::finding::Finding;
use crate::view::number;

const GIB: u64 = 1 << 30;
/// Below this an upload of a large artifact, or a checkpoint, may not fit.
const LITTLE: u64 = 2 * GIB;
/// Below this even the database may not grow.
const NOTHING: u64 = 64 << 20;

pub(super) fn examine(data_dir: &Path) -> Vec<Finding> {
    let formats = [registry::FORMAT, trainer::FORMAT];
    let kept = formats.into_iter().filter_map(|format| contents(data_dir, format));
    [writable(data_dir), room(data_dir)].into_iter().chain(kept).collect()
}

/// The folder, or where it would be made.
fn existing(data_dir: &Path) -> PathBuf {
    let folders = data_dir.ancestors().find(|folder| folder.is_dir());
    let here = Path::new(".");
    folders.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(here).to_owned()
}

fn writable(data_dir: &Path) -> Finding {
    const ADVICE: &str = "give the account that runs Millwright the right to write there, or choose another by --data-dir";
    let folder = existing(data_dir);
    let told = match data_dir.is_dir() {
        true => data_dir.display().to_string(),
        false => format!("{}, which will be made", data_dir.display()),
    };
    match access(&folder, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::fine("data folder", told),
        Err(error) => {
            let told = format!("{told}: {}", io::Error::from(error));
            Finding::problem("data folder", told, ADVICE)
        }
    }
}

fn room(data_dir: &Path) -> Finding {
    const ADVICE: &str = "free some space, or move the data folder to a larger disk";
    let free = match statvfs(existing(data_dir)) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return Finding::warning("disk", io::Error::from(error), "look at it by `df`");
        }
    };
    let told = format!("{} MiB free", number(free >> 20));
    match free {
        0..NOTHING => Finding::problem("disk", told, ADVICE),
        NOTHING..LITTLE => Finding::warning("disk", told, ADVICE),
        LITTLE.. => Finding::fine("disk", told),
    }
}

/// What one service keeps there; `None`: nothing yet.
fn contents(data_dir: &Path, format: FolderFormat) -> Option<Finding> {
    let FolderFormat { service, number } = format;
    let what = format!("{service}'s data");
    Some(match DataFolder::expect(&data_dir.join(service), format) {
        Ok(()) => Finding::fine(what, format!("format {number}, as this release writes it")),
        Err(StoreError::NotFound { .. }) => return None,
        Err(StoreError::Precondition(_)) => Finding::warning(
            what,
            "of an older release",
            "this one brings it up to date when it starts: make a backup by the older one first",
        ),
        Err(error @ StoreError::Damaged { .. }) => {
            Finding::problem(what, error, "see `millwright restore --help`")
        }
        Err(error) => Finding::problem(what, error, "see there"),
    })
}
