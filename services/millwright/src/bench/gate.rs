//! Lets requests out: as soon as the last one is answered, or when they are due.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};

use super::Rate;

/// How much load there is, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) arrivals: Arrivals,
    /// Most requests at a time.
    pub(crate) in_flight: usize,
    pub(crate) until: Until,
    /// How often a request is sent again that found nobody there.
    pub(crate) retries: u32,
}

/// What a request waits for before it is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrivals {
    /// For the answer to the one before it: as many requests at a time as may be in flight.
    Closed,
    /// For its time alone.
    Open(Rate),
}

/// When no further request is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After this time.
    Elapsed(Duration),
    /// After this many requests.
    Sent(u64),
}

/// What lets requests out.
pub(super) struct Gate {
    begun: Instant,
    until: Until,
    way: Passage,
    /// Most requests that may pass.
    most: u64,
    passed: AtomicU64,
}

enum Passage {
    Closed,
    /// A permit for every request that is due and has not passed.
    Open {
        rate: Rate,
        due: Semaphore,
    },
}

/// Leave to send one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// Its number, from 0.
    pub(crate) n: u64,
    /// When it was to be sent: its latency counts from here.
    pub(super) due: Instant,
}

impl Gate {
    /// A gate that opens now.
    pub(super) fn new(load: &Load) -> Self {
        let way = match load.arrivals {
            Arrivals::Closed => Passage::Closed,
            Arrivals::Open(rate) => Passage::Open { rate, due: Semaphore::new(0) },
        };
        let most = match (load.until, load.arrivals) {
            (Until::Sent(most), _) => most,
            (Until::Elapsed(span), Arrivals::Open(rate)) => rate.due_within(span),
            (Until::Elapsed(_), Arrivals::Closed) => u64::MAX,
        };
        Self { begun: Instant::now(), until: load.until, way, most, passed: AtomicU64::new(0) }
    }

    /// Waits until the next request may be sent; `None` when no further one may.
    pub(super) async fn pass(&self) -> Option<Pass> {
        match &self.way {
            Passage::Closed if self.end().is_some_and(|end| Instant::now() >= end) => None,
            Passage::Closed => {
                let n = self.passed.fetch_add(1, SeqCst);
                (n < self.most).then(|| Pass { n, due: Instant::now() })
            }
            Passage::Open { rate, due } => {
                due.acquire().await.ok()?.forget();
                let n = self.passed.fetch_add(1, SeqCst);
                if n + 1 == self.most {
                    due.close();
                }
                Some(Pass { n, due: self.begun + rate.due(n) })
            }
        }
    }

    /// Lets requests pass as they become due.
    ///
    /// On a thread of its own: timers of the runtime are a millisecond coarse, and a prediction takes
    /// less.
    pub(super) fn pace(self: &Arc<Self>) {
        let Passage::Open { rate, .. } = self.way else { return };
        let gate = self.clone();
        thread::spawn(move || {
            let mut released = 0;
            while released < gate.most && !gate.is_shut() {
                released = gate.release(released);
                let next = gate.begun + rate.due(released);
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
    }

    /// Lets those pass that are due by now, after the first `released`; how many there are in all.
    fn release(&self, released: u64) -> u64 {
        let Passage::Open { rate, due } = &self.way else { return released };
        // What is due at this very instant too: whoever was told to wait for it waits no more.
        let now = self.begun.elapsed() + Duration::from_nanos(1);
        let until_now = rate.due_within(now).min(self.most).max(released);
        // Far below the most permits of a semaphore.
        due.add_permits((until_now - released) as usize);
        until_now
    }

    /// Lets nothing pass any more.
    pub(super) fn shut(&self) {
        if let Passage::Open { due, .. } = &self.way {
            due.close();
        }
    }

    /// Whether requests wait for answers, not for their time.
    pub(super) fn is_closed_loop(&self) -> bool {
        matches!(self.way, Passage::Closed)
    }

    fn is_shut(&self) -> bool {
        matches!(&self.way, Passage::Open { due, .. } if due.is_closed())
    }

    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// When it shuts, if at a time.
    pub(super) fn end(&self) -> Option<Instant> {
        match self.until {
            Until::Elapsed(span) => Some(self.begun + span),
            Until::Sent(_) => None,
        }
    }

    /// Requests that have passed.
    pub(super) fn passed(&self) -> u64 {
        self.passed.load(SeqCst).min(self.most)
    }

    /// Requests that were due by `end` and have not passed; without a schedule there is none.
    pub(super) fn left_behind(&self, end: Instant) -> u64 {
        let Passage::Open { rate, .. } = &self.way else { return 0 };
        let due = rate.due_within(end.saturating_duration_since(self.begun)).min(self.most);
        due.saturating_sub(self.passed())
    }
}

#[cfg(test)]
impl Gate {
    /// As [`Gate::pace`], by the runtime's clock, which tests turn.
    pub(super) fn pace_by_runtime(self: &Arc<Self>) {
        let Passage::Open { rate, .. } = self.way else { return };
        let gate = self.clone();
        tokio::spawn(async move {
            let mut released = 0;
            while released < gate.most && !gate.is_shut() {
                released = gate.release(released);
                tokio::time::sleep_until(gate.begun + rate.due(released)).await;
            }
        });
    }
}
