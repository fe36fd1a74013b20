//! When requests are due at a constant rate.

use std::{fmt, str::FromStr, time::Duration};

use serde::Serialize;

/// Requests a second; a schedule of them.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub(crate) struct Rate(f64);

impl Rate {
    /// How long after the first request the `n`th is due, from 0. Each is computed anew: nothing adds
    /// up, however long the run.
    pub(crate) fn due(self, n: u64) -> Duration {
        Duration::try_from_secs_f64(n as f64 / self.0).unwrap_or(Duration::MAX)
    }

    /// How many requests are due in a run of this length: those before its end.
    pub(crate) fn due_within(self, elapsed: Duration) -> u64 {
        let near = (elapsed.as_secs_f64() * self.0).ceil() as u64;
        // A product that was rounded up may claim one more.
        let is_due = |n: &u64| n.checked_sub(1).is_none_or(|last| self.due(last) < elapsed);
        [near + 1, near, near.saturating_sub(1)].into_iter().find(is_due).unwrap_or_default()
    }

    /// Requests a second.
    pub(crate) fn per_second(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().parse() {
            Ok(rate) if (0.1..=1e6).contains(&rate) => Ok(Self(rate)),
            _ => Err("say requests a second, from 0.1 to 1000000"),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_even_distances_that_do_not_drift() {
        let rate: Rate = "500".parse().expect("a rate");
        for (n, due) in [(0, 0), (1, 2), (499, 998), (500, 1_000), (1_800_000_000, 3_600_000_000)] {
            assert_eq!(rate.due(n), Duration::from_millis(due), "{n}");
        }
    }

    #[test]
    fn those_before_the_end_are_due_and_no_other() {
        for rate in ["0.1", "0.3", "1", "3", "7.7", "500", "333333.3", "1e6"] {
            let rate: Rate = rate.parse().expect("a rate");
            for ms in [1, 7, 100, 999, 1_000, 1_001, 30_000, 86_400_000] {
                let end = Duration::from_millis(ms);
                let n = rate.due_within(end);
                assert!(rate.due(n - 1) < end, "{rate} in {end:?}: {n} are too many");
                assert!(rate.due(n) >= end, "{rate} in {end:?}: {n} are too few");
            }
        }
        assert_eq!("5".parse::<Rate>().map(|rate| rate.due_within(Duration::ZERO)), Ok(0));
    }

    #[test]
    fn a_rate_is_a_number_within_reason() {
        for text in ["0", "-1", "NaN", "inf", "1e7", "fast", ""] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
