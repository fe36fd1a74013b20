//! Counts requests and their time.

use std::{
    array,
    sync::{Arc, OnceLock},
    time::Instant,
};

use http::Request;
use opentelemetry::{
    KeyValue,
    metrics::{
        BoundCounter, BoundHistogram, BoundUpDownCounter, Counter, Histogram, Meter, UpDownCounter,
    },
};
use tonic::Code;

use super::{refusal::Refusal, step::Step, watched::Watch};
use crate::methods::Method;

/// The codes of gRPC, from `OK` on.
const CODES: usize = Code::Unauthenticated as usize + 1;

/// The instruments of a server; the exporter adds `_seconds` and `_total` to their names.
#[derive(Clone)]
pub(super) struct Instruments(Arc<Inner>);

struct Inner {
    duration: Histogram<f64>,
    requests: Counter<u64>,
    in_flight: UpDownCounter<i64>,
}

impl Instruments {
    pub(super) fn new(meter: &Meter) -> Self {
        Self(Arc::new(Inner {
            duration: meter
                .f64_histogram("millwright.rpc.duration")
                .with_unit("s")
                .with_description("Time from a request to the end of its answer")
                .build(),
            requests: meter
                .u64_counter("millwright.rpc.requests")
                .with_description("Requests that ended, by gRPC status code")
                .build(),
            in_flight: meter
                .i64_up_down_counter("millwright.rpc.in_flight")
                .with_description("Requests whose answer has not ended")
                .build(),
        }))
    }

    /// Those of `method`, looked up once in its life.
    fn of(&self, method: &Method) -> Arc<MethodMeters> {
        method.meters.get_or_init(|| Arc::new(MethodMeters::new(&self.0, method))).clone()
    }
}

/// The instruments of one method, bound to its labels: every request records, and none looks a
/// label up.
#[derive(Debug)]
pub(crate) struct MethodMeters {
    duration: BoundHistogram<f64>,
    in_flight: BoundUpDownCounter<i64>,
    /// By code; those that never came are not told.
    requests: [OnceLock<BoundCounter<u64>>; CODES],
    unbound: Counter<u64>,
    labels: [KeyValue; 2],
}

impl MethodMeters {
    fn new(instruments: &Inner, method: &Method) -> Self {
        let labels = [
            KeyValue::new("service", method.service.clone()),
            KeyValue::new("method", method.name.clone()),
        ];
        Self {
            duration: instruments.duration.bind(&labels),
            in_flight: instruments.in_flight.bind(&labels),
            requests: array::from_fn(|_| OnceLock::new()),
            unbound: instruments.requests.clone(),
            labels,
        }
    }

    fn ended(&self, code: Code, begun: Instant) {
        let counter = self.requests[code as usize].get_or_init(|| {
            let [service, method] = self.labels.clone();
            self.unbound.bind(&[service, method, KeyValue::new("code", code_name(code))])
        });
        counter.add(1);
        self.duration.record(begun.elapsed().as_secs_f64());
        self.in_flight.add(-1);
    }
}

/// Measures the request until its answer ends; a caller that leaves before counts as `CANCELLED`.
impl Step for Instruments {
    type Watch = Measured;

    fn begin<B>(&self, request: &mut Request<B>) -> Result<Option<Measured>, Refusal> {
        Ok(Some(Measured::begin(self.of(Method::of(request)))))
    }
}

pub(super) struct Measured {
    meters: Arc<MethodMeters>,
    begun: Instant,
    code: Code,
}

impl Measured {
    fn begin(meters: Arc<MethodMeters>) -> Self {
        meters.in_flight.add(1);
        Self { meters, begun: Instant::now(), code: Code::Cancelled }
    }
}

impl Watch for Measured {
    fn ended(&mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.meters.ended(self.code, self.begun);
    }
}

/// A code as gRPC spells it.
fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
