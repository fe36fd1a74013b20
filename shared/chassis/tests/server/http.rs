//! The HTTP face keeps the same promises as gRPC, in its own words.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, body::Body, extract::State, response::Response};
use bytes::Bytes;
use http::{Request, StatusCode, header::ALLOW};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use millwright_chassis::{HttpCode, HttpFace, Limits, Services, serve};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

use crate::plant::{Machine, request, soon};

/// A server whose HTTP face answers by the path.
struct Faced {
    http: SocketAddr,
    machine: Machine,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

impl Faced {
    async fn start(limits: Limits) -> Self {
        let grpc = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let http = listener.local_addr().expect("it is bound");
        let machine = Machine::default();
        let routes = Router::new().fallback(answer).with_state(machine.clone());
        let face = HttpFace::new(listener, routes, |request| match request.uri().path() {
            "/health" => "/grpc.health.v1.Health/Check",
            _ => "/inference.GRPCInferenceService/ModelInfer",
        });
        let services = Services::new(millwright_proto::DESCRIPTORS).with_http(face);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let served = tokio::spawn(async move {
            serve(grpc, services, limits, stopped).await.expect("it serves");
        });
        Self { http, machine, stop, served }
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.http).await.expect("it listens");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection);
        sender
    }

    /// The answer at `path`, over a connection of its own.
    async fn get(&self, path: &str) -> Told {
        told(&mut self.connect().await, path).await
    }
}

/// What a caller is told.
struct Told {
    status: StatusCode,
    headers: http::HeaderMap,
    body: String,
}

impl Told {
    fn error(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        body["error"].as_str().expect("an error").to_owned()
    }
}

async fn told(sender: &mut SendRequest<Full<Bytes>>, path: &str) -> Told {
    let asked = Request::get(path).body(Full::default()).expect("a request");
    let answer = soon(sender.send_request(asked)).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = soon(body.collect()).await.expect("whole").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("text");
    Told { status: parts.status, headers: parts.headers, body }
}

async fn answer(State(machine): State<Machine>, request: axum::extract::Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    match path {
        "invalid" => Status::invalid_argument("say 液压").into_http::<Body>(),
        "full" => {
            let mut details = ErrorDetails::new();
            details.set_retry_info(Some(Duration::from_millis(1_200)));
            Status::with_error_details(tonic::Code::ResourceExhausted, "full", details).into_http()
        }
        "large" => Status::resource_exhausted("too large").into_http(),
        "precondition" => Status::failed_precondition("load it first").into_http(),
        "method" => {
            let mut refused = Status::invalid_argument("POST").into_http::<Body>();
            refused.extensions_mut().insert(HttpCode(StatusCode::METHOD_NOT_ALLOWED));
            refused.headers_mut().insert(ALLOW, "POST".parse().expect("a value"));
            refused
        }
        name => {
            use millwright_proto::inference::grpc_inference_service_server::GrpcInferenceService;
            let called = machine.model_infer(tonic::Request::new(crate::plant::request(name)));
            let answered = called.await.map(|_| "done");
            answered.map_or_else(Status::into_http, |done| {
                let mut response = Response::new(done.into());
                response.headers_mut().insert("grpc-status", 0.into());
                response
            })
        }
    }
}

fn one_seat() -> Limits {
    Limits { max_in_flight: 1, ..Default::default() }
}

#[tokio::test]
async fn a_status_becomes_that_of_http_and_its_message_the_error() {
    let server = Faced::start(Default::default()).await;
    let fine = server.get("/fine").await;
    assert_eq!((fine.status, fine.body.as_str()), (StatusCode::OK, "done"));
    assert!(
        fine.headers.keys().all(|name| !name.as_str().starts_with("grpc-")),
        "{:?}",
        fine.headers
    );
    for (path, status, error) in [
        ("/invalid", StatusCode::BAD_REQUEST, "say 液压"),
        ("/large", StatusCode::PAYLOAD_TOO_LARGE, "too large"),
        ("/full", StatusCode::TOO_MANY_REQUESTS, "full"),
        ("/precondition", StatusCode::CONFLICT, "load it first"),
        ("/method", StatusCode::METHOD_NOT_ALLOWED, "POST"),
    ] {
        let told = server.get(path).await;
        assert_eq!((told.status, told.error().as_str()), (status, error), "{path}");
        assert_eq!(told.headers["content-type"], "application/json");
        assert!(told.headers.keys().all(|name| !name.as_str().starts_with("grpc-")));
        assert_eq!(told.headers.contains_key("retry-after"), path == "/full", "{path}");
        assert_eq!(told.headers.contains_key("allow"), path == "/method", "{path}");
    }
    let full = server.get("/full").await;
    assert_eq!(full.headers["retry-after"], "2", "whole seconds, none too few");
    assert_eq!(full.headers["retry-after-ms"], "1200");
}

#[tokio::test]
async fn a_panic_and_an_answer_without_a_meaning_are_incidents() {
    let server = Faced::start(Default::default()).await;
    for path in ["/panic", "/unknown", "/internal"] {
        let told = server.get(path).await;
        assert_eq!(told.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert!(told.error().starts_with("internal error, incident "), "{path}: {}", told.error());
    }
}

#[tokio::test]
async fn a_call_beyond_the_seats_is_shed_and_health_is_not() {
    let server = Faced::start(one_seat()).await;
    let mut seated = server.connect().await;
    let seated = tokio::spawn(async move { told(&mut seated, "/wait").await });
    server.machine.waits(1).await;
    let shed = server.get("/fine").await;
    assert_eq!(shed.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(shed.headers["retry-after"], "1");
    assert_eq!(server.get("/health").await.status, StatusCode::OK);
    server.machine.release.add_permits(1);
    assert_eq!(seated.await.expect("no panic").status, StatusCode::OK);
    assert_eq!(server.get("/fine").await.status, StatusCode::OK, "the seat is free");
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_the_work_is_dropped() {
    let limits = Limits { max_deadline: Duration::from_millis(50), ..Default::default() };
    let server = Faced::start(limits).await;
    let late = server.get("/wait").await;
    assert_eq!(late.status, StatusCode::GATEWAY_TIMEOUT, "{}", late.body);
    server.machine.waits(0).await;
}

#[tokio::test]
async fn an_admitted_call_is_finished_and_the_connection_closed() {
    let server = Faced::start(Default::default()).await;
    let mut seated = server.connect().await;
    let admitted = tokio::spawn(async move {
        let told = told(&mut seated, "/wait").await;
        (told, soon(seated.ready()).await)
    });
    server.machine.waits(1).await;
    let mut idle = server.connect().await;
    assert_eq!(told(&mut idle, "/fine").await.status, StatusCode::OK);
    server.stop.cancel();
    soon(async {
        while idle.ready().await.is_ok() {
            tokio::task::yield_now().await
        }
    })
    .await;
    server.machine.release.add_permits(1);
    let (told, closed) = admitted.await.expect("no panic");
    assert_eq!((told.status, closed.is_err()), (StatusCode::OK, true));
    soon(server.served).await.expect("no panic");
}

#[tokio::test]
async fn a_call_that_is_not_done_is_cut_off_when_the_drain_is_over() {
    let limits = Limits { drain: Duration::from_millis(50), ..Default::default() };
    let server = Faced::start(limits).await;
    let mut sender = server.connect().await;
    let asked = Request::get("/wait").body(Full::default()).expect("a request");
    let answer = tokio::spawn(sender.send_request(asked));
    server.machine.waits(1).await;
    server.stop.cancel();
    soon(server.served).await.expect("no panic");
    soon(answer).await.expect("no panic").expect_err("cut off");
    server.machine.waits(0).await;
}

#[tokio::test]
async fn a_caller_that_leaves_takes_its_work_along() {
    let server = Faced::start(Default::default()).await;
    let mut stream = TcpStream::connect(server.http).await.expect("it listens");
    stream.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    server.machine.waits(1).await;
    drop(stream);
    server.machine.waits(0).await;
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let limits = Limits { max_header_bytes: 8 << 10, ..Default::default() };
    let server = Faced::start(limits).await;
    let long = format!("x: {}\r\n", "a".repeat(16 << 10));
    let many: String = (0..200).map(|i| format!("x-{i}: a\r\n")).collect();
    for headers in [long, many] {
        let mut stream = TcpStream::connect(server.http).await.expect("it listens");
        let request = format!("GET /fine HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = [0; 12];
        soon(stream.read_exact(&mut answer)).await.expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 431", "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(server.machine.calls.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn grpc_is_no_http_face_and_the_other_way_round() {
    let server = Faced::start(Default::default()).await;
    let plant = crate::plant::Plant::start(Default::default()).await;
    let asked = Request::post(plant.origin() + "/inference.GRPCInferenceService/ModelInfer")
        .header("content-type", "application/json")
        .body(tonic::body::Body::empty())
        .expect("a request");
    let answer = plant.sender().await.send_request(asked).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let mut client = plant.client().await;
    client.model_infer(request("")).await.expect("gRPC over HTTP/2");
    let mut stream = TcpStream::connect(server.http).await.expect("it listens");
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("sent");
    let mut rest = Vec::new();
    // Refused in HTTP/1.1's words, or closed.
    let _ = soon(stream.read_to_end(&mut rest)).await;
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"), "{rest:?}");
}
