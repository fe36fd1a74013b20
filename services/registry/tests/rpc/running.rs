//! A registry that runs.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::FutureExt;
use millwright_proto::registry::registry_service_client::RegistryServiceClient;
use millwright_registry::{Config, ServeError, serve};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};
use tonic::transport::Channel;

/// Far longer than anything takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) type Client = RegistryServiceClient<Channel>;

/// A registry on a folder and a port of its own.
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Registry {
    pub(crate) async fn start() -> Self {
        Self::start_on(tempfile::tempdir().expect("a folder")).await
    }

    pub(crate) async fn start_on(folder: TempDir) -> Self {
        let config = Config::new(folder.path());
        Self::start_with(config, folder).await
    }

    /// Starts with a limit for artifacts, in bytes.
    pub(crate) async fn start_limited(max_artifact_bytes: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::start_set(folder, |config| config.max_artifact_bytes = max_artifact_bytes).await
    }

    /// Starts on `folder` as `set` says.
    pub(crate) async fn start_set(folder: TempDir, set: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(folder.path());
        set(&mut config);
        Self::start_with(config, folder).await
    }

    async fn start_with(config: Config, folder: TempDir) -> Self {
        let (listener, address) = bind().await;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = stopped.map(|_| ()).shared();
        let served = tokio::spawn(serve(listener, config, stopped));
        Self { address, client: connect(address).await, folder, stop, served }
    }

    /// Stops in good order and gives back the folder.
    pub(crate) async fn stop(self) -> TempDir {
        drop(self.client);
        drop(self.stop);
        self.served.await.expect("no panic").expect("it ends in good order");
        self.folder
    }

    pub(crate) async fn restart(self) -> Self {
        Self::start_on(self.stop().await).await
    }

    /// Where the artifacts are.
    pub(crate) fn artifacts(&self) -> PathBuf {
        artifacts(self.folder.path())
    }

    /// What a second registry on the same folder ends with.
    pub(crate) async fn second(&self) -> ServeError {
        let (listener, _) = bind().await;
        let second = serve(listener, Config::new(self.folder.path()), futures::future::pending());
        second.await.expect_err("the folder is in use")
    }
}

pub(crate) async fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

pub(crate) async fn connect(address: SocketAddr) -> Client {
    let endpoint = Channel::from_shared(format!("http://{address}")).expect("an address");
    Client::new(endpoint.connect().await.expect("it accepts"))
}

/// Where a registry on `data_dir` keeps its artifacts.
pub(crate) fn artifacts(data_dir: &Path) -> PathBuf {
    data_dir.join("registry").join("artifacts")
}

/// Files below `folder`.
pub(crate) fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().collect::<io::Result<Vec<_>>>();
    let count = |path: &Path| if path.is_dir() { files(path) } else { 1 };
    entries.into_iter().flatten().map(|entry| count(&entry.path())).sum()
}

/// Resolves when `n` bytes of uploads have arrived in `artifacts`, of those that can go on.
pub(crate) async fn arrived(artifacts: &Path, n: u64) {
    let partial = artifacts.join("partial");
    // The registry may still be about to make the folder.
    let arrived = || {
        let files = fs::read_dir(&partial).into_iter().flatten().flatten();
        let lengths = files.map(|file| file.metadata().map_or(0, |file| file.len()));
        lengths.sum::<u64>() >= n
    };
    timeout(PATIENCE, until(arrived)).await.expect("it arrives");
}

/// Resolves when no file is left in `artifacts`.
pub(crate) async fn emptied(artifacts: &Path) {
    remaining(artifacts, 0).await;
}

/// Resolves when `n` files are left in `artifacts`.
pub(crate) async fn remaining(artifacts: &Path, n: usize) {
    // They go in the background: no answer waits for that.
    let emptied = || files(artifacts) == n;
    timeout(PATIENCE, until(emptied)).await.expect("the others go");
}

pub(crate) async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}
