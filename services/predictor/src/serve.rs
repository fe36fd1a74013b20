//! Puts the predictor together.

use std::future::Future;

use futures::{FutureExt, future::select};
use millwright_chassis::{Exit, Health, Services, Stop, meter, observe_disk};
use millwright_client::{ClientError, RegistryClient, RetryPolicy};
use millwright_domain::{Code, Fault};
use millwright_proto::{
    DESCRIPTORS, inference::grpc_inference_service_server::GrpcInferenceServiceServer,
    predictor::predictor_service_server::PredictorServiceServer,
};
use millwright_store::StoreError;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    Compute, Config, Instruments, Listeners, PoolError, cache::Cache, catalog::Catalog,
    inference::Inference, keeper::Keeper, load::Dock, loader::Loader, model::Workshop, observed,
    readiness::Readiness, repository::Repository, rest, service::Predictions,
};

/// Why a predictor does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its folder cannot be used.
    #[error("--data-dir: the predictor cannot use its folder: {0}")]
    Store(#[from] StoreError),
    /// The address of the registry cannot be used.
    #[error(transparent)]
    Registry(#[from] ClientError),
    /// There are no threads to compute on.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// There is no thread to load versions on.
    #[error("cannot start the thread of loads: {0}")]
    Thread(#[source] std::io::Error),
    /// The server could not be put together.
    #[error(transparent)]
    Server(#[from] millwright_chassis::ServeError),
}

impl Fault for ServeError {
    fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::Registry(error) => error.code(),
            Self::Pool(_) | Self::Thread(_) => Code::ResourceExhausted,
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
            Self::Registry(_) => Exit::Usage,
            Self::Pool(_) | Self::Thread(_) => Exit::Temporary,
            Self::Server(error) => error.code().into(),
        }
    }
}

/// Serves what the registry's aliases point to until `stop` resolves, then drains.
///
/// Opens the folder first, which no other process may have open, and begins with what is in it.
///
/// # Errors
/// [`ServeError`]; nothing was served.
pub async fn serve(
    listeners: impl Into<Listeners>,
    config: Config,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let Config { data_dir, registry, policy, compute_threads, limits } = config;
    let cache = Cache::open(&data_dir.join("predictor")).await?;
    let compute = Compute::new(compute_threads.get())?;
    let (instruments, serving) = (Instruments::new(&meter()), Handle::current());
    let workshop = Workshop { policy, compute, instruments, serving };
    let catalog = Catalog::default();
    observed::observe(&meter(), &catalog, &policy);
    observe_disk("predictor", &data_dir);
    let stop = stop.boxed().shared();
    let Listeners { grpc, rest } = listeners.into();
    let largest = limits.max_message_bytes;
    let predictions = Predictions { catalog: catalog.clone(), stop: stop.clone(), largest };
    let dock = Dock::new(&registry, cache, workshop)?;
    // Its own connection, which no load holds up; whoever asks hears at once that the registry is away.
    let registry = RegistryClient::connect_lazy(&registry)?.with_retry(RetryPolicy::NEVER);
    let repository = Repository { catalog: catalog.clone(), registry, stop: stop.clone() };
    let inference = Inference { catalog: catalog.clone(), repository, stop: stop.clone(), largest };
    let mut services = services(predictions, inference.clone());
    if let Some(listener) = rest {
        services = services.with_http(rest::face(listener, inference));
    }
    let following = Following::start(dock, catalog, services.health(), stop.clone()).await;
    millwright_chassis::serve(grpc, services, limits, stop).await?;
    following.end().await;
    Ok(())
}

/// The tasks that keep catalog and cache as the registry says.
struct Following {
    end: CancellationToken,
    loader: AbortOnDropHandle<()>,
    keeper: AbortOnDropHandle<()>,
}

impl Following {
    /// Begins with what the cache knows.
    async fn start(dock: Dock, catalog: Catalog, health: Health, stop: Stop) -> Self {
        let cache = dock.cache.clone();
        let index = cache.index().await;
        let (heard, changes) = watch::channel(index.as_ref().map(|index| index.revision));
        index.into_iter().for_each(|index| catalog.restore(index));
        observed::observe_revision(&meter(), changes.clone());
        let keeper = Keeper { cache, catalog: catalog.clone(), heard: changes };
        let loader = Loader::new(dock, catalog, Readiness::new(health), heard);
        let end = CancellationToken::new();
        let stop = select(stop, end.clone().cancelled_owned().boxed()).map(drop);
        let loader = AbortOnDropHandle::new(tokio::spawn(loader.run(stop)));
        Self { end, loader, keeper: AbortOnDropHandle::new(tokio::spawn(keeper.run())) }
    }

    /// Returns when nothing is written any more: the folder is free for the next process.
    async fn end(self) {
        self.end.cancel();
        // Without the loader, nothing tells the keeper to write. A panic of either was logged.
        let _panicked = (self.loader.await, self.keeper.await);
    }
}

fn services(predictions: Predictions, inference: Inference) -> Services {
    let largest = predictions.largest;
    Services::new(DESCRIPTORS)
        .not_yet_serving()
        .add(
            PredictorServiceServer::new(predictions)
                .max_decoding_message_size(largest)
                .max_encoding_message_size(largest),
        )
        .add(
            GrpcInferenceServiceServer::new(inference)
                .max_decoding_message_size(largest)
                .max_encoding_message_size(largest),
        )
}
