//! What the predictor keeps on disk, so that it starts and serves when the registry is away.
//!
//! `artifacts/` holds artifacts under their digest and checks every byte that is read, and all of a
//! large one before it is mapped; `index` says which of them is which version. All of it can be lost:
//! it comes again from the registry.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use millwright_domain::{Artifact, Digest};
use millwright_store::{BlobUpload, Blobs, DataFolder, FolderFormat, LocalBlobs, StoreError};
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use crate::index::Index;

const FORMAT: FolderFormat = FolderFormat { service: "predictor", number: 1 };
const INDEX: &str = "index";
/// An artifact of more bytes is never held in memory: it is mapped from its file.
const MOST_HELD: u64 = 64 << 20;
/// A download that was cut off and that nobody has gone on with for so long is given up.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);
/// Artifacts that are looked at together when those that nobody needs are removed.
const PAGE: usize = 256;

/// The predictor's folder, which no other process may have open. Clones share it.
#[derive(Clone)]
pub(crate) struct Cache {
    folder: Arc<DataFolder>,
    artifacts: LocalBlobs,
}

/// The bytes of an artifact, each of which was checked.
pub(crate) enum Content {
    Held(Bytes),
    /// Never changed as long as somebody has it open; it may be removed.
    File(File),
}

/// Whether an artifact is held in memory when it is served.
pub(crate) fn is_held(artifact: &Artifact) -> bool {
    artifact.size_bytes <= MOST_HELD
}

impl Cache {
    /// Takes `folder`, which is created where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it; otherwise why it cannot be used.
    pub(crate) async fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.to_owned();
        let opened = spawn_blocking(move || DataFolder::open(&path, FORMAT)).await;
        let folder = opened.map_err(|_| StoreError::Busy)??;
        let artifacts = LocalBlobs::open(folder.path().join("artifacts")).await?;
        // How long an artifact may be is the registry's to say.
        let artifacts = artifacts.with_max_size(u64::MAX);
        folder.settle()?;
        Ok(Self { folder: Arc::new(folder), artifacts })
    }

    /// The index that was written last; `None` if there is none, or it is damaged.
    pub(crate) async fn index(&self) -> Option<Index> {
        let path = self.folder.path().join(INDEX);
        let file = match tokio::fs::read(path).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                warn!(%error, "the index cannot be read: the registry is asked anew");
                return None;
            }
        };
        let index = Index::decode(&file);
        if index.is_none() {
            warn!("the index is damaged: the registry is asked anew");
        }
        index
    }

    /// Replaces the index: a power cut leaves the one before, or this.
    pub(crate) async fn write(&self, index: &Index) -> io::Result<()> {
        let file = index.encode()?;
        let folder = self.folder.clone();
        let written = spawn_blocking(move || replace(folder.path(), &file)).await;
        written.map_err(|_| io::Error::other("the predictor is stopping"))?
    }

    /// The bytes of `artifact`, each of which was checked; `None` if they are not here, or damaged.
    pub(crate) async fn read(&self, artifact: &Artifact) -> Option<Content> {
        let content = match is_held(artifact) {
            true => self.joined(artifact).await.map(Content::Held),
            false => self.artifacts.open_file(&artifact.digest).await.map(Content::File),
        };
        let error = match content {
            Ok(content) if length(&content) == Some(artifact.size_bytes) => return Some(content),
            Ok(_) | Err(StoreError::NotFound { .. }) => return None,
            Err(error) => error,
        };
        warn!(digest = %artifact.digest, %error, "an artifact is fetched again");
        if let StoreError::Damaged { .. } = error {
            // Else it would pass for what has come already; if it stays, it is told again.
            let _ = self.artifacts.remove(&artifact.digest).await;
        }
        None
    }

    async fn joined(&self, artifact: &Artifact) -> Result<Bytes, StoreError> {
        let chunks = self.artifacts.read(&artifact.digest).await?;
        let join = |mut whole: BytesMut, chunk: Bytes| async move {
            whole.extend_from_slice(&chunk);
            Ok(whole)
        };
        chunks.try_fold(BytesMut::new(), join).await.map(BytesMut::freeze)
    }

    /// Keeps the bytes of `artifact`. A failure costs a download at the next start, and nothing now.
    pub(crate) async fn keep(&self, artifact: &Artifact, bytes: Bytes) {
        if let Err(error) = self.store(artifact, bytes).await {
            warn!(digest = %artifact.digest, %error, "an artifact is served and cannot be kept");
        }
    }

    async fn store(&self, artifact: &Artifact, bytes: Bytes) -> Result<(), StoreError> {
        let mut upload = self.artifacts.begin().await?;
        upload.write(bytes).await?;
        upload.commit_as(artifact.digest).await?;
        Ok(())
    }

    /// Goes on with the download of an artifact that is not here, or begins it; says after how many
    /// bytes.
    pub(crate) async fn begin(
        &self,
        artifact: &Artifact,
    ) -> Result<(Box<dyn BlobUpload>, u64), StoreError> {
        let Artifact { digest, size_bytes, .. } = artifact;
        let offset = self.artifacts.progress(digest, *size_bytes).await?;
        Ok((self.artifacts.resume(digest, *size_bytes, offset).await?, offset))
    }

    /// Removes every artifact but `needed`, and what has come of downloads that were given up.
    pub(crate) async fn retain(&self, needed: &HashSet<Digest>) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.artifacts.list(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.digest);
            for entry in page.iter().filter(|entry| !needed.contains(&entry.digest)) {
                self.artifacts.remove(&entry.digest).await?;
                info!(digest = %entry.digest, "an artifact that no alias needs has left the cache");
            }
        }
        let before = SystemTime::now().checked_sub(ABANDONED).unwrap_or(SystemTime::UNIX_EPOCH);
        self.artifacts.remove_abandoned(before).await?;
        Ok(())
    }
}

/// `None` where it cannot be told.
fn length(content: &Content) -> Option<u64> {
    match content {
        Content::Held(bytes) => Some(bytes.len() as u64),
        Content::File(file) => file.metadata().ok().map(|metadata| metadata.len()),
    }
}

fn replace(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let (path, new) = (folder.join(INDEX), folder.join("index.new"));
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    File::open(folder)?.sync_all()
}
