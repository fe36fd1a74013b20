//! Spans of our own work, within those of whoever asked for it.

use std::{collections::HashMap, future::Future, ops::Range, sync::Arc, time::SystemTime};

use millwright_domain::{Fault, TraceContext};
use opentelemetry::{
    Context, InstrumentationScope, KeyValue, Value,
    global::BoxedTracer,
    propagation::TextMapPropagator,
    trace::{FutureExt, Span as _, Status, TraceContextExt, Tracer as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_semantic_conventions::{SCHEMA_URL, attribute::ERROR_TYPE};

use crate::error_type;

/// Makes spans. Where nothing is exported they are empty, and cost next to nothing.
pub type Tracer = Arc<BoxedTracer>;

/// The one source of spans; use it after [`Telemetry::init`](crate::Telemetry::init).
///
/// Names and attributes are OpenTelemetry's, of the version that its crate is made for, or begin
/// with `millwright.`. No feature value, no text of a row, no label and no path stands in a span.
pub fn tracer() -> Tracer {
    Arc::new(opentelemetry::global::tracer_with_scope(scope()))
}

/// Whose spans they are.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("millwright")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA_URL)
        .build()
}

/// One step of a longer work, as a span that ends when this is dropped.
///
/// For what takes milliseconds: it looks the tracer up. Where requests pass by the thousand, hold
/// a [`Tracer`].
#[derive(Debug)]
pub struct Step(Context);

impl Step {
    /// Begins a step of what is going on: of a request, or of the step around it. Where nothing is,
    /// a trace begins.
    pub fn begin(name: &'static str) -> Self {
        Self::within(&Context::current(), name)
    }

    /// Begins a step of what went on when `origin` was taken down, perhaps in another process.
    pub fn resume(origin: &TraceContext, name: &'static str) -> Self {
        Self::within(&extracted(origin), name)
    }

    /// Tells of a step that is over already, of what went on at `origin`.
    pub fn past(origin: &TraceContext, name: &'static str, time: Range<SystemTime>) {
        let (tracer, context) = (tracer(), extracted(origin));
        let span = tracer.span_builder(name).with_start_time(time.start);
        span.start_with_context(&*tracer, &context).end_with_timestamp(time.end);
    }

    fn within(context: &Context, name: &'static str) -> Self {
        Self(context.with_span(tracer().start_with_context(name, context)))
    }

    /// Says something about the step: `millwright.` and what it is.
    pub fn note(&self, key: &'static str, value: impl Into<Value>) {
        self.0.span().set_attribute(KeyValue::new(key, value));
    }

    /// Marks the step as failed; `kind` is one of few, such as `DATA_LOSS`.
    pub fn failed(&self, kind: &'static str) {
        self.note(ERROR_TYPE, kind);
        self.0.span().set_status(Status::error(""));
    }

    /// Runs `work` within the step: what it logs names the trace, what it calls joins it.
    pub fn run<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.with_context(self.0.clone())
    }

    /// Runs `work` within the step and marks it as failed if that fails.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn attempt<T, E: Fault>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.run(work).await.inspect_err(|error| self.failed(error_type(error)))
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.0.span().end();
    }
}

fn extracted(origin: &TraceContext) -> Context {
    let carrier = HashMap::from([
        ("traceparent".to_owned(), origin.traceparent.clone()),
        ("tracestate".to_owned(), origin.tracestate.clone()),
    ]);
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

/// Where in which trace the caller is; nothing outside of one. [`Step::resume`] goes on from it.
pub fn trace_context() -> Option<TraceContext> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Context::current(), &mut carrier);
    let traceparent = carrier.remove("traceparent")?;
    Some(TraceContext { traceparent, tracestate: carrier.remove("tracestate").unwrap_or_default() })
}
