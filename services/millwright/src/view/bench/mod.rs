//! What became of load on a server.

mod picture;
mod report;

use serde::Serialize;

use crate::{
    bench::{Arrivals, Ending, Latencies, Load, Measured, Rate, Way},
    output::Answer,
};

pub(crate) use report::load_text;

/// How requests were sent, whatever the load.
#[derive(Serialize)]
pub(crate) struct Setup {
    pub(crate) model: String,
    pub(crate) address: String,
    pub(crate) way: Way,
    /// None: one to each address that the name has.
    pub(crate) connections: Option<usize>,
    pub(crate) rows_per_request: u32,
}

/// One load after the other, and what became of each.
#[derive(Serialize)]
pub(crate) struct BenchView {
    #[serde(flatten)]
    setup: Setup,
    loads: Vec<LoadView>,
    ending: Ending,
}

/// What became of one load.
#[derive(Serialize)]
struct LoadView {
    /// None: the closed loop.
    rate: Option<Rate>,
    in_flight: usize,
    seconds: f64,
    /// Of this process's processor time: near 1 a core, the figures are bounded by the sender.
    cpu_seconds: f64,
    /// What was measured was sent; of it some was answered, some failed, and some was dropped when
    /// Ctrl-C cut it short.
    sent: u64,
    answered: u64,
    failed: u64,
    dropped: u64,
    /// How often something was sent again.
    retried: u64,
    /// Was due and not sent before the end.
    unsent: u64,
    requests_per_second: f64,
    rows_per_second: f64,
    latency_ms: Quantiles,
    /// How much later than due requests were sent, which their latencies hold.
    lag_ms: Quantiles,
    failures: Vec<FailureView>,
    histogram: Vec<Bucket>,
    #[serde(skip)]
    by_nines: Vec<(f64, f64)>,
}

/// Of durations in milliseconds; none of no duration.
#[derive(Serialize)]
struct Quantiles {
    mean: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    p99_9: Option<f64>,
    max: Option<f64>,
}

#[derive(Serialize)]
struct FailureView {
    code: &'static str,
    count: u64,
    /// Of the first one.
    message: String,
}

/// Requests that took longer than the bucket before, and at most this long.
#[derive(Serialize)]
struct Bucket {
    up_to_ms: f64,
    count: u64,
}

impl BenchView {
    pub(crate) fn new(setup: Setup) -> Self {
        Self { setup, loads: Vec::new(), ending: Ending::Complete }
    }

    /// Adds what became of a load; how it ended.
    pub(crate) fn add(&mut self, load: &Load, measured: Measured) -> Ending {
        self.ending = measured.ending;
        self.loads.push(LoadView::new(load, measured, self.setup.rows_per_request));
        self.ending
    }

    /// How the last load ended.
    pub(crate) fn ending(&self) -> Ending {
        self.ending
    }

    /// Requests that were answered under any load.
    pub(crate) fn answered(&self) -> u64 {
        self.loads.iter().map(|load| load.answered).sum()
    }

    /// The same as a picture.
    pub(crate) fn picture(&self) -> String {
        picture::draw(self)
    }
}

impl LoadView {
    fn new(load: &Load, measured: Measured, rows: u32) -> Self {
        let Measured { elapsed, cpu, sent, unsent, outcomes, .. } = measured;
        let (answered, failed) = (outcomes.latencies.count(), outcomes.failed());
        let seconds = elapsed.as_secs_f64();
        let requests_per_second = if seconds > 0.0 { answered as f64 / seconds } else { 0.0 };
        let failures = outcomes.failures.into_iter();
        let buckets = outcomes.latencies.buckets().into_iter();
        Self {
            rate: match load.arrivals {
                Arrivals::Closed => None,
                Arrivals::Open(rate) => Some(rate),
            },
            in_flight: load.in_flight,
            seconds,
            cpu_seconds: cpu.as_secs_f64(),
            sent,
            answered,
            failed,
            dropped: sent.saturating_sub(answered + failed),
            retried: outcomes.retried,
            unsent,
            requests_per_second,
            rows_per_second: requests_per_second * f64::from(rows),
            latency_ms: Quantiles::of(&outcomes.latencies),
            lag_ms: Quantiles::of(&outcomes.lags),
            failures: failures
                .map(|(code, (count, message))| FailureView { code, count, message })
                .collect(),
            histogram: buckets.map(|(up_to_ms, count)| Bucket { up_to_ms, count }).collect(),
            by_nines: outcomes.latencies.by_nines(),
        }
    }
}

impl Quantiles {
    fn of(latencies: &Latencies) -> Self {
        Self {
            mean: latencies.mean(),
            p50: latencies.quantile(0.5),
            p90: latencies.quantile(0.9),
            p99: latencies.quantile(0.99),
            p99_9: latencies.quantile(0.999),
            max: latencies.longest(),
        }
    }
}

impl Answer for BenchView {
    fn table(&self) -> String {
        report::write(self)
    }
}
