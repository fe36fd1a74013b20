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
    Replacement::of(path, |file| file.write_all(bytes))?.commit()
}

/// What is to replace a file as [`replace_file`] does, written beside it; the file is as it was until
/// [`Replacement::commit`], and what is dropped before is gone.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    new: PathBuf,
    file: File,
    is_committed: bool,
}

impl Replacement {
    /// Has `write` write what is to be the content of the file at `path`.
    ///
    /// # Errors
    /// As [`replace_file`].
    pub fn of(
        path: &Path,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<Self, StoreError> {
        let begin = || -> io::Result<Self> {
            create_folder(folder(path))?;
            let new = beside(path);
            let file = File::create(&new)?;
            Ok(Self { path: path.to_owned(), new, file, is_committed: false })
        };
        let failed = StoreError::io("write a file beside the one that it replaces");
        let mut replacement = begin().map_err(&failed)?;
        write(&mut replacement.file).map_err(failed)?;
        Ok(replacement)
    }

    /// Replaces the file, durably.
    ///
    /// # Errors
    /// As [`replace_file`].
    pub fn commit(mut self) -> Result<(), StoreError> {
        let failed = StoreError::io("replace a file");
        self.file.sync_all().and_then(|()| fs::rename(&self.new, &self.path)).map_err(&failed)?;
        self.is_committed = true;
        sync_folder(folder(&self.path)).map_err(failed)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_committed {
            // Half a file takes space that may be what is missing.
            let _ = fs::remove_file(&self.new);
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(".new");
    path.with_file_name(name)
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
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

    #[test]
    fn what_is_not_committed_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        replace_file(&path, b"first").expect("replaced");
        drop(Replacement::of(&path, |file| file.write_all(b"second")).expect("written"));
        assert_eq!(fs::read(&path).expect("there"), b"first");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
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
