//! Pushes spans and metrics to a collector by OTLP over gRPC.

use std::time::Duration;

use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::PeriodicReader,
    trace::{Sampler, SdkTracerProvider},
};

use super::{Sampling, told_once::ToldOnce};
use crate::ConfigError;

pub(super) const FLAG: &str = "--otlp-endpoint";
const TIMEOUT: Duration = Duration::from_secs(5);
const METRICS_INTERVAL: Duration = Duration::from_secs(15);

/// Links of one span: a batch has as many callers as rows, 1,024 unless an operator wants more.
const MAX_LINKS: u32 = 1024;

/// Spans, sent in batches. Traces that a caller began are kept as the caller wants, of those that
/// begin here the share `sampling`.
pub(super) fn tracers(
    endpoint: &str,
    resource: Resource,
    sampling: Sampling,
) -> Result<SdkTracerProvider, ConfigError> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(TIMEOUT)
        .build()
        .map_err(refused)?;
    let root = Sampler::TraceIdRatioBased(sampling.share());
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(Sampler::parent_based(root))
        .with_max_links_per_span(MAX_LINKS)
        .with_batch_exporter(exporter)
        .build())
}

/// Metrics, sent every 15 s.
pub(super) fn metrics(endpoint: &str) -> Result<PeriodicReader<ToldOnce>, ConfigError> {
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(TIMEOUT)
        .build()
        .map_err(refused)?;
    Ok(PeriodicReader::builder(ToldOnce::new(exporter)).with_interval(METRICS_INTERVAL).build())
}

fn refused(error: ExporterBuildError) -> ConfigError {
    ConfigError::new(FLAG, format!("cannot be used: {error}"))
}
