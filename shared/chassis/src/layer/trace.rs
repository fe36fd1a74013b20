//! One span per request, as long as its answer.

use std::{net::SocketAddr, sync::Arc};

use http::{HeaderMap, Request};
use millwright_domain::GRPC_CODES;
use opentelemetry::{
    Context, ContextGuard, KeyValue, StringValue,
    propagation::{Extractor, TextMapPropagator},
    trace::{SpanKind, Status, TraceContextExt, Tracer as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, RPC_METHOD, RPC_RESPONSE_STATUS_CODE, RPC_SYSTEM_NAME, SERVER_ADDRESS, SERVER_PORT,
};
use tonic::Code;

use super::{refusal::Refusal, step::Step, watched::Watch};
use crate::{Tracer, Traces, methods::Named};

/// W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

/// What the spans of one server have in common.
#[derive(Clone)]
pub(super) struct Tracing {
    tracer: Tracer,
    /// Where it listens.
    address: Arc<str>,
    port: i64,
}

impl Tracing {
    pub(super) fn new(tracer: Tracer, at: SocketAddr) -> Self {
        Self { tracer, address: at.ip().to_string().into(), port: at.port().into() }
    }

    /// The request's span, within the caller's. Nothing of a payload is in it, and of a method that
    /// nobody has, not even the name: a caller can put anything there.
    fn span(&self, Named { method, context }: &Named, headers: &HeaderMap) -> Context {
        let parent = TraceContextPropagator::new().extract_with_context(context, &Headers(headers));
        let (name, full_name) = match &method.full_name {
            Some(known) => (known.to_string(), known.clone().into()),
            None => ("grpc".to_owned(), StringValue::from("_OTHER")),
        };
        let span = self.tracer.span_builder(name).with_kind(SpanKind::Server).with_attributes([
            KeyValue::new(RPC_SYSTEM_NAME, "grpc"),
            KeyValue::new(RPC_METHOD, full_name),
            KeyValue::new(SERVER_ADDRESS, self.address.clone()),
            KeyValue::new(SERVER_PORT, self.port),
        ]);
        let span = span.start_with_context(&*self.tracer, &parent);
        parent.with_span(span)
    }
}

/// Runs the request within a span whose parent is the caller's `traceparent` (W3C Trace Context).
///
/// Names follow OpenTelemetry's conventions for gRPC, version 1.42. Health and reflection leave no
/// spans: probes would be most of them.
impl Step for Tracing {
    type Watch = Traced;

    fn begin<B>(&self, request: &mut Request<B>) -> Result<Option<Traced>, Refusal> {
        let (named, headers) = (Named::of(request), request.headers());
        if named.method.is_about_the_server() {
            return Ok(None);
        }
        // Most processes export nothing: an empty span would cost as much as one that is kept.
        let is_empty = !Traces::are_exported() && !headers.contains_key(TRACEPARENT);
        let context = if is_empty { named.context.clone() } else { self.span(named, headers) };
        Ok(Some(Traced(context)))
    }
}

pub(super) struct Traced(Context);

impl Watch for Traced {
    fn ended(&mut self, code: Code) {
        let (span, name) = (self.0.span(), GRPC_CODES[code as usize]);
        span.set_attribute(KeyValue::new(RPC_RESPONSE_STATUS_CODE, name));
        if is_our_failure(code) {
            span.set_attribute(KeyValue::new(ERROR_TYPE, name));
            span.set_status(Status::error(""));
        }
    }

    fn attach(&self) -> Option<ContextGuard> {
        Some(self.0.clone().attach())
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // Whatever of the request goes on holds the context, and the span is over.
        self.0.span().end();
    }
}

/// As OpenTelemetry's conventions for gRPC servers tell a server's failure from a caller's.
fn is_our_failure(code: Code) -> bool {
    use Code::{DataLoss, DeadlineExceeded, Internal, Unavailable, Unimplemented, Unknown};
    matches!(code, Unknown | DeadlineExceeded | Unimplemented | Internal | Unavailable | DataLoss)
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
