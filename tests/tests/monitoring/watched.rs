//! A plant that is measured, and that something happens in.

use std::{net::SocketAddr, sync::LazyLock};

use futures::{StreamExt, future::join_all, stream};
use millwright_chassis::{LogFormat, Sampling, Telemetry, TelemetryConfig, TraceConfig};
use millwright_client::RetryPolicy;
use millwright_domain::{Code, Fault, ModelName, TrainingSpec, ValidationSpec, Version};
use millwright_proto::{
    inference::{
        InferTensorContents, ModelInferRequest,
        grpc_inference_service_client::GrpcInferenceServiceClient,
        model_infer_request::InferInputTensor,
    },
    predictor::{PredictRequest, PredictStreamRequest},
};
use millwright_tests::{Plant, data, request, text_spec, texts};
use tokio::net::TcpListener;

/// A process has one.
static TELEMETRY: LazyLock<Telemetry> = LazyLock::new(|| {
    let config = TelemetryConfig {
        service: "millwright-test",
        metrics: ([127, 0, 0, 1], 0).into(),
        traces: TraceConfig { otlp_endpoint: None, sampling: Sampling::ALL },
        log_format: LogFormat::Text,
        log_filter: "off".to_owned(),
    };
    Telemetry::init(&config).expect("the first in this process")
});

/// More rows than may be queued twice over.
const CROWD: usize = 16_384;

/// A plant that serves version 2 of a model, and the address of its `/metrics`.
pub(crate) struct Watched {
    pub(crate) metrics: SocketAddr,
    plant: Plant,
    model: ModelName,
}

impl Watched {
    /// Trains `model`, which no other plant of this process has: they share a page.
    pub(crate) async fn start(model: &str) -> Self {
        LazyLock::force(&TELEMETRY);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let metrics = listener.local_addr().expect("it is bound");
        tokio::spawn(TELEMETRY.serve_metrics(listener, std::future::pending()));
        let plant = Plant::start().await;
        for seed in [1, 2] {
            plant.train(model, &data::notes(), spec(seed)).await;
        }
        Self { metrics, plant, model: model.parse().expect("a name") }
    }

    /// Some of everything that callers do, wrong things too.
    pub(crate) async fn traffic(&self) {
        let predictor = self.plant.predictor();
        predictor.predict(self.rows(3)).await.expect("answered");
        let message = |row_index| PredictStreamRequest { row_index, request: Some(self.rows(2)) };
        let messages = (0..20).map(message).collect::<Vec<_>>();
        let answers = predictor.predict_stream(stream::iter(messages)).await.expect("begun");
        assert_eq!(answers.count().await, 20);
        self.infer().await;
        let nobody = PredictRequest { model_ref: "press.nobody".to_owned(), ..self.rows(1) };
        let unknown = predictor.predict(nobody).await;
        assert_eq!(unknown.expect_err("not there").code(), Code::NotFound);
        self.plant.registry().model(&self.model).await.expect("there");
    }

    /// Asks for too much at once until somebody is refused.
    pub(crate) async fn overload(&self) {
        let predictor = self.plant.predictor().with_retry(RetryPolicy::NEVER);
        loop {
            let asked = (0..4).map(|_| predictor.predict(self.rows(CROWD)));
            let refused = join_all(asked).await.into_iter().filter_map(Result::err);
            if refused.map(|error| error.code()).any(|code| code == Code::ResourceExhausted) {
                return;
            }
        }
    }

    /// Moves the alias to the version before, and back again.
    pub(crate) async fn move_alias(&self) {
        for number in [1, 2] {
            let version = Version::new(number).expect("not 0");
            self.plant.promote(&self.model, version).await;
        }
    }

    async fn infer(&self) {
        let contents = InferTensorContents {
            bytes_contents: vec!["hydraulic oil".into()],
            ..Default::default()
        };
        let input = InferInputTensor {
            name: "text".to_owned(),
            datatype: "BYTES".to_owned(),
            shape: vec![1, 1],
            contents: Some(contents),
            ..Default::default()
        };
        let asked = ModelInferRequest {
            model_name: self.model.to_string(),
            inputs: vec![input],
            ..Default::default()
        };
        let mut door = GrpcInferenceServiceClient::new(self.plant.predictor_channel());
        while let Err(status) = door.model_infer(asked.clone()).await {
            assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status}");
        }
    }

    fn rows(&self, n: usize) -> PredictRequest {
        request(self.model.as_str(), vec![texts("text", &vec!["motor trips"; n])])
    }
}

fn spec(seed: u64) -> TrainingSpec {
    let validation = ValidationSpec { share: 0.3, target: None, patience: None };
    TrainingSpec { validation: Some(validation), seed, ..text_spec() }
}
