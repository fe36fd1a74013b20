//! Tells every call to whoever collects traces, and carries the trace to the service.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as Task, Poll, ready},
};

use futures::{FutureExt, future::BoxFuture};
use http_body::{Frame, SizeHint};
use millwright_domain::GRPC_CODES;
use opentelemetry::{
    Context, InstrumentationScope, KeyValue,
    global::BoxedTracer,
    propagation::{Injector, TextMapPropagator},
    trace::{SpanKind, Status as SpanStatus, TraceContextExt, Tracer},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_semantic_conventions::{
    SCHEMA_URL,
    attribute::{
        ERROR_TYPE, RPC_METHOD, RPC_RESPONSE_STATUS_CODE, RPC_SYSTEM_NAME, SERVER_ADDRESS,
        SERVER_PORT,
    },
};
use tonic::{
    Code, Status,
    body::Body,
    codegen::{
        Service,
        http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode},
    },
    transport::{self, Channel},
};

use crate::error::timed_out;

/// A channel whose calls are spans of the trace that is going on, and go on with it.
///
/// A call is told from its request to the end of its answer, each try by itself. The service gets
/// the span as `traceparent` and `tracestate` (W3C Trace Context). Outside of a trace nothing is
/// told or sent: a client that watches for days is no trace. Names follow OpenTelemetry's
/// conventions for gRPC, version 1.42.
#[derive(Clone)]
pub(crate) struct Traced {
    channel: Channel,
    peer: Arc<Peer>,
}

struct Peer {
    tracer: BoxedTracer,
    address: String,
    port: i64,
}

impl Traced {
    /// `address` is `host:port`.
    pub(crate) fn new(channel: Channel, address: &str) -> Self {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        let scope = InstrumentationScope::builder("millwright-client")
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(SCHEMA_URL)
            .build();
        let peer = Peer {
            tracer: opentelemetry::global::tracer_with_scope(scope),
            address: host.trim_matches(['[', ']']).to_owned(),
            port: port.parse().unwrap_or_default(),
        };
        Self { channel, peer: Arc::new(peer) }
    }
}

impl Peer {
    /// The span of a call to `path`, within what is going on.
    fn begin(&self, path: &str) -> Call {
        let method = path.trim_start_matches('/').to_owned();
        let context = Context::current();
        let span = self.tracer.span_builder(method.clone()).with_kind(SpanKind::Client);
        let span = span.with_attributes([
            KeyValue::new(RPC_SYSTEM_NAME, "grpc"),
            KeyValue::new(RPC_METHOD, method),
            KeyValue::new(SERVER_ADDRESS, self.address.clone()),
            KeyValue::new(SERVER_PORT, self.port),
        ]);
        Call { context: context.with_span(span.start(&self.tracer)), code: Code::Cancelled }
    }
}

impl Service<Request<Body>> for Traced {
    type Response = Response<Body>;
    type Error = transport::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, transport::Error>>;

    fn poll_ready(&mut self, cx: &mut Task<'_>) -> Poll<Result<(), transport::Error>> {
        self.channel.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if !Context::map_current(TraceContextExt::has_active_span) {
            return self.channel.call(request).boxed();
        }
        let call = self.peer.begin(request.uri().path());
        call.carry(request.headers_mut());
        call.follow(self.channel.call(request)).boxed()
    }
}

/// A call that is told when it ends.
struct Call {
    context: Context,
    /// What it ends with; a caller that wants no answer any more has cancelled it.
    code: Code,
}

impl Call {
    fn carry(&self, headers: &mut HeaderMap) {
        TraceContextPropagator::new().inject_context(&self.context, &mut Headers(headers));
    }

    async fn follow(
        mut self,
        answer: impl Future<Output = Result<Response<Body>, transport::Error>>,
    ) -> Result<Response<Body>, transport::Error> {
        match answer.await {
            Ok(response) => Ok(self.watch(response)),
            Err(error) => {
                let late = timed_out(&error);
                self.code = if late { Code::DeadlineExceeded } else { Code::Unavailable };
                Err(error)
            }
        }
    }

    /// The call ends with its headers or, where there are more, with its trailers.
    fn watch(mut self, response: Response<Body>) -> Response<Body> {
        if response.status() != StatusCode::OK {
            self.code = Code::Unknown;
            return response;
        }
        if let Some(code) = code_in(response.headers()) {
            self.code = code;
            return response;
        }
        response.map(|body| Body::new(Watched { body, call: Some(self) }))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let (span, name) = (self.context.span(), GRPC_CODES[self.code as usize]);
        span.set_attribute(KeyValue::new(RPC_RESPONSE_STATUS_CODE, name));
        if self.code != Code::Ok {
            span.set_attribute(KeyValue::new(ERROR_TYPE, name));
            span.set_status(SpanStatus::error(""));
        }
        span.end();
    }
}

/// An answer that is looked at until its trailers.
struct Watched {
    body: Body,
    call: Option<Call>,
}

impl http_body::Body for Watched {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let code = match &frame {
            Some(Ok(frame)) => frame.trailers_ref().and_then(code_in),
            Some(Err(broken)) => Some(broken.code()),
            None => None,
        };
        if let Some(code) = code
            && let Some(mut call) = self.call.take()
        {
            call.code = code;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    Some(Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes()))
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if value.is_empty() {
            return;
        }
        if let (Ok(key), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(key, value);
        }
    }
}
