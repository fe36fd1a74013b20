//! A service's folder as it is at one instant, in another folder.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use futures::StreamExt;
use millwright_domain::Digest;

use crate::{
    Blobs, DataFolder, FolderFormat, LocalBlobs, StoreError,
    folder::{create_folder, sync_folder},
    off_thread, sqlite,
};

/// Tries, where objects are collected meanwhile: each begins with a later state of the database.
const TRIES: usize = 3;

/// What a service keeps in its folder.
#[derive(Clone, Copy, Debug)]
struct Contents {
    database: &'static str,
    objects: &'static str,
    /// Selects the digests of the objects that the database counts on.
    needed: &'static str,
    /// A folder of files that are each replaced as a whole, and need not be there.
    files: Option<&'static str>,
}

const REGISTRY: Contents = Contents {
    database: "registry.sqlite",
    objects: "artifacts",
    needed: "SELECT digest FROM artifacts WHERE dropped IS NULL ORDER BY digest",
    files: None,
};

const TRAINER: Contents = Contents {
    database: "trainer.sqlite",
    objects: "datasets",
    needed: "SELECT digest FROM datasets ORDER BY digest",
    files: Some("checkpoints"),
};

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Artifacts or data sets.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies what the registry or the trainer keeps in `from` into the new folder `to`, as it is at one
/// instant, while a process works in `from` or not. Every object is hashed on its way, the database
/// is checked, and all of it is durable in the end.
///
/// `progress` is told the bytes of each object as it arrives.
///
/// # Errors
/// [`StoreError::NotFound`] if `from` is not such a folder; [`StoreError::Precondition`] if it has an
/// older format; [`StoreError::Damaged`] if something in it is; what [`DataFolder::open`] fails with
/// for `to`.
pub async fn copy_folder(
    format: FolderFormat,
    from: &Path,
    to: &Path,
    mut progress: impl FnMut(u64),
) -> Result<Copied, StoreError> {
    let contents = if format.service == "registry" { REGISTRY } else { TRAINER };
    DataFolder::expect(from, format)?;
    let folder = DataFolder::open(to, format)?;
    let copy = Copy { contents, from, to };
    let mut tries = 1;
    let copied = loop {
        match copy.run(&mut progress).await {
            Err(StoreError::NotFound { .. }) if tries < TRIES => tries += 1,
            copied => break copied?,
        }
    };
    folder.settle()?;
    Ok(copied)
}

struct Copy<'a> {
    contents: Contents,
    from: &'a Path,
    to: &'a Path,
}

impl Copy<'_> {
    /// The database first: objects are there before it counts on them.
    async fn run(&self, progress: &mut impl FnMut(u64)) -> Result<Copied, StoreError> {
        let Contents { database, objects, needed, files } = self.contents;
        let (from, to) = (self.from.join(database), self.to.join(database));
        let needed = sqlite::snapshot(&from, &to, needed).await?;
        if let Some(files) = files {
            let (from, to) = (self.from.join(files), self.to.join(files));
            off_thread(move || copy_files(&from, &to).map_err(StoreError::io("copy a file")))
                .await?;
        }
        let from = LocalBlobs::of_another(self.from.join(objects));
        let to = LocalBlobs::open(self.to.join(objects)).await?;
        let mut copied = Copied::default();
        for digest in needed {
            let bytes = copy_object(&from, &to, &digest).await?;
            progress(bytes);
            copied.objects += 1;
            copied.bytes += bytes;
        }
        Ok(copied)
    }
}

/// Copies one object, unless an earlier try did; says how long it is.
async fn copy_object(
    from: &LocalBlobs,
    to: &LocalBlobs,
    digest: &Digest,
) -> Result<u64, StoreError> {
    if let Some(bytes) = to.size(digest).await? {
        return Ok(bytes);
    }
    let mut chunks = from.read(digest).await?;
    let mut upload = to.begin().await?;
    while let Some(chunk) = chunks.next().await {
        upload.write(chunk?).await?;
    }
    Ok(upload.commit().await?.size_bytes)
}

/// Copies the files of a folder, durably; what goes meanwhile is not needed any more.
fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    create_folder(to)?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            copy_file(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    sync_folder(to)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::copy(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        copied => copied.and_then(|_| fs::File::open(to)?.sync_all()),
    }
}
