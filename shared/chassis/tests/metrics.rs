//! `/metrics` tells of every request as the caller saw it.

#[expect(dead_code, reason = "what other tests need of it")]
#[path = "server/plant.rs"]
mod plant;

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::LazyLock,
};

use http_body_util::BodyExt;
use millwright_chassis::{LogFormat, Sampling, Telemetry, TelemetryConfig, TraceConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

use plant::{Plant, end_of, request};

/// A process has one.
static TELEMETRY: LazyLock<Telemetry> = LazyLock::new(|| {
    let config = TelemetryConfig {
        service: "millwright-test",
        metrics: ([127, 0, 0, 1], 0).into(),
        traces: TraceConfig { otlp_endpoint: None, sampling: Sampling::ALL },
        log_format: LogFormat::Json,
        log_filter: "off".to_owned(),
    };
    Telemetry::init(&config).expect("the first in this process")
});

async fn page() -> String {
    let request =
        http::Request::get("/metrics").body(axum::body::Body::empty()).expect("a request");
    let answer = TELEMETRY.metrics_router().oneshot(request).await.expect("infallible");
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4");
    let bytes = answer.into_body().collect().await.expect("whole").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn requests_are_counted_by_method_and_code_with_seconds_in_buckets() {
    LazyLock::force(&TELEMETRY);
    let plant = Plant::start(Default::default()).await;
    let mut client = plant.client().await;
    client.model_infer(request("")).await.expect("an answer");
    client.model_infer(request("panic")).await.expect_err("it panics");
    let mut unknown = tonic::client::Grpc::new(plant.channel().await);
    unknown.ready().await.expect("connected");
    let path = http::uri::PathAndQuery::from_static("/made.up.Service/Made");
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    unknown.unary(tonic::Request::new(()), path, codec).await.expect_err("not there");

    let page = page().await;
    let labels = r#"method="ModelInfer",service="inference.GRPCInferenceService""#;
    for line in [
        format!(r#"millwright_rpc_requests_total{{code="OK",{labels}}} 1"#),
        format!(r#"millwright_rpc_requests_total{{code="INTERNAL",{labels}}} 1"#),
        format!(r#"millwright_rpc_duration_seconds_bucket{{{labels},le="0.0005"}}"#),
        format!(r#"millwright_rpc_duration_seconds_bucket{{{labels},le="100"}} 2"#),
        format!("millwright_rpc_in_flight{{{labels}}} 0"),
        r#"millwright_rpc_requests_total{code="UNIMPLEMENTED",method="other",service="other"} 1"#
            .to_owned(),
    ] {
        assert!(page.contains(&line), "{line} in:\n{page}");
    }
    assert!(!page.contains("otel_scope"), "{page}");
    assert!(!page.contains("made"), "a caller makes no labels");
}

#[tokio::test]
async fn a_scraper_gets_the_page_over_http1() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(TELEMETRY.serve_metrics(listener, async { drop(stopped.await) }));
    let mut scraper = TcpStream::connect(address).await.expect("it listens");
    let ask = b"GET /metrics HTTP/1.1\r\nhost: millwright\r\nconnection: close\r\n\r\n";
    scraper.write_all(ask).await.expect("sent");
    let mut answer = String::new();
    scraper.read_to_string(&mut answer).await.expect("text");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("service_version"), "{answer}");
    drop(stop);
    served.await.expect("it ends when told to");
}

#[tokio::test]
#[ignore = "needs Prometheus's promtool"]
async fn promtool_finds_nothing_to_say() {
    LazyLock::force(&TELEMETRY);
    let plant = Plant::start(Default::default()).await;
    let messages = futures::stream::iter([request("")]);
    let answers = plant.client().await.model_stream_infer(messages).await.expect("it begins");
    end_of(answers.into_inner()).await.expect("fine");

    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is installed");
    let mut page_in = promtool.stdin.take().expect("piped");
    page_in.write_all(page().await.as_bytes()).expect("it reads");
    drop(page_in);
    let said = promtool.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && text.is_empty(), "{text}");
}
