//! What is done to have the versions of one model loaded.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use millwright_client::{Backoff, RetryPolicy};
use tokio::task::AbortHandle;

use crate::catalog::Wanted;

/// Waits between tries to load a version: a registry whose bytes are damaged may be repaired.
const RELOAD: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(60),
    total: Duration::MAX,
};

/// The loads of one model; dropped, those that are under way end.
#[derive(Default)]
pub(crate) struct Efforts {
    under_way: HashMap<Wanted, AbortHandle>,
    /// Waits of the versions that have failed in a way that may pass.
    waits: HashMap<Wanted, Backoff>,
}

impl Efforts {
    /// Ends those that are not `missing` any more.
    pub(crate) fn retain(&mut self, missing: &HashSet<Wanted>) {
        let gone = self.under_way.extract_if(|wanted, _| !missing.contains(wanted));
        gone.for_each(|(_, load)| load.abort());
        self.waits.retain(|wanted, _| missing.contains(wanted));
    }

    pub(crate) fn is_under_way(&self, wanted: &Wanted) -> bool {
        self.under_way.contains_key(wanted)
    }

    pub(crate) fn begin(&mut self, wanted: Wanted, load: AbortHandle) {
        self.under_way.insert(wanted, load);
    }

    pub(crate) fn end(&mut self, wanted: &Wanted) {
        self.under_way.remove(wanted);
    }

    /// How long the next try waits.
    pub(crate) fn pause(&mut self, wanted: &Wanted) -> Duration {
        let wait = self.waits.get_mut(wanted).and_then(|wait| wait.next_wait(None));
        wait.unwrap_or_default()
    }

    pub(crate) fn has_failed(&self, wanted: &Wanted) -> bool {
        self.waits.contains_key(wanted)
    }

    /// Lets the next try wait, longer each time.
    pub(crate) fn fail(&mut self, wanted: Wanted) {
        self.waits.entry(wanted).or_insert_with(|| Backoff::new(RELOAD));
    }
}

impl Drop for Efforts {
    fn drop(&mut self) {
        self.under_way.values().for_each(AbortHandle::abort);
    }
}
