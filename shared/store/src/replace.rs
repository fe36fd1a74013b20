//! Files that are replaced at once.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    StoreError,
    folder::{create_folder, sync_folder},
};

/// Makes `bytes` the content of the file at `path`, durably: a kill or a power cut leaves the old
/// content or this, and at most a file beside it whose name ends in `.new`. Creates the folder that
/// is missing. Blocks.
///
/// One caller at a time may replace a file.
///
/// # Errors
/// [`StoreError::Full`] or [`StoreError::Io`]; then the old content is there.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let new = beside(path);
    let replaced = replace(path, &new, bytes);
    if replaced.is_err() {
        // Half a file takes space that may be what is missing.
        let _ = fs::remove_file(&new);
    }
    replaced.map_err(StoreError::io("replace a file"))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(".new");
    path.with_file_name(name)
}

fn replace(path: &Path, new: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    create_folder(folder)?;
    let mut file = File::create(new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_its_folder_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/file");
        for bytes in ["first", "second, which is longer", "third"] {
            replace_file(&path, bytes.as_bytes()).expect("replaced");
            assert_eq!(fs::read_to_string(&path).expect("there"), bytes);
        }
        assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("there").count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_the_old_content_and_nothing_beside_it() {
        use millwright_domain::{Code, Fault};

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        replace_file(&path, b"first").expect("replaced");
        // Every write to this device fails for want of space.
        std::os::unix::fs::symlink("/dev/full", beside(&path)).expect("a link");
        let refused = replace_file(&path, b"second").expect_err("no space is left");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(fs::read(&path).expect("there"), b"first");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    }
}
