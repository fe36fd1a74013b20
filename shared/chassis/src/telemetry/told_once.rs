//! Metrics that cannot be pushed are told once, and not at every try.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
};

/// An exporter that logs when pushing begins to fail, and when it works again. A collector of traces
/// alone, such as Jaeger, takes no metrics as long as it runs.
pub(super) struct ToldOnce {
    exporter: MetricExporter,
    fails: AtomicBool,
}

impl ToldOnce {
    pub(super) fn new(exporter: MetricExporter) -> Self {
        Self { exporter, fails: AtomicBool::new(false) }
    }
}

impl PushMetricExporter for ToldOnce {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let outcome = self.exporter.export(metrics).await;
        match (&outcome, self.fails.swap(outcome.is_err(), Relaxed)) {
            (Err(error), false) => tracing::warn!(%error, "metrics cannot be pushed now"),
            (Ok(()), true) => tracing::info!("metrics are pushed again"),
            _ => {}
        }
        // Whoever asked would log it again.
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
