//! Sheds what comes when every seat is taken.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    refusal::Refusal,
    watched::{Watch, watch},
};
use crate::methods::Method;

/// When a caller that was shed should come again: seats are held for milliseconds where work is
/// small, and longer waits only idle the machine.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The seats of one server.
#[derive(Clone)]
pub(super) struct Seats(Arc<Semaphore>);

impl Seats {
    pub(super) fn new(n: usize) -> Self {
        Self(Arc::new(Semaphore::new(n.min(Semaphore::MAX_PERMITS))))
    }
}

/// Gives the request a seat until its answer has ended, or refuses it at once.
///
/// Health needs no seat: a busy server is not a dead one.
pub(super) async fn admit(
    State(Seats(seats)): State<Seats>,
    Extension(method): Extension<Arc<Method>>,
    request: Request,
    next: Next,
) -> Response {
    if method.is_about_the_server() {
        return next.run(request).await;
    }
    let Ok(seat) = seats.try_acquire_owned() else {
        return Refusal::Busy { retry_after: RETRY_AFTER }.answer();
    };
    watch(next.run(request).await, Seated(seat))
}

struct Seated(
    #[expect(dead_code, reason = "held, and given back by its drop")] OwnedSemaphorePermit,
);

impl Watch for Seated {}
