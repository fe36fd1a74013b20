//! A registry and a trainer on a folder of their own, and the data that they are given.

use std::{fs, future::Future, path::Path};

use futures::{FutureExt, StreamExt, TryStreamExt};
use millwright_client::{ClientError, RegistryClient, TrainerClient};
use millwright_domain::{
    Dataset, Digest, FormatHints, InputSpec, JobId, LogisticSpec, MiniBatchSpec, ModelName,
    ModelRef, ModelVersion, NewJob, PipelineSpec, Progress, Schedule, Selector, Solver, Split,
    TrainingJob, TrainingSpec,
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::oneshot,
    task::JoinHandle,
};

/// Handwritten digits: 1,797 rows of 64 numbers; see `tests/data/README.md`.
pub(crate) const DIGITS: &[u8] = include_bytes!("../../../../tests/data/digits.csv");

/// A table of two classes that one number tells apart.
pub(crate) const SMALL: &[u8] = b"pressure,note,class\n\
    1.0,runs smoothly,ok\n1.5,runs well,ok\n,runs smoothly,ok\n0.5,quiet,ok\n1.2,runs,ok\n\
    9.0,loud noise,bad\n8.5,leaks oil,bad\n9.5,oil leak,bad\n8.0,,bad\n9.9,noise,bad\n";

/// A service in this process. Dropping it begins its drain.
pub(crate) struct Running {
    pub(crate) address: String,
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Running {
    fn start<F, E>(listener: TcpListener, serve: impl FnOnce(TcpListener, Stop) -> F) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error,
    {
        let address = listener.local_addr().expect("bound").to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = serve(listener, stopped.map(drop as fn(_)).shared());
        let task = tokio::spawn(async { served.await.expect("it serves") });
        Self { address, task, stop }
    }

    /// Drains.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.task.await.expect("it ends in good order");
    }

    /// Ends it where it stands.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err(), "it was killed");
    }
}

type Stop = futures::future::Shared<
    futures::future::Map<oneshot::Receiver<()>, fn(Result<(), oneshot::error::RecvError>)>,
>;

pub(crate) async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// An address where nobody listens until its socket does. Nobody else gets its port meanwhile.
pub(crate) fn reserved() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = socket.local_addr().expect("bound").to_string();
    (socket, address)
}

pub(crate) fn registry_on(listener: TcpListener, folder: &Path) -> Running {
    start_registry(listener, millwright_registry::Config::new(folder))
}

pub(crate) async fn trainer(folder: &Path, registry: &str) -> Running {
    start_trainer(bind().await, millwright_trainer::Config::new(folder, registry))
}

fn start_registry(listener: TcpListener, config: millwright_registry::Config) -> Running {
    Running::start(listener, |listener, stop| millwright_registry::serve(listener, config, stop))
}

fn start_trainer(listener: TcpListener, config: millwright_trainer::Config) -> Running {
    Running::start(listener, |listener, stop| millwright_trainer::serve(listener, config, stop))
}

/// Both services.
pub(crate) struct Plant {
    pub(crate) folder: TempDir,
    pub(crate) registry: Running,
    pub(crate) trainer: Running,
}

impl Plant {
    pub(crate) async fn start() -> Self {
        Self::limited(|_, _| {}).await
    }

    /// With other limits.
    pub(crate) async fn limited(
        limit: impl FnOnce(&mut millwright_registry::Config, &mut millwright_trainer::Config),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listeners = [bind().await, bind().await];
        let address = listeners[0].local_addr().expect("bound").to_string();
        let mut registry = millwright_registry::Config::new(folder.path());
        let mut trainer = millwright_trainer::Config::new(folder.path(), address);
        limit(&mut registry, &mut trainer);
        let [beside, listener] = listeners;
        let registry = start_registry(beside, registry);
        let trainer = start_trainer(listener, trainer);
        Self { folder, registry, trainer }
    }

    pub(crate) fn trainer(&self) -> TrainerClient {
        client(&self.trainer)
    }

    pub(crate) fn registry(&self) -> RegistryClient {
        RegistryClient::connect_lazy(&self.registry.address).expect("an address")
    }

    /// The same with another trainer, once the first one was killed and `meanwhile` was done.
    pub(crate) async fn after_a_kill(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { folder, registry, trainer: killed } = self;
        killed.kill().await;
        meanwhile(folder.path());
        let trainer = trainer(folder.path(), &registry.address).await;
        Self { folder, registry, trainer }
    }

    /// Numbers of the versions that `model` has, newest first.
    pub(crate) async fn versions(&self, model: &ModelName) -> Vec<u64> {
        let versions = self.registry().all_versions(model.clone());
        let versions = versions.map_ok(|version| version.version.get()).try_collect().await;
        versions.expect("it is registered")
    }
}

pub(crate) fn client(trainer: &Running) -> TrainerClient {
    TrainerClient::connect_lazy(&trainer.address).expect("an address")
}

/// Files that are for running jobs, checkpoints and scratch; those of `but` are left out.
pub(crate) fn leftovers(folder: &Path, but: Option<&JobId>) -> Vec<String> {
    let folders = ["checkpoints", "scratch"].map(|name| folder.join("trainer").join(name));
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let names = files.map(|file| file.expect("an entry").file_name().to_string_lossy().to_string());
    names.filter(|name| but.is_none_or(|id| !name.starts_with(id.as_str()))).collect()
}

pub(crate) async fn upload(trainer: &TrainerClient, table: &'static [u8]) -> Digest {
    put(trainer, table).await.expect("a table").digest
}

/// Uploads a table of which nothing is said.
pub(crate) async fn put(
    trainer: &TrainerClient,
    table: &'static [u8],
) -> Result<Dataset, ClientError> {
    trainer.upload_dataset(table, FormatHints::default(), |_| {}).await
}

pub(crate) async fn datasets(trainer: &TrainerClient) -> Vec<Dataset> {
    trainer.all_datasets().try_collect().await.expect("a list")
}

pub(crate) async fn jobs(trainer: &TrainerClient) -> Vec<TrainingJob> {
    trainer.all_jobs().try_collect().await.expect("a list")
}

/// What `job` registered.
pub(crate) async fn registered(registry: &RegistryClient, job: &TrainingJob) -> ModelVersion {
    let version = job.version.unwrap_or_else(|| panic!("it registered none: {job:?}"));
    let reference = ModelRef { name: job.model.clone(), selector: Selector::Version(version) };
    registry.version(&reference).await.expect("it is registered")
}

pub(crate) fn model() -> ModelName {
    "press.defect".parse().expect("a name")
}

/// A quick job on [`SMALL`].
pub(crate) fn small_job(dataset: Digest) -> NewJob {
    let input = InputSpec::numbers(vec!["pressure".to_owned()]);
    job(dataset, ("class", input, Split::Fraction(0.2)), LogisticSpec::default())
}

/// A job on [`DIGITS`] that takes `max_iter` iterations: at a constant rate its steps never settle.
pub(crate) fn long_job(dataset: Digest, max_iter: u32) -> NewJob {
    let steps = MiniBatchSpec { schedule: Schedule::Constant, ..MiniBatchSpec::SGD };
    let (solver, tolerance) = (Solver::Sgd(steps), f64::MIN_POSITIVE);
    let logistic = LogisticSpec { solver, max_iter, tolerance, ..LogisticSpec::default() };
    let input = InputSpec::numbers(vec![]);
    job(dataset, ("label", input, Split::Column("fold".to_owned())), logistic)
}

/// A job on [`DIGITS`] that nobody waits for.
pub(crate) fn endless_job(dataset: Digest) -> NewJob {
    long_job(dataset, u32::MAX)
}

fn job(
    dataset: Digest,
    (target, input, split): (&str, InputSpec, Split),
    logistic: LogisticSpec,
) -> NewJob {
    let pipeline = PipelineSpec { target: target.to_owned(), input, reduction: None, logistic };
    let spec = TrainingSpec { pipeline, split, validation: None, table: None, seed: 42 };
    NewJob { model: model(), dataset, spec, idempotency_key: None }
}

/// Follows a job to its end.
pub(crate) async fn ended(trainer: &TrainerClient, id: &JobId) -> TrainingJob {
    let updates = trainer.watch_job(id).await.expect("the job is known");
    let last = updates.fold(None, async |_, update| Some(update.expect("it is followed"))).await;
    last.filter(|job| job.state.has_ended()).expect("the end is told")
}

/// Follows a job until its progress is as wanted.
pub(crate) async fn until(
    trainer: &TrainerClient,
    id: &JobId,
    wanted: impl Fn(Progress) -> bool,
) -> TrainingJob {
    let mut updates = trainer.watch_job(id).await.expect("the job is known");
    loop {
        let job = updates.next().await.expect("it goes on").expect("it is followed");
        assert!(!job.state.has_ended(), "it ended before: {job:?}");
        if job.progress.is_some_and(&wanted) {
            return job;
        }
    }
}

/// Follows a job until it is as wanted, or has ended.
pub(crate) async fn until_or_ended(
    trainer: &TrainerClient,
    id: &JobId,
    wanted: impl Fn(&TrainingJob) -> bool,
) {
    let mut updates = trainer.watch_job(id).await.expect("the job is known");
    while let Some(job) = updates.next().await {
        if wanted(&job.expect("it is followed")) {
            return;
        }
    }
}
