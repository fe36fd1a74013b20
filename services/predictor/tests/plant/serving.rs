//! A predictor in this process.

use std::{path::Path, time::Duration};

use millwright_client::{ClientError, HealthClient, PredictorClient, Serving};
use millwright_predictor::{Config, Listeners, ServeError, serve};
use millwright_proto::{
    inference::grpc_inference_service_client::GrpcInferenceServiceClient,
    predictor::{
        NamedColumn, Numbers, PredictRequest, PredictResponse, ServedModel, named_column::Values,
    },
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};
use tonic::transport::Channel;

/// A predictor that serves until it is stopped.
pub(crate) struct Predictor {
    pub(crate) client: PredictorClient,
    pub(crate) address: String,
    /// Where it speaks REST.
    pub(crate) rest: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Predictor {
    pub(crate) async fn start(folder: &Path, registry: &str) -> Self {
        Self::start_with(Config::new(folder, registry)).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        let grpc = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let rest = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let [address, at] = [&grpc, &rest].map(|l| l.local_addr().expect("bound").to_string());
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { drop(stopped.await) };
        let serving = tokio::spawn(serve(Listeners { grpc, rest: Some(rest) }, config, stopped));
        let client = PredictorClient::connect_lazy(&address).expect("an address");
        Self { client, address, rest: at, stop, serving }
    }

    /// A client of the Open Inference Protocol.
    pub(crate) fn open_inference(&self) -> GrpcInferenceServiceClient<Channel> {
        let address = format!("http://{}", self.address);
        let channel = Channel::from_shared(address).expect("an address").connect_lazy();
        GrpcInferenceServiceClient::new(channel)
    }

    /// Drains it; its folder is free then.
    pub(crate) async fn stop(self) {
        drop((self.stop, self.client));
        self.serving.await.expect("no panic").expect("it served");
    }

    /// Waits until health says that it serves.
    pub(crate) async fn until_ready(&self) {
        let health = HealthClient::connect_lazy("predictor", &self.address).expect("an address");
        soon(async { while !matches!(health.check("").await, Ok(Serving::Yes)) {} }).await;
    }

    /// Waits until `holds` of what is said of an alias of a model.
    pub(crate) async fn until(
        &self,
        (model, alias): (&str, &str),
        holds: impl Fn(&ServedModel) -> bool,
    ) -> ServedModel {
        soon(async {
            loop {
                let served = self.client.served().await.unwrap_or_default();
                let found = served.into_iter().find(|served| {
                    served.alias == alias
                        && served.serving.as_ref().is_some_and(|version| version.model == model)
                });
                if let Some(served) = found.filter(&holds) {
                    return served;
                }
            }
        })
        .await
    }

    /// Waits until `version` answers to `production` of `model`.
    pub(crate) async fn until_serving(&self, model: &str, version: u64) {
        let is_it = |served: &ServedModel| number(served) == version;
        self.until((model, "production"), is_it).await;
    }

    pub(crate) async fn predict(&self, model: &str) -> Result<PredictResponse, ClientError> {
        self.client.predict(request(model, 1)).await
    }
}

/// The number of the version that answers; 0: none.
pub(crate) fn number(served: &ServedModel) -> u64 {
    served.serving.as_ref().map_or(0, |version| version.version)
}

/// `n` rows of two numbers.
pub(crate) fn request(model: &str, n: usize) -> PredictRequest {
    let column = |name: &str| {
        let values = Some(Values::Numbers(Numbers { values: vec![0.5; n] }));
        NamedColumn { name: name.to_owned(), values }
    };
    let columns = vec![column("x0"), column("x1")];
    PredictRequest { model_ref: model.to_owned(), columns, ..PredictRequest::default() }
}

/// What is awaited, which comes long before the test is given up.
pub(crate) async fn soon<T>(awaited: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), awaited).await.expect("it comes")
}
