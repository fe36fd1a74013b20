//! The three services, in this process.

use std::{fmt::Display, future::Future, io::Cursor, net::SocketAddr, path::Path, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use millwright_client::{PredictorClient, RegistryClient, TrainerClient};
use millwright_domain::{
    AliasName, Expected, FormatHints, InputSpec, JobId, JobState, Lineage, LogisticSpec, ModelName,
    ModelRef, ModelVersion, NewJob, NewVersion, PipelineSpec, Selector, SetAlias, Split,
    TrainingJob, TrainingSpec, Version,
};
use millwright_ml::{FittedPipeline, MEDIA_TYPE, Manifest, PipelineParts};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet, time::timeout};
use tonic::transport::Channel;

/// The three services on a folder of their own. Dropping it drops them where they stand.
pub struct Plant {
    /// Where the registry listens.
    pub registry_address: SocketAddr,
    /// Where the trainer listens.
    pub trainer_address: SocketAddr,
    /// Where the predictor listens.
    pub predictor_address: SocketAddr,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    services: JoinSet<()>,
}

impl Plant {
    /// Starts all three on an empty folder.
    pub async fn start() -> Self {
        Self::start_on(tempfile::tempdir().expect("a folder")).await
    }

    /// Starts all three on a folder that may have been used before.
    pub async fn start_on(folder: TempDir) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = stopped.map(|_| ()).boxed().shared();
        let [registry, trainer, predictor] = [listener().await, listener().await, listener().await];
        let addresses = [&registry, &trainer, &predictor].map(|l| l.local_addr().expect("bound"));
        let [registry_address, trainer_address, predictor_address] = addresses;
        let called = registry_address.to_string();
        let mut services = JoinSet::new();
        let config = millwright_registry::Config::new(folder.path());
        services.spawn(run(millwright_registry::serve(registry, config, stopped.clone())));
        let config = millwright_trainer::Config::new(folder.path(), &called);
        services.spawn(run(millwright_trainer::serve(trainer, config, stopped.clone())));
        let config = millwright_predictor::Config::new(folder.path(), &called);
        services.spawn(run(millwright_predictor::serve(predictor, config, stopped)));
        Self { registry_address, trainer_address, predictor_address, folder, stop, services }
    }

    /// Drains all three and gives back the folder.
    pub async fn stop(mut self) -> TempDir {
        drop(self.stop);
        while let Some(service) = self.services.join_next().await {
            service.expect("a service ends in good order");
        }
        self.folder
    }

    /// The folder that all three keep their bytes in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client of the registry.
    pub fn registry(&self) -> RegistryClient {
        RegistryClient::connect_lazy(&self.registry_address.to_string()).expect("an address")
    }

    /// A client of the trainer.
    pub fn trainer(&self) -> TrainerClient {
        TrainerClient::connect_lazy(&self.trainer_address.to_string()).expect("an address")
    }

    /// A client of the predictor.
    pub fn predictor(&self) -> PredictorClient {
        PredictorClient::connect_lazy(&self.predictor_address.to_string()).expect("an address")
    }

    /// A connection to the predictor, for stubs of other protocols.
    pub fn predictor_channel(&self) -> Channel {
        let address = format!("http://{}", self.predictor_address);
        Channel::from_shared(address).expect("an address").connect_lazy()
    }

    /// Uploads `csv`, trains on it and waits for the end of the job.
    pub async fn run_job(&self, model: &str, csv: &[u8], spec: TrainingSpec) -> TrainingJob {
        let trainer = self.trainer();
        let file = Cursor::new(csv.to_vec());
        let dataset =
            trainer.upload_dataset(file, FormatHints::default(), |_| ()).await.expect("a table");
        let model = model.parse().expect("a name");
        let new = NewJob { model, dataset: dataset.digest, spec, idempotency_key: None };
        let job = trainer.create_job(new).await.expect("a job");
        let mut states = trainer.watch_job(&job.id).await.expect("the job is watched");
        let mut last = job;
        while let Some(state) = states.next().await {
            last = state.expect("the watch goes on to the end");
        }
        last
    }

    /// Trains `model` on `csv` and promotes what came out; the predictor serves it.
    pub async fn train(&self, model: &str, csv: &[u8], spec: TrainingSpec) -> ModelVersion {
        let job = self.run_job(model, csv, spec).await;
        assert_eq!(job.state, JobState::Succeeded, "{:?}", job.failure);
        let version = job.version.expect("a job that succeeded has registered a version");
        self.promote(&job.model, version).await;
        let reference = ModelRef { name: job.model, selector: Selector::Version(version) };
        self.registry().version(&reference).await.expect("the version")
    }

    /// Registers a pipeline that was not trained, and promotes it; the predictor serves it.
    pub async fn register(&self, model: &str, parts: PipelineParts) -> ModelVersion {
        let pipeline = FittedPipeline::from_parts(parts).expect("parts that fit");
        let bytes = Bytes::from(pipeline.encode().expect("an artifact"));
        let registry = self.registry();
        let artifact = registry.upload_artifact(MEDIA_TYPE, bytes).await.expect("uploaded");
        let Manifest { signature, classes, evaluation, summary, dataset, spec, library, .. } =
            pipeline.manifest().clone();
        let job = JobId::random();
        let new = NewVersion {
            model: model.parse().expect("a name"),
            artifact: artifact.digest,
            signature,
            classes,
            evaluation,
            idempotency_key: job.to_string(),
            lineage: Lineage { dataset, spec, job, library, summary },
        };
        let version = registry.create_version(new).await.expect("registered");
        self.promote(&version.model, version.version).await;
        version
    }

    /// Points `production` at a version and waits until the predictor serves it.
    pub async fn promote(&self, model: &ModelName, version: Version) {
        let alias = AliasName::production();
        let set = SetAlias { model: model.clone(), alias, version, expected: Expected::Any };
        self.registry().set_alias(&set).await.expect("the alias moves");
        self.until_served(model, version).await;
    }

    /// Waits until the predictor answers `@production` with `version`.
    pub async fn until_served(&self, model: &ModelName, version: Version) {
        let served = timeout(Duration::from_secs(30), self.watch_served(model, version)).await;
        served.unwrap_or_else(|_| panic!("{model}@{version} is not served"));
    }

    async fn watch_served(&self, model: &ModelName, version: Version) {
        loop {
            let served = self.predictor().served().await.expect("the predictor answers");
            let served = served.into_iter().filter(|served| served.alias == "production");
            let answers = served.filter_map(|served| served.serving);
            let wanted = (model.to_string(), version.get());
            if answers.into_iter().any(|version| (version.model, version.version) == wanted) {
                return;
            }
        }
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

async fn run<E: Display>(service: impl Future<Output = Result<(), E>>) {
    if let Err(error) = service.await {
        panic!("a service did not start: {error}");
    }
}

/// Words of `text` are counted; the column `fold` says which rows are held out.
pub fn text_spec() -> TrainingSpec {
    spec(InputSpec::words("text"))
}

/// Every column is a number; the column `fold` says which rows are held out.
pub fn numeric_spec() -> TrainingSpec {
    spec(InputSpec::numbers(vec![]))
}

fn spec(input: InputSpec) -> TrainingSpec {
    let pipeline = PipelineSpec {
        target: "label".to_owned(),
        input,
        reduction: None,
        logistic: LogisticSpec::default(),
    };
    let split = Split::Column("fold".to_owned());
    TrainingSpec { pipeline, split, validation: None, table: None, seed: 42 }
}
