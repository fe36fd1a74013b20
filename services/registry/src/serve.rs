//! Wires the registry and runs it.

use std::{future::Future, sync::Arc};

use millwright_chassis::{Exit, Services, UploadMeter, meter, observe_disk};
use millwright_domain::{Code, Fault};
use millwright_proto::{DESCRIPTORS, registry::registry_service_server::RegistryServiceServer};
use millwright_store::{DataFolder, FolderFormat, LocalBlobs, SqliteRegistry, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    Config, artifacts::Artifacts, ledger::Ledger, retention::Retention, service::Service,
    stock::Stock,
};

/// How this release keeps the registry's folder.
///
/// 2: deletions and tags in the database, uploads that go on beside the artifacts.
pub const FORMAT: FolderFormat = FolderFormat { service: "registry", number: 2 };

/// Why a registry did not start, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its folder cannot be used.
    #[error("--data-dir: the registry cannot use its folder: {0}")]
    Store(#[from] StoreError),
    /// The server could not be put together.
    #[error(transparent)]
    Server(#[from] millwright_chassis::ServeError),
}

impl Fault for ServeError {
    fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::Server(error) => error.code(),
        }
    }
}

impl ServeError {
    /// What a process exits with that ends on this.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Store(StoreError::Damaged { .. }) => Exit::Data,
            Self::Store(_) => Exit::CannotCreate,
            Self::Server(error) => error.code().into(),
        }
    }
}

/// Serves on `listener` until `stop` resolves, then drains; watches end at once.
///
/// Opens the folder first, which no other process may have open.
///
/// # Errors
/// [`ServeError`], before the first call is answered.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    stop: impl Future<Output = ()> + Clone + Send + 'static,
) -> Result<(), ServeError> {
    let folder = DataFolder::open(&config.data_dir.join("registry"), FORMAT)?;
    let artifacts = open(&folder, &config).await?;
    let stopping = CancellationToken::new();
    let collecting = Retention::new(artifacts.clone(), config.keep_unneeded);
    let collecting = tokio::spawn(collecting.run(stopping.clone()));
    let ledger = artifacts.ledger().clone();
    let stock = Stock::shown(&ledger, &meter());
    let counting = tokio::spawn(stock.count(stopping.clone()));
    observe_disk("registry", folder.path());
    let service = Service {
        artifacts,
        patience: config.upload_idle,
        stop: stopping.clone(),
        uploads: UploadMeter::new("artifact"),
    };
    let largest = config.limits.max_message_bytes;
    let service = RegistryServiceServer::new(service)
        .max_decoding_message_size(largest)
        .max_encoding_message_size(largest);
    let services = Services::new(DESCRIPTORS).add(service);
    // However serving ends, collecting does.
    let stopped = stopping.clone().drop_guard();
    let stop = async move {
        stop.await;
        stopping.cancel();
    };
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "the registry is ready");
    }
    let served = millwright_chassis::serve(listener, services, config.limits, stop).await;
    drop(stopped);
    // A panic in there was logged, and cost what was to be collected only.
    let _ = (collecting.await, counting.await);
    // The folder is free for the next process only when nothing is written any more.
    ledger.close().await;
    Ok(served?)
}

/// What the folder holds, in the format of this release.
async fn open(folder: &DataFolder, config: &Config) -> Result<Artifacts, StoreError> {
    let blobs = LocalBlobs::open(folder.path().join("artifacts")).await?;
    let store = SqliteRegistry::open(&folder.path().join("registry.sqlite")).await?;
    folder.settle()?;
    let ledger = Ledger::open(Arc::new(store)).await?;
    Ok(Artifacts::new(ledger, Arc::new(blobs.with_max_size(config.max_artifact_bytes))))
}
