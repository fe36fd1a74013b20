//! A predictor beside that of a plant.

use std::{net::SocketAddr, time::Duration};

use millwright_client::PredictorClient;
use millwright_predictor::{BatchPolicy, Config, Listeners, serve};
use millwright_tests::Plant;
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};

/// A predictor with a folder of its own. Dropping it drops it where it stands.
pub(crate) struct Further {
    pub(crate) grpc: SocketAddr,
    pub(crate) rest: SocketAddr,
    _service: JoinSet<()>,
    _folder: TempDir,
}

impl Further {
    /// Starts it; it serves what the plant's registry says.
    pub(crate) async fn start(plant: &Plant, policy: BatchPolicy) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let grpc = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let rest = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let [at, rest_at] = [&grpc, &rest].map(|listener| listener.local_addr().expect("bound"));
        let config = Config::new(folder.path(), plant.registry_address.to_string());
        let mut service = JoinSet::new();
        service.spawn(async move {
            let listeners = Listeners { grpc, rest: Some(rest) };
            let never = std::future::pending();
            serve(listeners, Config { policy, ..config }, never).await.expect("it starts");
        });
        let started = Self { grpc: at, rest: rest_at, _service: service, _folder: folder };
        let served = timeout(Duration::from_secs(60), started.until_it_serves()).await;
        served.expect("it serves what aliases point to");
        started
    }

    async fn until_it_serves(&self) {
        let client = PredictorClient::connect_lazy(&self.grpc.to_string()).expect("an address");
        loop {
            let slots = client.served().await.expect("it answers");
            let mut served = slots.into_iter().filter_map(|slot| slot.serving);
            if served.any(|version| version.version > 0) {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}
