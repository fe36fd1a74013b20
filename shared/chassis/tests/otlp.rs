//! With an endpoint, spans are pushed to it, as children of the caller's.

#[expect(dead_code, reason = "what other tests need of it")]
#[path = "server/plant.rs"]
mod plant;

use millwright_chassis::{LogFormat, Sampling, Telemetry, TelemetryConfig, TraceConfig};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::{Span, status::StatusCode},
};
use plant::{Plant, request};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A collector that passes on what it gets.
struct Sink(mpsc::Sender<Span>);

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans;
        let scopes = resources.into_iter().flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            self.0.try_send(span).expect("the test reads on");
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn collector() -> (String, mpsc::Receiver<Span>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (sender, spans) = mpsc::channel(16);
    let server = Server::builder().add_service(TraceServiceServer::new(Sink(sender)));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (endpoint, spans)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_span_of_a_request_is_a_child_of_the_callers() {
    let (endpoint, mut spans) = collector().await;
    let telemetry = Telemetry::init(&TelemetryConfig {
        service: "millwright-test",
        metrics: ([127, 0, 0, 1], 0).into(),
        traces: TraceConfig { otlp_endpoint: Some(endpoint), sampling: Sampling::ALL },
        log_format: LogFormat::Text,
        log_filter: "off".to_owned(),
    })
    .expect("the first in this process");
    let plant = Plant::start(Default::default()).await;

    let mut request = Request::new(request("panic"));
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request.metadata_mut().insert("traceparent", parent.parse().expect("a value"));
    request.metadata_mut().insert("tracestate", "plant=2".parse().expect("a value"));
    plant.client().await.model_infer(request).await.expect_err("it panics");
    drop(plant);
    tokio::task::spawn_blocking(|| telemetry.shutdown()).await.expect("no panic");

    let span = spans.recv().await.expect("a span");
    assert_eq!(span.name, "inference.GRPCInferenceService/ModelInfer");
    assert_eq!(span.trace_id, 0x0af7651916cd43dd8448eb211c80319c_u128.to_be_bytes());
    assert_eq!(span.parent_span_id, 0xb7ad6b7169203331_u64.to_be_bytes());
    assert_eq!(span.trace_state, "plant=2");
    assert_eq!(span.status.map(|status| status.code()), Some(StatusCode::Error));
    for (key, value) in [("rpc.response.status_code", "INTERNAL"), ("error.type", "INTERNAL")] {
        let said = span.attributes.iter().find(|said| said.key == key);
        assert!(format!("{said:?}").contains(&format!("{value:?}")), "{said:?}");
    }
}
