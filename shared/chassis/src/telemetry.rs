//! Logs, traces and metrics of one process.

use std::net::SocketAddr;

use opentelemetry::metrics::Meter;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use tokio::runtime::Runtime;

use crate::ConfigError;

mod disk;
mod export;
mod line;
mod logs;
mod metrics;
mod models;
mod page;
mod process;
mod sampling;
mod step;
mod told_once;
mod traces;
mod uploads;

pub use disk::observe_disk;
pub use logs::LogFormat;
pub use models::{model_label, other_models};
pub use sampling::Sampling;
pub use step::{Step, Tracer, trace_context, tracer};
pub use traces::{TraceConfig, Traces};
pub use uploads::UploadMeter;

/// What a process tells about itself; made by [`args::TelemetryArgs`](crate::args::TelemetryArgs).
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// `service.name` of all that is exported, such as `millwright-registry`.
    pub service: &'static str,
    /// Where `/metrics` is served.
    pub metrics: SocketAddr,
    /// Where traces are pushed to, and metrics too.
    pub traces: TraceConfig,
    /// The form of the log.
    pub log_format: LogFormat,
    /// What is logged, in the syntax of `tracing`'s `EnvFilter`.
    pub log_filter: String,
}

/// The telemetry of this process; dropping it sends what is left and ends it.
#[must_use = "telemetry ends when this is dropped"]
pub struct Telemetry {
    registry: prometheus::Registry,
    meters: SdkMeterProvider,
    traces: Option<Traces>,
}

impl Telemetry {
    /// Starts logging to stderr, counting, and, with an endpoint, pushing. Once per process.
    ///
    /// # Errors
    /// A filter or endpoint that cannot be used; the flag is named.
    pub fn init(config: &TelemetryConfig) -> Result<Self, ConfigError> {
        let traces = Traces::start(config.service, &config.traces)?;
        let entered = traces.as_ref().and_then(Traces::exports).map(Runtime::enter);
        let registry = prometheus::Registry::new();
        let endpoint = config.traces.otlp_endpoint.as_deref();
        let meters = metrics::meters(&registry, endpoint, traces::resource(config.service))?;
        drop(entered);
        logs::start(config)?;
        opentelemetry::global::set_meter_provider(meters.clone());
        process::observe(&meter());
        Ok(Self { registry, meters, traces })
    }

    /// Sends what is left, and ends. Blocks for 5 s at most for spans, and again for metrics.
    pub fn shutdown(self) {}
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // Before the traces, whose end takes the connection with it. A collector that is down must
        // not keep the process: what cannot be sent is lost.
        let _ = self.meters.shutdown_with_timeout(traces::LAST_EXPORT);
        self.traces = None;
    }
}

/// The one source of instruments; use it after [`Telemetry::init`].
///
/// Name an instrument `millwright.part.what` without its unit and give the unit (`s`, `By`): the
/// exporter appends `_seconds`, `_bytes`, and `_total` to counters. Histograms get boundaries by
/// their unit; those without one count things, such as rows.
pub fn meter() -> Meter {
    opentelemetry::global::meter("millwright")
}
