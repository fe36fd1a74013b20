//! What is measured of batches and loads.

use std::time::Duration;

use crate::{batch::Computed, spans::Spans};
use millwright_chassis::{model_label, other_models};
use millwright_domain::{ModelName, Version};
use opentelemetry::{
    KeyValue,
    metrics::{BoundHistogram, Counter, Gauge, Histogram, Meter},
};

/// The instruments of the predictor, shared by all versions. None tells versions apart: a predictor
/// outlives thousands of them, and an instrument keeps every label that it has seen.
#[derive(Clone)]
pub struct Instruments {
    queue: Histogram<f64>,
    compute: Histogram<f64>,
    rows: Histogram<u64>,
    loads: Histogram<f64>,
    failed_loads: Counter<u64>,
    quarantines: Counter<u64>,
    registry: Gauge<u64>,
}

/// A step of the way of a version into service.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LoadStep {
    /// Its bytes are read from the disk, and compared with their digest.
    Read,
    /// Its bytes are fetched from the registry, compared and kept.
    Download,
    /// The model is built, checked and tried on its golden rows.
    Open,
}

impl Instruments {
    /// Registers the instruments at `meter`.
    pub fn new(meter: &Meter) -> Self {
        let seconds =
            |name, what| meter.f64_histogram(name).with_unit("s").with_description(what).build();
        let counter = |name, what| {
            let counter = meter.u64_counter(name).with_description(what).build();
            // A counter that is not there until something happens cannot be watched.
            counter.add(0, &[]);
            counter
        };
        Self {
            queue: seconds("millwright.queue.duration", "Time that a request waited for a worker"),
            compute: seconds("millwright.compute.duration", "Time that a model ran for a batch"),
            rows: meter
                .u64_histogram("millwright.batch.rows")
                .with_description("Rows that were computed together")
                .build(),
            loads: seconds(
                "millwright.load.duration",
                "Time that a step of loading a version took",
            ),
            failed_loads: counter(
                "millwright.load.failures",
                "Tries to load a version that failed in a way that may pass",
            ),
            quarantines: counter(
                "millwright.quarantines",
                "Versions that were found unfit to serve",
            ),
            registry: meter
                .u64_gauge("millwright.predictor.registry_connected")
                .with_description("1 while the predictor hears from the registry, else 0")
                .build(),
        }
    }

    /// The instruments under the label of one model.
    pub fn of(&self, model: &ModelName) -> ModelMetrics {
        let label = [model_label(model).unwrap_or_else(other_models)];
        ModelMetrics {
            queue: self.queue.bind(&label),
            compute: self.compute.bind(&label),
            rows: self.rows.bind(&label),
            spans: Spans::of(model),
        }
    }

    /// Takes note of a step that was done.
    pub(crate) fn loaded(&self, step: LoadStep, took: Duration) {
        let step = match step {
            LoadStep::Read => "read",
            LoadStep::Download => "download",
            LoadStep::Open => "open",
        };
        self.loads.record(took.as_secs_f64(), &[KeyValue::new("step", step)]);
    }

    /// Counts a load that is tried again.
    pub(crate) fn load_failed(&self) {
        self.failed_loads.add(1, &[]);
    }

    /// Counts a version that was found unfit to serve.
    pub(crate) fn quarantined(&self) {
        self.quarantines.add(1, &[]);
    }

    /// Shows whether the registry is heard of.
    pub(crate) fn registry_connected(&self, is_connected: bool) {
        self.registry.record(is_connected.into(), &[]);
    }
}

/// The instruments under the label of one model, which was looked up once.
#[derive(Clone)]
pub struct ModelMetrics {
    queue: BoundHistogram<f64>,
    compute: BoundHistogram<f64>,
    rows: BoundHistogram<u64>,
    spans: Spans,
}

impl ModelMetrics {
    /// The same, and its spans name the version.
    #[must_use]
    pub(crate) fn with_version(self, version: Version) -> Self {
        Self { spans: self.spans.with_version(version), ..self }
    }

    /// What the model tells of batches to the traces of their callers.
    pub(crate) fn spans(&self) -> &Spans {
        &self.spans
    }

    /// Records how long requests have waited for their computation.
    pub(crate) fn record_waits(&self, waits: impl IntoIterator<Item = Duration>) {
        waits.into_iter().for_each(|wait| self.queue.record(wait.as_secs_f64()));
    }

    /// Records the computation of `n_rows`.
    pub(crate) fn record_compute(&self, n_rows: usize, computed: Computed) {
        self.compute.record(computed.kernel.as_secs_f64());
        self.rows.record(n_rows as u64);
    }
}
