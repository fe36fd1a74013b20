//! The traces of one process on their way to a collector.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

use super::{Sampling, export, step::scope};
use crate::ConfigError;

/// How long the last spans, and the last metrics, may take to leave.
pub(super) const LAST_EXPORT: Duration = Duration::from_secs(5);

/// Where traces go, and which; made by [`args::TraceArgs`](crate::args::TraceArgs).
#[derive(Clone, Debug)]
pub struct TraceConfig {
    /// The OTLP/gRPC collector that is pushed to, such as `http://127.0.0.1:4317`; without it
    /// nothing is pushed.
    pub otlp_endpoint: Option<String>,
    /// Which traces are pushed there.
    pub sampling: Sampling,
}

/// Beside the process's one tracer provider, which does not tell.
static ARE_EXPORTED: AtomicBool = AtomicBool::new(false);

/// The traces of this process; dropping it sends what is left, which blocks for 5 s at most.
#[must_use = "traces end when this is dropped"]
pub struct Traces {
    tracers: SdkTracerProvider,
    /// Exports must not wait for, or slow down, the work of the process.
    exports: Option<Runtime>,
}

impl Traces {
    /// Begins to push, where there is an endpoint. Once per process; [`Telemetry`](crate::Telemetry)
    /// does it for a service.
    ///
    /// # Errors
    /// An endpoint that cannot be used; the flag is named.
    pub fn start(service: &'static str, config: &TraceConfig) -> Result<Option<Self>, ConfigError> {
        let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
        let exports = runtime()?;
        // The exporters' connections live on the runtime that they are made in.
        let entered = exports.enter();
        let tracers = export::tracers(endpoint, resource(service), config.sampling)?;
        drop(entered);
        opentelemetry::global::set_tracer_provider(tracers.clone());
        ARE_EXPORTED.store(true, Relaxed);
        Ok(Some(Self { tracers, exports: Some(exports) }))
    }

    /// Makes spans of `tracing` those of the collector, too, in a process that keeps no log. Their
    /// fields are attributes; what is done within one belongs to it. Once per process.
    ///
    /// # Errors
    /// Something else listens to spans already.
    pub fn follow_spans(&self) -> Result<(), ConfigError> {
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.tracers.tracer_with_scope(scope()))
            .with_level(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        tracing_subscriber::registry()
            .with(layer.with_filter(filter_fn(|about| about.target().starts_with("millwright"))))
            .try_init()
            .map_err(|error| ConfigError::unavailable(export::FLAG, error))
    }

    /// Whether spans of this process go anywhere.
    pub(crate) fn are_exported() -> bool {
        ARE_EXPORTED.load(Relaxed)
    }

    /// Where exporters live.
    pub(super) fn exports(&self) -> Option<&Runtime> {
        self.exports.as_ref()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // A collector that is down must not keep the process: what cannot be sent is lost.
        let _ = self.tracers.shutdown_with_timeout(LAST_EXPORT);
        if let Some(exports) = self.exports.take() {
            exports.shutdown_background();
        }
    }
}

/// Who tells.
pub(super) fn resource(service: &'static str) -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    Resource::builder().with_service_name(service).with_attribute(version).build()
}

fn runtime() -> Result<Runtime, ConfigError> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("otlp")
        .enable_all()
        .build()
        .map_err(|error| ConfigError::unavailable(export::FLAG, error))
}
