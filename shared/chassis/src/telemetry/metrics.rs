//! The one meter provider and its readers.

use opentelemetry_sdk::{
    Resource,
    metrics::{Aggregation, Instrument, InstrumentKind, SdkMeterProvider, Stream},
};

use super::export;
use crate::ConfigError;

/// Boundaries in seconds, from 0.1 ms (one row of a small model) to an hour (a training job).
const SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3600.0,
];
/// Boundaries in bytes, from 1 KiB to 16 GiB: a small model, a large data set.
const BYTES: &[f64] = &[
    1_024.0,
    16_384.0,
    131_072.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
    17_179_869_184.0,
];
/// Boundaries of counts, such as the rows of a batch.
const COUNTS: &[f64] =
    &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0];

/// A provider that `registry` reads from, and that pushes to `endpoint` where there is one.
pub(super) fn meters(
    registry: &prometheus::Registry,
    endpoint: Option<&str>,
    resource: Resource,
) -> Result<SdkMeterProvider, ConfigError> {
    let scraped = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .map_err(|error| ConfigError::unavailable("--metrics", error))?;
    let meters = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_view(boundaries)
        .with_reader(scraped);
    Ok(match endpoint {
        Some(endpoint) => meters.with_reader(export::metrics(endpoint)?).build(),
        None => meters.build(),
    })
}

/// The exporter's own boundaries are made for milliseconds.
fn boundaries(instrument: &Instrument) -> Option<Stream> {
    if instrument.kind() != InstrumentKind::Histogram {
        return None;
    }
    let boundaries = match instrument.unit() {
        "s" => SECONDS,
        "By" => BYTES,
        _ => COUNTS,
    };
    let aggregation = Aggregation::ExplicitBucketHistogram {
        boundaries: boundaries.to_vec(),
        record_min_max: false,
    };
    Stream::builder().with_aggregation(aggregation).build().ok()
}
