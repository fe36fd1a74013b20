//! What bounds a batch and its queue.

use std::time::Duration;

/// Bounds of one version's batches and of its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPolicy {
    /// Most rows that are computed together; a longer request is sliced. At least 1.
    pub max_batch_size: usize,
    /// How long a batch that is not full waits for more rows. Zero: it leaves as soon as it may.
    pub max_queue_delay: Duration,
    /// Most rows that wait or are being computed. At least `max_batch_size`.
    pub max_queued_rows: usize,
    /// How long a call waits, beyond `max_queue_delay`, until its first row is computed: one that
    /// would wait longer is refused. A stream waits outside the queue. Zero: no bound.
    pub max_queue_wait: Duration,
}

impl BatchPolicy {
    /// When a call that is queued now gives up.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let is_bounded = !self.max_queue_wait.is_zero();
        is_bounded.then(|| self.max_queue_delay.saturating_add(self.max_queue_wait))
    }
}

impl Default for BatchPolicy {
    fn default() -> Self {
        Self {
            max_batch_size: 1024,
            max_queue_delay: Duration::ZERO,
            max_queued_rows: 16_384,
            max_queue_wait: Duration::from_secs(2),
        }
    }
}
