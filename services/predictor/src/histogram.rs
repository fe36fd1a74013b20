//! How often something took how long.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use millwright_proto::predictor::DurationHistogram;

/// Buckets of an octave; a bucket is an eighth of its lower bound wide, or narrower.
const PARTS: u64 = 8;
/// Buckets with an upper bound: up to 2²⁶ µs, a little more than a minute.
const BOUNDED: usize = 192;

/// Counts durations in buckets of whole microseconds: one each below 8 µs, then eight an octave.
/// Any number of threads may record at the same time.
///
/// Source: the log-linear buckets of Tene's *HdrHistogram*.
pub(crate) struct Histogram {
    counts: [AtomicU64; BOUNDED + 1],
    nanos: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; BOUNDED + 1], nanos: AtomicU64::new(0) }
    }
}

impl Histogram {
    pub(crate) fn record(&self, duration: Duration) {
        self.counts[bucket(micros(duration))].fetch_add(1, Relaxed);
        self.nanos.fetch_add(nanos(duration), Relaxed);
    }

    /// How many durations were recorded.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// Their sum in nanoseconds.
    pub(crate) fn nanos(&self) -> u64 {
        self.nanos.load(Relaxed)
    }

    pub(crate) fn to_wire(&self) -> DurationHistogram {
        DurationHistogram {
            bounds_us: (0..BOUNDED as u64).map(bound).collect(),
            counts: self.counts.iter().map(|count| count.load(Relaxed)).collect(),
            sum_us: self.nanos() / 1_000,
        }
    }
}

/// A duration in nanoseconds; 584 years are the longest.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The bucket of a duration in microseconds.
fn bucket(micros: u64) -> usize {
    let octave = u64::from((micros | PARTS).ilog2() - PARTS.ilog2());
    let bucket = octave * PARTS + (micros >> octave);
    usize::try_from(bucket).map_or(BOUNDED, |bucket| bucket.min(BOUNDED))
}

/// The longest duration of a bucket in microseconds.
fn bound(bucket: u64) -> u64 {
    let octave = (bucket / PARTS).saturating_sub(1);
    ((bucket - octave * PARTS + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_begins_where_the_one_before_ends() {
        for number in 0..BOUNDED {
            let last = bound(number as u64);
            assert_eq!((bucket(last), bucket(last + 1)), (number, number + 1), "{last} µs");
        }
        assert_eq!(bucket(u64::MAX), BOUNDED);
    }

    #[test]
    fn no_bucket_is_wider_than_an_eighth() {
        for number in 8..BOUNDED as u64 {
            let (first, last) = (bound(number - 1) + 1, bound(number));
            assert!((last - first) * 8 <= first, "{first} to {last} µs");
        }
    }

    #[test]
    fn what_is_recorded_is_told() {
        let histogram = Histogram::default();
        for micros in [3, 3, 1_000_000_000] {
            histogram.record(Duration::from_micros(micros));
        }
        let told = histogram.to_wire();
        assert_eq!((told.counts[3], told.counts[BOUNDED], histogram.count()), (2, 1, 3));
        assert_eq!((told.bounds_us.len() + 1, told.sum_us), (told.counts.len(), 1_000_000_006));
    }
}
