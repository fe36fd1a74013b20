//! How long requests took.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Durations, each to three digits, from a microsecond to a day.
pub(crate) struct Latencies(Histogram<u64>);

/// Nanoseconds.
const SHORTEST: u64 = 1_000;
const LONGEST: u64 = 86_400 * 1_000_000_000;

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(SHORTEST, LONGEST, 3);
        Self(histogram.expect("the bounds are constants of ours, the second above the first twice"))
    }
}

impl Latencies {
    pub(super) fn record(&mut self, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(LONGEST);
        self.0.saturating_record(ns.clamp(SHORTEST, LONGEST));
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// What this share of all took at most, in milliseconds; of none, none.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| ms(self.0.value_at_quantile(share)))
    }

    /// In milliseconds.
    pub(crate) fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.mean() / 1e6)
    }

    /// The longest, in milliseconds.
    pub(crate) fn longest(&self) -> Option<f64> {
        self.quantile(1.0)
    }

    /// How many took longer than the bound before, and at most this one: upper bounds in milliseconds,
    /// each a fifth of a power of ten above the last, and counts, from the first that is not 0 to the
    /// last.
    pub(crate) fn buckets(&self) -> Vec<(f64, u64)> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let step = |ns: u64| (ns as f64).log10() * 5.0;
        let (first, last) = (step(self.0.min()).floor() as i32, step(self.0.max()).ceil() as i32);
        let mut before = 0;
        let buckets = (first..=last).map(|i| {
            let bound = 10_f64.powf(f64::from(i) / 5.0);
            let until = self.0.count_between(0, bound.round() as u64);
            let n = until - std::mem::replace(&mut before, until);
            (bound / 1e6, n)
        });
        let mut buckets: Vec<_> = buckets.skip_while(|(_, n)| *n == 0).collect();
        while buckets.last().is_some_and(|(_, n)| *n == 0) {
            buckets.pop();
        }
        buckets
    }

    /// For every share that is told apart, how many nines it has (0.9 has one, 0.99 two), and what it
    /// took at most, in milliseconds.
    pub(crate) fn by_nines(&self) -> Vec<(f64, f64)> {
        let values = self.0.iter_quantiles(5).filter(|value| value.quantile() < 1.0);
        values
            .map(|value| (-(1.0 - value.quantile()).log10(), ms(value.value_iterated_to())))
            .collect()
    }
}

fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ms: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        ms.into_iter().for_each(|ms| latencies.record(Duration::from_millis(ms)));
        latencies
    }

    #[test]
    fn quantiles_are_right_to_three_digits() {
        let latencies = of(1..=1000);
        for (share, expected) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (1.0, 1000.0)] {
            let quantile = latencies.quantile(share).expect("some");
            assert!((quantile / expected - 1.0).abs() < 1e-3, "{share}: {quantile}");
        }
        assert_eq!(of([]).quantile(0.5), None);
    }

    #[test]
    fn buckets_hold_everything_once() {
        let latencies = of((1..=1000).chain([0, 90_000_000]));
        let buckets = latencies.buckets();
        assert_eq!(buckets.iter().map(|(_, n)| n).sum::<u64>(), latencies.count());
        assert!(buckets.is_sorted_by(|(a, _), (b, _)| a < b), "{buckets:?}");
        assert!(of([]).buckets().is_empty());
        assert_eq!(of([5, 5, 5]).buckets().len(), 1);
    }

    #[test]
    fn nines_rise_and_so_do_their_latencies() {
        let nines = of(1..=1000).by_nines();
        assert!(nines.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{nines:?}");
        assert!(nines.iter().all(|(nines, ms)| nines.is_finite() && ms.is_finite()), "{nines:?}");
        assert!(nines.last().is_some_and(|(nines, _)| (2.0..=4.0).contains(nines)), "{nines:?}");
    }
}
