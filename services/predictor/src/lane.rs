//! The turns that versions take at the compute pool.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    ServingError,
    company::Company,
    schedule::{LaneId, Schedule},
};

/// What a turn takes at most while other versions want turns too.
pub(crate) const SLICE: Duration = Duration::from_millis(5);

/// The places at the pool, and who waits for them.
pub(crate) struct Places {
    state: Mutex<State>,
}

struct State {
    free: usize,
    lanes: LaneId,
    schedule: Schedule<oneshot::Sender<Turn>>,
    company: Company,
}

/// One version's way to the pool.
pub(crate) struct Lane {
    id: LaneId,
    places: Arc<Places>,
}

/// A place at the pool; dropping it gives it to the next lane.
pub(crate) struct Turn {
    lane: LaneId,
    places: Arc<Places>,
    began: Instant,
}

impl Places {
    pub(crate) fn new(n: usize) -> Self {
        let (schedule, company) = (Schedule::default(), Company::default());
        Self { state: Mutex::new(State { free: n, lanes: 0, schedule, company }) }
    }

    pub(crate) fn lane(self: &Arc<Self>) -> Lane {
        let mut state = self.state();
        state.lanes += 1;
        Lane { id: state.lanes, places: self.clone() }
    }

    fn ask(self: &Arc<Self>, lane: LaneId, reply: oneshot::Sender<Turn>) {
        let mut state = self.state();
        state.company.asked(lane, Instant::now());
        state.schedule.ask(lane, reply);
        drop(state);
        self.grant();
    }

    /// Gives free places to those who wait, in the schedule's order.
    fn grant(self: &Arc<Self>) {
        while let Some((lane, reply)) = self.begin() {
            let turn = Turn { lane, places: self.clone(), began: Instant::now() };
            // Of somebody who is gone the turn comes back here, and ends as it is dropped.
            let _gone = reply.send(turn);
        }
    }

    fn begin(&self) -> Option<(LaneId, oneshot::Sender<Turn>)> {
        let mut state = self.state();
        if state.free == 0 {
            return None;
        }
        let turn = state.schedule.begin()?;
        state.free -= 1;
        Some(turn)
    }

    fn release(self: &Arc<Self>, lane: LaneId, cost: Duration) {
        let mut state = self.state();
        state.free += 1;
        state.schedule.end(lane, cost);
        drop(state);
        self.grant();
    }

    // Every change leaves the state whole, so that a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// Waits for a turn.
    pub(crate) async fn turn(&self) -> Result<Turn, ServingError> {
        let (reply, turn) = oneshot::channel();
        self.places.ask(self.id, reply);
        turn.await.map_err(|_| ServingError::Stopping)
    }

    /// Whether others want turns too.
    pub(crate) fn has_company(&self) -> bool {
        self.places.state().company.of(self.id, Instant::now())
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.places.state().schedule.forget(self.id);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.places.release(self.lane, self.began.elapsed());
    }
}
