//! How fast a version computes.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Operations a nanosecond, before anything was measured: what one slow core does.
const FLOPS_PER_NANO: u64 = 10;

/// Batches are told apart by the binary logarithm of their rows: many rows together may take a small
/// part of what each takes alone, since weights are read once for all of them.
const SIZES: usize = usize::BITS as usize;

/// How fast a version computes: what its kernel is made of says, and then what is measured.
pub(crate) struct Pace {
    estimate: u64,
    /// Nanoseconds a row, by the size of the batch; 0 where none was measured.
    measured: [AtomicU64; SIZES],
    most: usize,
}

impl Pace {
    /// That of a kernel with `flops` operations a row, which computes `most` rows together at most.
    pub(crate) fn estimated(flops: u64, most: usize) -> Self {
        let measured = [const { AtomicU64::new(0) }; SIZES];
        Self { estimate: flops / FLOPS_PER_NANO, measured, most }
    }

    /// Takes a batch into the average of its size, at a weight of 1/8.
    pub(crate) fn learn(&self, n_rows: usize, kernel: Duration) {
        let now = u64::try_from(kernel.as_nanos()).unwrap_or(u64::MAX) / n_rows.max(1) as u64;
        let before = self.nanos_per_row(n_rows);
        let average = (before - before / 8).saturating_add(now / 8);
        self.measured[size(n_rows)].store(average.max(1), Ordering::Relaxed);
    }

    /// How long `n_rows` will take, in batches as large as may be.
    pub(crate) fn cost(&self, n_rows: usize) -> Duration {
        let nanos = self.nanos_per_row(n_rows.min(self.most));
        Duration::from_nanos(nanos.saturating_mul(n_rows as u64))
    }

    /// Rows that take `time` together, one at least and a batch at most.
    pub(crate) fn rows_within(&self, time: Duration) -> usize {
        let fit = |smallest: usize| {
            let rows = time.as_nanos() / u128::from(self.nanos_per_row(smallest).max(1));
            let rows = usize::try_from(rows).unwrap_or(usize::MAX).min(smallest * 2 - 1);
            (rows >= smallest).then_some(rows)
        };
        let smallest = (0..=size(self.most).min(SIZES - 2)).map(|size| 1 << size);
        smallest.filter_map(fit).max().unwrap_or(1).clamp(1, self.most.max(1))
    }

    /// When a caller should come again that finds `n_rows` before it: between 1 ms and 10 s.
    pub(crate) fn drain(&self, n_rows: usize) -> Duration {
        self.cost(n_rows).clamp(Duration::from_millis(1), Duration::from_secs(10))
    }

    /// As measured of batches of this size; or else the better of the estimate and of what smaller
    /// ones took: a caller is not refused, and no batch kept small, for want of knowledge.
    fn nanos_per_row(&self, n_rows: usize) -> u64 {
        let measured = |size: usize| match self.measured[size].load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(nanos),
        };
        let size = size(n_rows);
        let smaller = || (0..size).rev().find_map(measured);
        measured(size).unwrap_or_else(|| smaller().unwrap_or(u64::MAX).min(self.estimate))
    }
}

fn size(n_rows: usize) -> usize {
    n_rows.max(1).ilog2() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLICE: Duration = Duration::from_millis(5);

    #[test]
    fn an_estimate_gives_way_to_what_is_measured() {
        let pace = Pace::estimated(40_000_000, 1_024);
        assert_eq!(pace.rows_within(SLICE), 1);
        (0..100).for_each(|_| pace.learn(10, Duration::from_micros(1_000)));
        let rows = pace.rows_within(SLICE);
        assert!((45..=50).contains(&rows), "{rows} rows of 100 µs");
        assert!(pace.cost(10_000).abs_diff(Duration::from_secs(1)) < Duration::from_millis(100));
    }

    #[test]
    fn what_rows_take_alone_says_little_of_what_they_take_together() {
        let pace = Pace::estimated(10_000_000, 1_024);
        (0..100).for_each(|_| pace.learn(1, Duration::from_millis(30)));
        assert!(pace.cost(1) > Duration::from_millis(25));
        assert_eq!(pace.cost(64), Duration::from_millis(64), "as estimated");
        (0..100).for_each(|_| pace.learn(64, Duration::from_millis(640)));
        assert!(pace.cost(64).abs_diff(Duration::from_millis(640)) < Duration::from_millis(10));
        assert_eq!(pace.rows_within(SLICE), 5, "between both, the estimate");
    }

    #[test]
    fn no_batch_is_larger_than_it_may_be() {
        let pace = Pace::estimated(0, 3);
        assert_eq!(pace.rows_within(SLICE), 3);
        assert_eq!(Pace::estimated(u64::MAX, usize::MAX).rows_within(SLICE), 1);
    }
}
