//! Whether a lane has the machine to itself.

use std::time::Duration;

use tokio::time::Instant;

use crate::schedule::LaneId;

/// A lane that has not asked for so long does not keep the others' turns short.
const MEMORY: Duration = Duration::from_secs(10);

/// Which lane asked last, and which other one before.
#[derive(Default)]
pub(crate) struct Company {
    latest: Option<(LaneId, Instant)>,
    other: Option<(LaneId, Instant)>,
}

impl Company {
    /// Takes note that `lane` asks at `now`.
    pub(crate) fn asked(&mut self, lane: LaneId, now: Instant) {
        if self.latest.is_some_and(|(latest, _)| latest != lane) {
            self.other = self.latest;
        }
        self.latest = Some((lane, now));
    }

    /// Whether a lane other than `lane` has asked lately.
    pub(crate) fn of(&self, lane: LaneId, now: Instant) -> bool {
        let asked = [self.latest, self.other].into_iter().flatten();
        let mut others = asked.filter(|(other, _)| *other != lane);
        others.any(|(_, at)| now.duration_since(at) < MEMORY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_has_company_while_another_asks() {
        let (mut company, began) = (Company::default(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        company.asked(1, at(0));
        assert!(!company.of(1, at(0)), "it is alone");
        company.asked(2, at(1));
        (2..9).for_each(|second| company.asked(1, at(second)));
        assert!(company.of(1, at(10)), "lane 2 asked nine seconds ago");
        assert!(!company.of(1, at(11)), "and ten is long ago");
        assert!(company.of(2, at(11)) && company.of(3, at(11)), "lane 1 asks all the time");
    }
}
