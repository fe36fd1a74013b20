//! What one version has done since it was loaded.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use millwright_proto::{
    inference::{InferBatchStatistics, InferStatistics, ModelStatistics, StatisticDuration},
    predictor::VersionStatistics,
};
use tokio::time::Instant;

use crate::{
    batch::Computed,
    histogram::{Histogram, nanos},
    job::Receipt,
};

/// What one version has done since it was loaded.
///
/// Requests end on many threads and touch atomics alone; batches end on one task, whose lock nobody
/// but a reader of statistics ever contends for.
#[derive(Default)]
pub(crate) struct Statistics {
    /// From the arrival of requests that were answered to their answer.
    request: Histogram,
    queue: Histogram,
    failed: AtomicU64,
    /// Sums over requests, in nanoseconds.
    failed_nanos: AtomicU64,
    input_nanos: AtomicU64,
    infer_nanos: AtomicU64,
    output_nanos: AtomicU64,
    /// Of batches on the kernel.
    compute: Histogram,
    batches: Mutex<Batches>,
}

#[derive(Default)]
struct Batches {
    /// When the last one began.
    last: Option<Instant>,
    /// By rows; the longest batch bounds how many there are.
    sizes: BTreeMap<usize, Size>,
}

/// Batches of one size.
#[derive(Clone, Copy, Default)]
struct Size {
    batches: u64,
    input: Duration,
    infer: Duration,
    output: Duration,
}

/// A request that was not answered yet: dropped before that, it has failed.
pub(crate) struct Pending<'a> {
    statistics: &'a Statistics,
    arrived: Instant,
    receipt: Option<Receipt>,
}

impl Statistics {
    /// Takes note of a request.
    pub(crate) fn arrived(&self) -> Pending<'_> {
        Pending { statistics: self, arrived: Instant::now(), receipt: None }
    }

    /// Takes note of a batch of `n_rows`.
    pub(crate) fn computed(&self, n_rows: usize, computed: Computed) {
        self.compute.record(computed.kernel);
        let mut batches = self.batches();
        batches.last = Some(computed.began);
        let size = batches.sizes.entry(n_rows).or_default();
        size.batches += 1;
        size.input += computed.gather;
        size.infer += computed.kernel;
    }

    /// Takes note that the rows of such a batch were given back within `output`.
    pub(crate) fn scattered(&self, n_rows: usize, output: Duration) {
        self.batches().sizes.entry(n_rows).or_default().output += output;
    }

    /// As `PredictorService` tells it; what is known elsewhere is left to the caller.
    pub(crate) fn to_native(&self) -> VersionStatistics {
        let (rows, batches) = self.batches().count();
        VersionStatistics {
            succeeded: self.request.count(),
            failed: self.failed.load(Relaxed),
            rows,
            batches,
            request: Some(self.request.to_wire()),
            queue: Some(self.queue.to_wire()),
            compute: Some(self.compute.to_wire()),
            ..Default::default()
        }
    }

    /// As the Open Inference Protocol tells it; name and version are left to the caller.
    pub(crate) fn to_oip(&self) -> ModelStatistics {
        let batches = self.batches();
        let (inference_count, execution_count) = batches.count();
        ModelStatistics {
            last_inference: batches.last.map_or(0, since_1970),
            inference_count,
            execution_count,
            inference_stats: Some(self.by_request()),
            batch_stats: batches.sizes.iter().map(|(rows, size)| size.to_wire(*rows)).collect(),
            ..Default::default()
        }
    }

    fn by_request(&self) -> InferStatistics {
        let count = self.request.count();
        let of_all = |ns| Some(StatisticDuration { count, ns });
        InferStatistics {
            success: of_all(self.request.nanos()),
            fail: Some(StatisticDuration {
                count: self.failed.load(Relaxed),
                ns: self.failed_nanos.load(Relaxed),
            }),
            queue: of_all(self.queue.nanos()),
            compute_input: of_all(self.input_nanos.load(Relaxed)),
            compute_infer: of_all(self.infer_nanos.load(Relaxed)),
            compute_output: of_all(self.output_nanos.load(Relaxed)),
        }
    }

    fn succeeded(&self, took: Duration, receipt: Receipt) {
        self.request.record(took);
        self.queue.record(receipt.queue);
        self.input_nanos.fetch_add(nanos(receipt.gather), Relaxed);
        self.infer_nanos.fetch_add(nanos(receipt.kernel), Relaxed);
        self.output_nanos.fetch_add(nanos(receipt.output), Relaxed);
    }

    fn failed(&self, took: Duration) {
        self.failed.fetch_add(1, Relaxed);
        self.failed_nanos.fetch_add(nanos(took), Relaxed);
    }

    // Every change leaves the batches whole, so that a panic elsewhere does not spoil them.
    fn batches(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batches {
    /// Rows and batches.
    fn count(&self) -> (u64, u64) {
        let of_size = |(rows, size): (&usize, &Size)| (*rows as u64 * size.batches, size.batches);
        let sum = |sum: (u64, u64), next: (u64, u64)| (sum.0 + next.0, sum.1 + next.1);
        self.sizes.iter().map(of_size).fold((0, 0), sum)
    }
}

/// `moment` in milliseconds since 1970.
fn since_1970(moment: Instant) -> u64 {
    let at = SystemTime::now().checked_sub(moment.elapsed());
    let since = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Size {
    fn to_wire(self, rows: usize) -> InferBatchStatistics {
        let of_all = |sum| Some(StatisticDuration { count: self.batches, ns: nanos(sum) });
        InferBatchStatistics {
            batch_size: rows as u64,
            compute_input: of_all(self.input),
            compute_infer: of_all(self.infer),
            compute_output: of_all(self.output),
        }
    }
}

impl Pending<'_> {
    /// Takes note that the request was answered.
    pub(crate) fn answered(mut self, receipt: Receipt) {
        self.receipt = Some(receipt);
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let took = self.arrived.elapsed();
        match self.receipt {
            Some(receipt) => self.statistics.succeeded(took, receipt),
            None => self.statistics.failed(took),
        }
    }
}
