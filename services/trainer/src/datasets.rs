//! Data sets: bytes in a folder, and a row for each that is a table.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::SystemTime};

use futures::{Stream, StreamExt, TryStreamExt};
use millwright_chassis::Step;
use millwright_domain::{Dataset, Digest, FormatHints, Page, PageSize};
use millwright_ml::CsvTable;
use millwright_proto::trainer as pb;
use millwright_store::{BlobUpload, Blobs, JobStore, LocalBlobs, StoreError, StoredBlob};
use millwright_wire::{WireError, optional};
use opentelemetry::trace::FutureExt as _;
use tokio::sync::Mutex;

use crate::error::TrainerError;

/// As the contract says; a longer one is refused.
const MAX_CHUNK: usize = 1 << 20;
/// Blobs that are looked at together when the folder is swept.
const SWEPT_TOGETHER: usize = 1000;

/// Keeps data sets. Clones share the folder.
#[derive(Clone)]
pub(crate) struct Datasets {
    blobs: LocalBlobs,
    store: Arc<dyn JobStore>,
    /// How many uploads have stored the bytes of a digest and not yet recorded them. Nobody stores
    /// or removes bytes while it is held: what is about to be recorded is not removed.
    arriving: Arc<Mutex<HashMap<Digest, usize>>>,
}

impl Datasets {
    pub(crate) fn new(blobs: LocalBlobs, store: Arc<dyn JobStore>) -> Self {
        Self { blobs, store, arriving: Arc::default() }
    }

    /// Stores what `parts` hold, if it is a table, which is read as the first of them says.
    ///
    /// Bytes become durable before they are read as a table; if they are none, and are not the data
    /// set that somebody else uploaded and reads in another way, they are removed again.
    pub(crate) async fn upload(
        &self,
        mut parts: impl Stream<Item = Result<pb::UploadDatasetRequest, TrainerError>> + Unpin,
    ) -> Result<Dataset, TrainerError> {
        let mut upload = self.blobs.begin().await?;
        let mut hints = None;
        while let Some(part) = parts.next().await.transpose()? {
            hints = Some(taken(hints, part.hints)?);
            if part.chunk.len() > MAX_CHUNK {
                return Err(WireError::new("chunk", "must be 1 MiB or less").into());
            }
            upload.write(part.chunk).await?;
        }
        let datasets = self.clone();
        // It ends what it began although its caller may be gone.
        let task = async move { datasets.publish(upload, hints.unwrap_or_default()).await };
        let task = tokio::spawn(task.with_current_context());
        task.await.map_err(|_| TrainerError::Panicked)?
    }

    async fn publish(
        &self,
        upload: Box<dyn BlobUpload>,
        hints: FormatHints,
    ) -> Result<Dataset, TrainerError> {
        let blob = Step::begin("keep").attempt(self.arrive(upload)).await?;
        let recorded = self.record(blob, hints).await;
        if let Err(error) = self.arrived(&blob.digest).await {
            tracing::warn!(%error, "bytes that are no data set stay until the next start");
        }
        recorded
    }

    /// Makes the bytes durable, which nobody removes before they have arrived.
    async fn arrive(&self, upload: Box<dyn BlobUpload>) -> Result<StoredBlob, StoreError> {
        let mut arriving = self.arriving.lock().await;
        let blob = upload.commit().await?;
        *arriving.entry(blob.digest).or_default() += 1;
        Ok(blob)
    }

    async fn record(&self, blob: StoredBlob, hints: FormatHints) -> Result<Dataset, TrainerError> {
        let path = self.blobs.path(&blob.digest);
        let profile = move || CsvTable::open(&path, &hints).map(|table| table.profile().clone());
        let reading = Step::begin("read");
        let profiled = tokio::task::spawn_blocking(profile).await;
        drop(reading);
        let table = profiled.map_err(|_| TrainerError::Panicked)??;
        let StoredBlob { digest, size_bytes } = blob;
        let dataset = Dataset { digest, size_bytes, table, created_at: SystemTime::now() };
        Ok(self.store.put_dataset(&dataset).await?)
    }

    /// One upload of these bytes is over; the last one removes them if none recorded them.
    async fn arrived(&self, digest: &Digest) -> Result<(), StoreError> {
        let mut arriving = self.arriving.lock().await;
        let others = arriving.remove(digest).unwrap_or_default().saturating_sub(1);
        if others > 0 {
            arriving.insert(*digest, others);
            return Ok(());
        }
        self.remove_unless_recorded(digest).await
    }

    async fn remove_unless_recorded(&self, digest: &Digest) -> Result<(), StoreError> {
        if self.store.dataset(digest).await?.is_none() {
            self.blobs.remove(digest).await?;
        }
        Ok(())
    }

    /// Removes bytes that are no data set: a process was killed before it could. Before any upload.
    pub(crate) async fn sweep(&self) -> Result<(), StoreError> {
        let mut last = None;
        loop {
            let blobs = self.blobs.list(last.as_ref(), SWEPT_TOGETHER).await?;
            for blob in &blobs {
                self.remove_unless_recorded(&blob.digest).await?;
            }
            let Some(blob) = blobs.last() else { return Ok(()) };
            last = Some(blob.digest);
        }
    }

    pub(crate) async fn find(&self, digest: &Digest) -> Result<Dataset, TrainerError> {
        let found = self.store.dataset(digest).await?;
        found.ok_or_else(|| TrainerError::not_found("data set", digest))
    }

    pub(crate) async fn page(
        &self,
        before: Option<u64>,
        size: PageSize,
    ) -> Result<Page<Dataset, u64>, TrainerError> {
        Ok(self.store.datasets(before, size).await?)
    }

    /// Where the bytes of a data set are, once every one of them was compared with its digest.
    pub(crate) async fn verified(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        let chunks = self.blobs.read(digest).await?;
        chunks.try_for_each(|_| async { Ok(()) }).await?;
        Ok(self.blobs.path(digest))
    }
}

/// The hints of an upload of which `before` is known, none if this is its first part.
fn taken(
    before: Option<FormatHints>,
    told: Option<pb::FormatHints>,
) -> Result<FormatHints, WireError> {
    match (before, told) {
        (None, told) => Ok(optional("hints", told)?.unwrap_or_default()),
        (Some(_), Some(_)) => Err(WireError::new("hints", "belong into the first message alone")),
        (Some(before), None) => Ok(before),
    }
}

#[cfg(test)]
mod tests {
    use millwright_store::SqliteJobs;

    use super::*;

    #[tokio::test]
    async fn bytes_that_somebody_is_about_to_record_are_not_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = LocalBlobs::open(folder.path().join("datasets")).await.expect("opened");
        let store = SqliteJobs::open(&folder.path().join("trainer.sqlite")).await.expect("opened");
        let datasets = Datasets::new(blobs.clone(), Arc::new(store));
        let upload = async || {
            let mut upload = blobs.begin().await.expect("begun");
            upload.write("a;b\n\"1\";2\n".into()).await.expect("written");
            upload
        };
        let blob = datasets.arrive(upload().await).await.expect("durable");
        let commas = FormatHints { delimiter: Some(','), ..FormatHints::default() };
        let refused = datasets.publish(upload().await, commas.clone()).await;
        assert!(matches!(refused, Err(TrainerError::Table(_))), "{refused:?}");
        let recorded = datasets.record(blob, FormatHints::default()).await.expect("a table");
        datasets.arrived(&blob.digest).await.expect("recorded");
        assert_eq!(datasets.find(&blob.digest).await.expect("there"), recorded);
        datasets.verified(&blob.digest).await.expect("its bytes are there");
        datasets.publish(upload().await, commas).await.expect_err("no table");
        datasets.verified(&blob.digest).await.expect("its bytes are still there");
    }
}
