//! Sheds what comes when every seat is taken.

use std::{sync::Arc, time::Duration};

use http::Request;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{refusal::Refusal, step::Step, watched::Watch};
use crate::methods::Method;

/// When a caller that was shed should come again: seats are held for milliseconds where work is
/// small, and longer waits only idle the machine.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The seats of one server: a request has one until its answer has ended, or is refused at once.
///
/// Health needs no seat: a busy server is not a dead one.
#[derive(Clone)]
pub(super) struct Seats(Arc<Semaphore>);

impl Seats {
    pub(super) fn new(n: usize) -> Self {
        Self(Arc::new(Semaphore::new(n.min(Semaphore::MAX_PERMITS))))
    }
}

impl Step for Seats {
    type Watch = Seated;

    fn begin<B>(&self, request: &mut Request<B>) -> Result<Option<Seated>, Refusal> {
        if Method::of(request).is_about_the_server() {
            return Ok(None);
        }
        let seat = self.0.clone().try_acquire_owned();
        seat.map(|seat| Some(Seated(seat))).map_err(|_| Refusal::Busy { retry_after: RETRY_AFTER })
    }
}

/// A seat that is taken.
pub(super) struct Seated(
    #[expect(dead_code, reason = "held, and given back by its drop")] OwnedSemaphorePermit,
);

impl Watch for Seated {}
