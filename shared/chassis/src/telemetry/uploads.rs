//! Uploads, which take long and are large.

use std::time::Duration;

use opentelemetry::{KeyValue, metrics::BoundHistogram};

use super::meter;

/// Measures uploads of one kind. Clones share it.
#[derive(Clone, Debug)]
pub struct UploadMeter {
    duration: BoundHistogram<f64>,
    size: BoundHistogram<u64>,
}

impl UploadMeter {
    /// For uploads of `kind`, such as `artifact`.
    pub fn new(kind: &'static str) -> Self {
        let (meter, kind) = (meter(), [KeyValue::new("kind", kind)]);
        let duration = meter
            .f64_histogram("millwright.upload.duration")
            .with_unit("s")
            .with_description("From the first byte of an upload until it was kept")
            .build();
        let size = meter
            .u64_histogram("millwright.upload.size")
            .with_unit("By")
            .with_description("Bytes that an upload brought")
            .build();
        Self { duration: duration.bind(&kind), size: size.bind(&kind) }
    }

    /// Takes note of an upload that was kept.
    pub fn kept(&self, took: Duration, bytes: u64) {
        self.duration.record(took.as_secs_f64());
        self.size.record(bytes);
    }
}
