//! An artifact that becomes a file: whole, verified, at once.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use futures::StreamExt;
use millwright_client::{ClientError, RegistryClient};
use millwright_domain::{Artifact, Hasher};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncWriteExt},
};

use crate::{error::CliError, progress::download_progress};

/// Bytes that are read at a time to see what has come before.
const CHUNK: usize = 1 << 18;

/// A file that grows beside its place, under a name that has the digest in it, so that it is never
/// continued with the bytes of another artifact.
pub(crate) struct Download {
    artifact: Artifact,
    to: PathBuf,
    part: PathBuf,
    file: File,
    hasher: Hasher,
    /// Bytes that have come.
    received: u64,
}

impl Download {
    /// Opens the part that is there from before, or a new one.
    ///
    /// # Errors
    /// The file cannot be made, or another process is at it.
    pub(crate) async fn begin(artifact: &Artifact, to: PathBuf) -> Result<Self, CliError> {
        let part = part_of(&to, artifact);
        let failed = |source| CliError::Write { path: to.clone(), source };
        if to.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let mut file = File::from_std(open(&part).map_err(failed)?);
        let (hasher, received) = read_all(&mut file).await.map_err(failed)?;
        let mut download = Self { artifact: artifact.clone(), to, part, file, hasher, received };
        if download.received > artifact.size_bytes {
            download.forget().await?;
        }
        Ok(download)
    }

    /// Fetches what is missing; the file is in its place when this returns.
    ///
    /// # Errors
    /// As the registry answers; [`ClientError::Damaged`], and then nothing is kept.
    pub(crate) async fn run(mut self, registry: &RegistryClient) -> Result<(), CliError> {
        let mut chunks = registry.stream_artifact_from(&self.artifact, self.received).await?;
        let mut show = download_progress(self.artifact.size_bytes);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            self.received += chunk.len() as u64;
            if self.received > self.artifact.size_bytes {
                return self.damaged("it is longer than it should be").await;
            }
            self.hasher.update(&chunk);
            self.file.write_all(&chunk).await.map_err(|source| self.failed(source))?;
            show(self.received);
        }
        self.file.sync_all().await.map_err(|source| self.failed(source))?;
        self.finish().await
    }

    async fn finish(mut self) -> Result<(), CliError> {
        let hasher = std::mem::take(&mut self.hasher);
        if self.received < self.artifact.size_bytes {
            return self.damaged("it is shorter than it should be").await;
        }
        if hasher.finish() != self.artifact.digest {
            return self.damaged("its bytes do not match its digest").await;
        }
        fs::rename(&self.part, &self.to).map_err(|source| self.failed(source))?;
        // The name is as durable as the bytes.
        let folder = self.to.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::File::open(folder.unwrap_or(Path::new(".")));
        folder.and_then(|folder| folder.sync_all()).map_err(|source| self.failed(source))
    }

    async fn damaged(&self, problem: &'static str) -> Result<(), CliError> {
        fs::remove_file(&self.part).map_err(|source| self.failed(source))?;
        Err(ClientError::Damaged { problem }.into())
    }

    /// Begins anew: what is there is no part of the artifact.
    async fn forget(&mut self) -> Result<(), CliError> {
        self.file.set_len(0).await.map_err(|source| self.failed(source))?;
        (self.hasher, self.received) = (Hasher::default(), 0);
        Ok(())
    }

    fn failed(&self, source: io::Error) -> CliError {
        CliError::Write { path: self.to.clone(), source }
    }
}

fn part_of(to: &Path, artifact: &Artifact) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(format!(".{}.part", &artifact.digest.hex()[..12]));
    name.into()
}

/// For one process at a time; what is written goes to the end.
fn open(part: &Path) -> io::Result<fs::File> {
    let file = fs::File::options().create(true).read(true).append(true).open(part)?;
    file.try_lock().map_err(|_| io::Error::other("another process is downloading it"))?;
    Ok(file)
}

async fn read_all(file: &mut File) -> io::Result<(Hasher, u64)> {
    let (mut hasher, mut n) = (Hasher::default(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).await? {
            0 => return Ok((hasher, n)),
            read => {
                hasher.update(&chunk[..read]);
                n += read as u64;
            }
        }
    }
}
