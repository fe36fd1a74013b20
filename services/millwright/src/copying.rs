//! Copies of an installation's folder, made whole or not at all.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use millwright_chassis::Exit;
use millwright_domain::{Code, Fault};
use millwright_registry as registry;
use millwright_store::{Copied, FolderFormat, StoreError, copy_folder};
use millwright_trainer as trainer;
use serde::Serialize;

use crate::{
    error::CliError,
    output::Answer,
    progress::copied_progress,
    view::{number, table},
};

/// The trainer's first: what it says of a version is then in the registry's, too.
const FORMATS: [FolderFormat; 2] = [trainer::FORMAT, registry::FORMAT];

/// What was copied, and where to.
#[derive(Serialize)]
pub(crate) struct CopyView {
    folder: PathBuf,
    services: Vec<ServiceCopy>,
}

#[derive(Serialize)]
struct ServiceCopy {
    service: &'static str,
    objects: u64,
    bytes: u64,
}

impl CopyView {
    /// Copies what registry and trainer keep in `from` into the new folder `to`, which is there when
    /// all of it is.
    pub(crate) async fn make(from: &Path, to: &Path) -> Result<Self, CliError> {
        if !is_free(to).map_err(cannot_write(to))? {
            return Err(CliError::Occupied(to.to_owned()));
        }
        let partial = partial(to);
        if partial.exists() {
            return Err(CliError::Occupied(partial));
        }
        let copied = copy(from, &partial).await;
        let done = copied.and_then(|services| {
            fs::rename(&partial, to).map_err(cannot_write(to))?;
            Ok(Self { folder: to.to_owned(), services })
        });
        if done.is_err() {
            // What is not whole is of no use; nothing that was there before is in it.
            let _ = fs::remove_dir_all(&partial);
        }
        done
    }
}

async fn copy(from: &Path, to: &Path) -> Result<Vec<ServiceCopy>, CliError> {
    let mut services = Vec::new();
    for format in FORMATS {
        let service = format.service;
        let source = from.join(service);
        if !source.is_dir() {
            continue;
        }
        let progress = copied_progress(service);
        let copied = copy_folder(format, &source, &to.join(service), progress).await;
        let Copied { objects, bytes } = copied.map_err(|error| at(&source, error))?;
        services.push(ServiceCopy { service, objects, bytes });
    }
    if services.is_empty() {
        return Err(CliError::NothingKept(from.to_owned()));
    }
    Ok(services)
}

fn at(folder: &Path, error: StoreError) -> CliError {
    let exit = match error.code() {
        Code::DataLoss => Exit::Data,
        _ => Exit::CannotCreate,
    };
    CliError::Folder { folder: folder.to_owned(), exit, source: Box::new(error) }
}

fn cannot_write(path: &Path) -> impl Fn(io::Error) -> CliError {
    move |source| CliError::Write { path: path.to_owned(), source }
}

/// Whether nothing is there, or an empty folder.
fn is_free(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        entries => Ok(entries?.next().is_none()),
    }
}

/// Beside `to`, so that it can be renamed.
fn partial(to: &Path) -> PathBuf {
    let mut name = to.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".partial");
    to.with_file_name(name)
}

impl Answer for CopyView {
    fn table(&self) -> String {
        let row = |copy: &ServiceCopy| {
            [copy.service.to_owned(), number(copy.objects), number(copy.bytes)]
        };
        let services =
            table(["SERVICE", "OBJECTS", "BYTES"], self.services.iter().map(row).collect());
        format!("{services}\ncopied and checked: {}", self.folder.display())
    }
}
