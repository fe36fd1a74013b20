//! Who computes next: turns by what they cost, so that nobody is starved.
//!
//! Start-time fair queueing: a turn is tagged with the virtual time at which it may start, which is
//! the finish of its lane's turn before, or now if that is over; the smallest tag is next, and
//! becomes the new now. A lane that has computed little is never further behind than one turn of
//! every other lane. Nothing waits here and nothing reads a clock: costs are arguments.
//!
//! Source: Goyal, Vin and Cheng, *Start-time Fair Queueing* (SIGCOMM 1996), section 2.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// Who takes turns; unique in its schedule.
pub(crate) type LaneId = u64;

/// The turns that lanes wait for; `T` is what whoever waits left with its request.
pub(crate) struct Schedule<T> {
    /// Virtual: the start tag of the last turn.
    now: Duration,
    /// By start tag, then in the order of asking.
    waiting: BTreeMap<(Duration, u64), (LaneId, T)>,
    /// Virtual finish of each lane's last turn, or start while it runs; empty when all are idle.
    finishes: HashMap<LaneId, Duration>,
    asked: u64,
    running: usize,
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        let (waiting, finishes) = (BTreeMap::new(), HashMap::new());
        Self { now: Duration::ZERO, waiting, finishes, asked: 0, running: 0 }
    }
}

impl<T> Schedule<T> {
    /// Lets `lane` wait for a turn.
    pub(crate) fn ask(&mut self, lane: LaneId, note: T) {
        let start = self.finishes.get(&lane).copied().unwrap_or_default().max(self.now);
        self.asked += 1;
        self.waiting.insert((start, self.asked), (lane, note));
    }

    /// Begins the next turn.
    pub(crate) fn begin(&mut self) -> Option<(LaneId, T)> {
        let ((start, _), turn) = self.waiting.pop_first()?;
        self.now = start;
        self.running += 1;
        self.finishes.insert(turn.0, start);
        Some(turn)
    }

    /// Ends a turn of `lane` that has taken `cost`.
    pub(crate) fn end(&mut self, lane: LaneId, cost: Duration) {
        // A turn for nothing would let its lane begin the next one ahead of everybody again.
        let cost = cost.max(Duration::from_nanos(1));
        let finish = self.finishes.entry(lane).or_insert(self.now);
        *finish = finish.saturating_add(cost);
        self.running -= 1;
        if self.running == 0 && self.waiting.is_empty() {
            // Whoever was ahead owes nothing to those who did not want the time.
            self.finishes.clear();
            self.now = Duration::ZERO;
        }
    }

    /// Forgets a lane that will not ask again.
    pub(crate) fn forget(&mut self, lane: LaneId) {
        self.finishes.remove(&lane);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lane that asks when it likes; the others ask again as soon as their turn has ended.
    const LIGHT: LaneId = 0;

    /// A machine that computes one turn at a time.
    #[derive(Default)]
    struct Machine {
        schedule: Schedule<()>,
        /// Cost of all turns of each lane, in µs.
        served: HashMap<LaneId, u64>,
    }

    impl Machine {
        fn busy(lanes: impl IntoIterator<Item = LaneId>) -> Self {
            let mut machine = Self::default();
            lanes.into_iter().for_each(|lane| machine.schedule.ask(lane, ()));
            machine
        }

        /// Runs the next turn; it costs what is said for its lane.
        fn turn(&mut self, cost: impl FnOnce(LaneId) -> u64) -> LaneId {
            let (lane, ()) = self.schedule.begin().expect("somebody waits");
            let cost = cost(lane);
            *self.served.entry(lane).or_default() += cost;
            self.schedule.end(lane, Duration::from_micros(cost));
            if lane != LIGHT {
                self.schedule.ask(lane, ());
            }
            lane
        }
    }

    proptest! {
        #[test]
        fn a_light_lane_waits_for_one_turn_of_every_other_at_most(
            busy in 1..6_u64,
            costs in prop::collection::vec(100..5_000_u64, 1..50),
            pauses in prop::collection::vec(0..40_usize, 1..20),
        ) {
            let mut costs = costs.into_iter().cycle();
            let mut cost = |lane| if lane == LIGHT { 100 } else { costs.next().expect("endless") };
            let mut machine = Machine::busy(1..=busy);
            for pause in pauses {
                for _ in 0..pause {
                    machine.turn(&mut cost);
                }
                machine.schedule.ask(LIGHT, ());
                let turns = std::iter::repeat_with(|| machine.turn(&mut cost));
                let mut before = turns.take_while(|lane| *lane != LIGHT).collect::<Vec<_>>();
                before.sort_unstable();
                prop_assert!(before.is_sorted_by(|a, b| a < b), "more than one turn: {before:?}");
            }
        }

        #[test]
        fn lanes_that_are_always_busy_get_the_same_time(
            costs in prop::collection::vec((1..50_u64, 1_000..5_000_u64), 1..200),
            head_start in 0..100_usize,
        ) {
            let mut machine = Machine::busy([1]);
            for _ in 0..head_start {
                machine.turn(|_| 5_000);
            }
            machine.schedule.ask(2, ());
            machine.served.clear();
            for (light, heavy) in costs {
                machine.turn(|lane| if lane == 2 { light } else { heavy });
                let of = |lane| machine.served.get(&lane).copied().unwrap_or_default();
                // The bound of the source's theorem 1: the longest turn of both.
                prop_assert!(of(1).abs_diff(of(2)) <= 5_000 + 50, "{} and {}", of(1), of(2));
            }
        }
    }

    #[test]
    fn who_was_ahead_when_all_were_idle_owes_nothing() {
        let mut machine = Machine::default();
        machine.schedule.ask(LIGHT, ());
        machine.turn(|_| 1_000_000);
        machine.schedule.ask(LIGHT, ());
        machine.schedule.ask(1, ());
        assert_eq!(machine.turn(|_| 1), LIGHT);
    }
}
