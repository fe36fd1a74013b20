//! Wires the trainer and runs it.

use std::{future::Future, path::Path, sync::Arc};

use millwright_chassis::{
    Exit, Services,
    background::{LAST, stand_back},
    meter, observe_disk,
};
use millwright_client::{ClientError, RegistryClient, RetryPolicy};
use millwright_domain::{Code, Fault};
use millwright_proto::{DESCRIPTORS, trainer::trainer_service_server::TrainerServiceServer};
use millwright_store::{DataFolder, FolderFormat, JobStore, LocalBlobs, SqliteJobs, StoreError};
use rayon::ThreadPoolBuilder;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config, datasets::Datasets, interrupted, live::Live, meters::Meters, place::Place,
    service::Service, stock::Stock, worker::Worker,
};

/// How this release keeps the trainer's folder.
///
/// 2: jobs can be called off, checkpoints.
pub const FORMAT: FolderFormat = FolderFormat { service: "trainer", number: 2 };

/// Why a trainer did not start, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its folder cannot be used.
    #[error("--data-dir: the trainer cannot use its folder: {0}")]
    Store(#[from] StoreError),
    /// The registry's address is none.
    #[error(transparent)]
    Registry(#[from] ClientError),
    /// The server could not be put together.
    #[error(transparent)]
    Server(#[from] millwright_chassis::ServeError),
    /// A job ended that still counts as running; it runs again at the next start.
    #[error("the end of a job cannot be recorded: {0}")]
    Record(#[source] StoreError),
    /// A worker panicked outside of a job.
    #[error("a worker panicked")]
    Panicked,
}

/// Serves on `listener` until `stop`, and runs jobs meanwhile.
///
/// Opens the folder first and takes up the jobs that a process before left running: from their
/// checkpoints, or anew. A job that runs at `stop` saves a checkpoint and goes on at the next start.
/// Dropping the future gives it up at once, without the drain.
///
/// # Errors
/// [`ServeError`], before the first call is answered, or after the drain if a worker was lost.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    stop: impl Future<Output = ()> + Clone + Send + 'static,
) -> Result<(), ServeError> {
    // The pool that a process shares reads tables, trains, and tries versions before they are served:
    // what is served has a pool of its own. Where it was made already, this is not the first trainer.
    let _ = ThreadPoolBuilder::new().start_handler(|_| stand_back(LAST)).build_global();
    let folder = DataFolder::open(&config.data_dir.join("trainer"), FORMAT)?;
    let worker = open(folder.path(), &config).await?;
    folder.settle()?;
    let halt = CancellationToken::new();
    observe_disk("trainer", folder.path());
    let stock = Stock::shown(worker.store.clone(), &worker.live, &meter());
    let counting = tokio::spawn(stock.count(halt.clone()));
    let _halted_when_dropped = halt.clone().drop_guard();
    let mut pool = JoinSet::new();
    let mut interrupted = interrupted::take_up(&worker, config.workers.get()).await?.into_iter();
    for _ in 0..config.workers.get() {
        // However a worker ends, the trainer does: it would take jobs that nobody runs.
        let ends_with_it = halt.clone().drop_guard();
        let work = worker.clone().work_until(halt.clone(), interrupted.next());
        pool.spawn(async move {
            let _ends_with_it = ends_with_it;
            work.await
        });
    }
    let max_message = config.limits.max_message_bytes;
    let service = TrainerServiceServer::new(Service::beside(worker, halt.clone()))
        .max_decoding_message_size(max_message)
        .max_encoding_message_size(max_message);
    let services = Services::new(DESCRIPTORS).add(service);
    let stop = async move {
        halt.run_until_cancelled(stop).await;
        halt.cancel();
    };
    millwright_chassis::serve(listener, services, config.limits, stop).await?;
    // A panic in there was logged, and cost a figure only.
    let _ = counting.await;
    while let Some(ended) = pool.join_next().await {
        ended.map_err(|_| ServeError::Panicked)?.map_err(ServeError::Record)?;
    }
    Ok(())
}

/// Opens what is in `folder`, and removes what a killed process left of uploads and runs.
async fn open(folder: &Path, config: &Config) -> Result<Worker, ServeError> {
    let blobs = LocalBlobs::open(folder.join("datasets")).await?;
    let blobs = blobs.with_max_size(config.max_dataset_bytes);
    let store = SqliteJobs::open(&folder.join("trainer.sqlite")).await?;
    let store: Arc<dyn JobStore> = Arc::new(store);
    let datasets = Datasets::new(blobs, store.clone());
    datasets.sweep().await?;
    Ok(Worker {
        datasets,
        store,
        // A job has more patience than a call: `registering` tries again by itself.
        registry: RegistryClient::connect_lazy(&config.registry)?.with_retry(RetryPolicy::NEVER),
        live: Live::default(),
        bell: Arc::default(),
        meters: Meters::new(&meter()),
        place: Place::open(folder, config.checkpoint_every)?,
    })
}

impl Fault for ServeError {
    fn code(&self) -> Code {
        match self {
            Self::Store(error) | Self::Record(error) => error.code(),
            Self::Registry(error) => error.code(),
            Self::Server(error) => error.code(),
            Self::Panicked => Code::Internal,
        }
    }
}

impl ServeError {
    /// What a process exits with that ends on this.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Store(StoreError::Damaged { .. }) => Exit::Data,
            Self::Record(_) | Self::Panicked => self.code().into(),
            Self::Store(_) => Exit::CannotCreate,
            Self::Registry(_) => Exit::Usage,
            Self::Server(error) => error.code().into(),
        }
    }
}
