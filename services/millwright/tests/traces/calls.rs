//! Callers that have a trace already.

use std::future::Future;

use millwright_client::{ClientError, PredictorClient};
use millwright_proto::predictor::{
    NamedColumn, Numbers, PredictRequest, PredictResponse, Texts, named_column::Values,
};
use opentelemetry::{
    Context,
    trace::{FutureExt, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tokio::runtime::Runtime;

/// A caller's span, which nobody of ours has made.
pub(crate) struct Caller {
    pub(crate) trace: String,
    pub(crate) span: String,
    context: Context,
}

impl Caller {
    /// Whose trace is kept.
    pub(crate) fn kept(number: u64) -> Self {
        Self::of(number, TraceFlags::SAMPLED)
    }

    /// Whose trace is not kept.
    pub(crate) fn unkept(number: u64) -> Self {
        Self::of(number, TraceFlags::default())
    }

    fn of(number: u64, flags: TraceFlags) -> Self {
        let (trace, span) = (TraceId::from(u128::from(number) << 64 | 1), SpanId::from(number));
        let state = TraceState::from_key_value([("plant", "2")]).expect("a state");
        let context = SpanContext::new(trace, span, flags, true, state);
        let context = Context::new().with_remote_span_context(context);
        Self { trace: trace.to_string(), span: span.to_string(), context }
    }

    /// What a future does is done for this caller.
    pub(crate) fn call<F: Future>(&self, call: F) -> impl Future<Output = F::Output> + use<F> {
        call.with_context(self.context.clone())
    }
}

/// What the predictor answers to each caller; all call at the same time.
pub(crate) fn predict(
    predictor: &str,
    calls: &[(&Caller, PredictRequest)],
) -> Vec<Result<PredictResponse, ClientError>> {
    Runtime::new().expect("threads").block_on(async {
        let client = PredictorClient::connect_lazy(predictor).expect("an address");
        let calls = calls.iter().map(|(caller, request)| {
            let (client, request) = (client.clone(), request.clone());
            caller.call(async move { client.predict(request).await })
        });
        futures::future::join_all(calls).await
    })
}

/// A request to `model` with `n` rows of a [`table`](crate::silence::table).
pub(crate) fn rows(model: &str, n: usize) -> PredictRequest {
    let texts = Texts { values: vec![format!("pump leaking {}", crate::silence::TEXT); n] };
    let numbers = Numbers { values: vec![crate::silence::NUMBER; n] };
    let column = |name: &str, values| NamedColumn { name: name.to_owned(), values: Some(values) };
    let columns =
        vec![column("note", Values::Texts(texts)), column("pressure", Values::Numbers(numbers))];
    PredictRequest { model_ref: model.to_owned(), columns, ..Default::default() }
}
