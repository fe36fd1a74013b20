//! The folder of a service, and the form in which its content is.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{FolderLock, StoreError, replace_file};

/// Holds one line: `millwright`, the service, and the number of its format.
const FILE: &str = "format";
/// The folder as it was before it said its format.
const FIRST: u32 = 1;
/// Longest line that is read, in bytes.
const LONGEST: u64 = 128;

/// How a release keeps the data of a service.
///
/// The number rises whenever an older release could not read what this one writes: a new step of
/// the database, another layout of files. Every release reads the formats below its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderFormat {
    /// `registry`, `trainer` or `predictor`.
    pub service: &'static str,
    /// From 1.
    pub number: u32,
}

/// A service's folder, held by this process until it is dropped.
///
/// Open it first, bring what is in it up to date (a database migrates when it is opened), then
/// [`settle`](Self::settle) says so.
///
/// ```
/// use millwright_store::{DataFolder, FolderFormat};
///
/// # fn example(path: &std::path::Path) -> Result<(), millwright_store::StoreError> {
/// let folder = DataFolder::open(path, FolderFormat { service: "predictor", number: 1 })?;
/// // Open or migrate what is in `folder.path()`.
/// folder.settle()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    format: FolderFormat,
    found: u32,
    _lock: FolderLock,
}

impl DataFolder {
    /// Takes the folder at `path`, which is created where it is missing. A folder that says nothing
    /// and holds something has format 1. Blocks for a moment: for start-up.
    ///
    /// # Errors
    /// [`StoreError::NewerFormat`] if a later release wrote it, [`StoreError::OtherFolder`] if it is
    /// another service's, [`StoreError::Damaged`] if it says neither; what [`FolderLock::acquire`]
    /// fails with.
    pub fn open(path: &Path, format: FolderFormat) -> Result<Self, StoreError> {
        let lock = FolderLock::acquire(path)?;
        let found = match stated(path, format.service)? {
            Some(number) => number,
            None if is_empty(path)? => format.number,
            None => FIRST,
        };
        if found > format.number {
            return Err(StoreError::NewerFormat { found, known: format.number });
        }
        Ok(Self { path: path.to_owned(), format, found, _lock: lock })
    }

    /// Checks that there is a folder of this format at `path`, which another process may have open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none, [`StoreError::Precondition`] if its format is an
    /// older one; as [`open`](Self::open) otherwise.
    pub fn expect(path: &Path, format: FolderFormat) -> Result<(), StoreError> {
        let FolderFormat { service, number } = format;
        match stated(path, service)? {
            Some(found) if found > number => Err(StoreError::NewerFormat { found, known: number }),
            Some(found) if found == number => Ok(()),
            None if !path.is_dir() => {
                Err(StoreError::NotFound { what: "folder of the", name: service.to_owned() })
            }
            _ => Err(StoreError::Precondition(
                "the data folder was written by an older release: start this one on it once",
            )),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The format that it was found in; below the release's own, something may have to be migrated.
    pub fn found(&self) -> u32 {
        self.found
    }

    /// Says, durably, that everything in it is in the release's own format now.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Io`].
    pub fn settle(&self) -> Result<(), StoreError> {
        let FolderFormat { service, number } = self.format;
        if stated(&self.path, service)? == Some(number) {
            return Ok(());
        }
        let line = format!("millwright {service} {number}\n");
        replace_file(&self.path.join(FILE), line.as_bytes())
    }
}

/// The format that the folder says it has, if it says one.
fn stated(folder: &Path, service: &str) -> Result<Option<u32>, StoreError> {
    let mut line = String::new();
    let read = File::open(folder.join(FILE));
    match read.and_then(|file| file.take(LONGEST).read_to_string(&mut line)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(damaged()),
        Err(error) => return Err(StoreError::io("read the format of the data folder")(error)),
        Ok(_) => {}
    }
    let words: Vec<_> = line.split_whitespace().collect();
    match words[..] {
        ["millwright", of, number] if of == service => {
            number.parse().map(Some).map_err(|_| damaged())
        }
        ["millwright", of @ ("registry" | "trainer" | "predictor"), _] => {
            Err(StoreError::OtherFolder { found: of.to_owned() })
        }
        _ => Err(damaged()),
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged { what: "the format of the data folder" }
}

/// Whether nothing but the lock is in it.
fn is_empty(folder: &Path) -> Result<bool, StoreError> {
    let failed = StoreError::io("read the data folder");
    for entry in fs::read_dir(folder).map_err(&failed)? {
        if entry.map_err(&failed)?.file_name() != FolderLock::FILE {
            return Ok(false);
        }
    }
    Ok(true)
}
