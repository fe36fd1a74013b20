//! What a version has done between two looks.

use std::time::Duration;

use millwright_proto::predictor::{DurationHistogram, VersionStatistics};

use super::{
    Quantile,
    histogram::{between, quantile},
};

/// What a version has done in a span of time, and what waits at its end.
pub(crate) struct Change {
    pub(crate) now: VersionStatistics,
    seconds: f64,
    succeeded: u64,
    failed: u64,
    rows: u64,
    batches: u64,
    request: DurationHistogram,
}

impl Change {
    /// What came between two looks `apart` from each other. Where `now` does not continue `before`,
    /// the version was loaded meanwhile, and all it has done is new.
    pub(crate) fn new(
        before: Option<&VersionStatistics>,
        now: VersionStatistics,
        apart: Duration,
    ) -> Self {
        let nothing = VersionStatistics::default();
        let since = before.and_then(|before| Some((before, continued(before, &now)?)));
        let (before, request) =
            since.unwrap_or_else(|| (&nothing, now.request.clone().unwrap_or_default()));
        Self {
            seconds: apart.as_secs_f64(),
            succeeded: now.succeeded - before.succeeded,
            failed: now.failed - before.failed,
            rows: now.rows - before.rows,
            batches: now.batches - before.batches,
            request,
            now,
        }
    }

    /// Requests a second, whatever became of them.
    pub(crate) fn requests_per_second(&self) -> f64 {
        self.per_second(self.succeeded.saturating_add(self.failed))
    }

    pub(crate) fn failures_per_second(&self) -> f64 {
        self.per_second(self.failed)
    }

    pub(crate) fn rows_per_second(&self) -> f64 {
        self.per_second(self.rows)
    }

    /// Rows that were computed together, on average; `None` where none were.
    pub(crate) fn mean_batch_rows(&self) -> Option<f64> {
        (self.batches > 0).then(|| self.rows as f64 / self.batches as f64)
    }

    /// What this share of the requests stayed within, from arrival to answer.
    pub(crate) fn quantile(&self, share: f64) -> Option<Quantile> {
        quantile(&self.request, share)
    }

    fn per_second(&self, n: u64) -> f64 {
        if self.seconds > 0.0 { n as f64 / self.seconds } else { 0.0 }
    }
}

/// The requests between, if no counter has fallen.
fn continued(before: &VersionStatistics, now: &VersionStatistics) -> Option<DurationHistogram> {
    let digest = |of: &VersionStatistics| of.version.as_ref().map(|version| version.digest.clone());
    let counters = |of: &VersionStatistics| [of.succeeded, of.failed, of.rows, of.batches];
    let grew = counters(before).into_iter().zip(counters(now)).all(|(before, now)| now >= before);
    if !grew || digest(before) != digest(now) {
        return None;
    }
    match (&before.request, &now.request) {
        (Some(before), Some(now)) => between(before, now),
        (None, now) => Some(now.clone().unwrap_or_default()),
        (Some(_), None) => None,
    }
}

#[cfg(test)]
mod tests {
    use millwright_proto::predictor::ServedVersion;

    use super::*;

    fn statistics(succeeded: u64, failed: u64, batches: u64) -> VersionStatistics {
        let counts = vec![succeeded, failed];
        VersionStatistics {
            version: Some(ServedVersion { digest: "sha256:a".to_owned(), ..Default::default() }),
            succeeded,
            failed,
            rows: 4 * batches,
            batches,
            request: Some(DurationHistogram { bounds_us: vec![1_000], counts, sum_us: 0 }),
            ..VersionStatistics::default()
        }
    }

    fn of(before: Option<&VersionStatistics>, now: VersionStatistics) -> Change {
        Change::new(before, now, Duration::from_secs(2))
    }

    #[test]
    fn rates_are_of_the_time_between() {
        let change = of(Some(&statistics(10, 1, 5)), statistics(30, 5, 15));
        assert_eq!(change.requests_per_second(), 12.0);
        assert_eq!(change.failures_per_second(), 2.0);
        assert_eq!(change.rows_per_second(), 20.0);
        assert_eq!(change.mean_batch_rows(), Some(4.0));
        assert_eq!(change.quantile(0.5), Some(Quantile::Within(0.6)), "24 in 1 ms: the 12th of 20");
    }

    #[test]
    fn where_nothing_happened_nothing_is_said() {
        let change = of(Some(&statistics(10, 1, 5)), statistics(10, 1, 5));
        assert_eq!((change.requests_per_second(), change.mean_batch_rows()), (0.0, None));
        assert_eq!(change.quantile(0.5), None);
    }

    #[test]
    fn a_version_that_was_loaded_again_begins_anew() {
        let other = ServedVersion { digest: "sha256:b".to_owned(), ..Default::default() };
        for (before, why) in [
            (None, "it was not there"),
            (Some(statistics(100, 0, 50)), "its counters have fallen"),
            (Some(VersionStatistics { version: Some(other), ..statistics(1, 0, 0) }), "another"),
        ] {
            let change = of(before.as_ref(), statistics(30, 0, 15));
            assert_eq!(change.requests_per_second(), 15.0, "{why}");
        }
    }
}
