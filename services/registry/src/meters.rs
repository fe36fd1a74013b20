//! What is counted.

use opentelemetry::{KeyValue, metrics::Counter};

/// Instruments of the registry.
#[derive(Clone)]
pub(crate) struct Meters {
    collected: Counter<u64>,
}

/// What was collected.
#[derive(Clone, Copy)]
pub(crate) enum Garbage {
    /// An artifact that no version needs.
    Unneeded,
    /// Bytes that were never recorded.
    Unrecorded,
    /// What had arrived of uploads that nobody went on with.
    Abandoned,
}

impl Meters {
    pub(crate) fn new() -> Self {
        let collected = millwright_chassis::meter()
            .u64_counter("millwright.registry.collected")
            .with_unit("By")
            .with_description("Bytes that nobody needed and that were removed, by kind")
            .build();
        let meters = Self { collected };
        // A counter that is not there until something happens cannot be watched.
        for garbage in [Garbage::Unneeded, Garbage::Unrecorded, Garbage::Abandoned] {
            meters.collected(garbage, 0);
        }
        meters
    }

    pub(crate) fn collected(&self, garbage: Garbage, bytes: u64) {
        let kind = match garbage {
            Garbage::Unneeded => "unneeded",
            Garbage::Unrecorded => "unrecorded",
            Garbage::Abandoned => "abandoned",
        };
        self.collected.add(bytes, &[KeyValue::new("kind", kind)]);
    }
}
