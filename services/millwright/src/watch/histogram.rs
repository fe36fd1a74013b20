//! Histograms of durations, as the predictor counts them.

use millwright_proto::predictor::DurationHistogram;

/// What a share of durations stayed within.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Quantile {
    /// Milliseconds.
    Within(f64),
    /// More than these milliseconds: the last bucket has no bound.
    Above(f64),
}

/// What was counted between two looks: `now` less what was `before`. `None` where `now` is not a
/// continuation of it: a counter has fallen, or the buckets are others.
pub(super) fn between(
    before: &DurationHistogram,
    now: &DurationHistogram,
) -> Option<DurationHistogram> {
    if before.bounds_us != now.bounds_us || before.counts.len() != now.counts.len() {
        return None;
    }
    let counts = before.counts.iter().zip(&now.counts);
    Some(DurationHistogram {
        bounds_us: now.bounds_us.clone(),
        counts: counts.map(|(before, now)| now.checked_sub(*before)).collect::<Option<_>>()?,
        sum_us: now.sum_us.checked_sub(before.sum_us)?,
    })
}

/// What this share of the durations stayed within, as if those of a bucket lay evenly in it; `None`
/// of no duration.
///
/// Source: Prometheus, `histogram_quantile`.
pub(super) fn quantile(of: &DurationHistogram, share: f64) -> Option<Quantile> {
    let all: u64 = of.counts.iter().sum();
    let rank = share * all as f64;
    let (mut below, mut low) = (0.0, 0.0);
    for (i, count) in of.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let low_bound = i.checked_sub(1).and_then(|i| of.bounds_us.get(i));
        low = low_bound.map_or(low, |bound| *bound as f64);
        let Some(high) = of.bounds_us.get(i) else { return Some(Quantile::Above(low / 1e3)) };
        let until = below + *count as f64;
        if until >= rank {
            let part = (rank - below) / *count as f64;
            return Some(Quantile::Within((low + part * (*high as f64 - low)) / 1e3));
        }
        below = until;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(counts: &[u64]) -> DurationHistogram {
        let bounds_us = vec![1_000, 2_000, 5_000];
        DurationHistogram { bounds_us, counts: counts.to_vec(), sum_us: counts.iter().sum() }
    }

    #[test]
    fn a_quantile_lies_in_the_bucket_of_its_rank() {
        for (counts, share, expected, why) in [
            (&[10, 0, 0, 0][..], 0.5, Some(Quantile::Within(0.5)), "half of the first bucket"),
            (&[50, 50, 0, 0], 0.5, Some(Quantile::Within(1.0)), "all of the first bucket"),
            (&[50, 50, 0, 0], 0.75, Some(Quantile::Within(1.5)), "half of the second"),
            (&[0, 0, 4, 0], 1.0, Some(Quantile::Within(5.0)), "all of the third"),
            (&[90, 0, 10, 0], 0.95, Some(Quantile::Within(3.5)), "an empty bucket is passed over"),
            (&[98, 0, 0, 2], 0.99, Some(Quantile::Above(5.0)), "the last bucket has no bound"),
            (&[0, 0, 0, 0], 0.5, None, "nothing was measured"),
            (&[], 0.5, None, "there is no bucket"),
        ] {
            assert_eq!(quantile(&histogram(counts), share), expected, "{why}");
        }
    }

    #[test]
    fn the_difference_is_what_came_between() {
        let (before, now) = (histogram(&[1, 2, 3, 0]), histogram(&[1, 5, 3, 1]));
        let change = between(&before, &now).expect("a continuation");
        assert_eq!((change.counts, change.sum_us), (vec![0, 3, 0, 1], 4));
    }

    #[test]
    fn what_is_no_continuation_has_no_difference() {
        let before = histogram(&[1, 2, 3, 0]);
        let other = DurationHistogram { bounds_us: vec![1, 2, 3], ..before.clone() };
        assert_eq!(between(&before, &other), None, "other buckets");
        assert_eq!(between(&before, &histogram(&[0, 9, 9, 9])), None, "a count has fallen");
        assert_eq!(between(&before, &DurationHistogram::default()), None, "nothing");
    }
}
