//! When a call is tried again.

use std::{
    collections::hash_map::RandomState,
    future::Future,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

use millwright_domain::Fault;
use tokio::time::{self, Instant};

use crate::ClientError;

/// Exponential back-off with full jitter, bounded in time.
///
/// Source: Brooker, *Exponential Backoff And Jitter* (AWS Architecture Blog, 2015), "full jitter".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Upper bound of the first wait; it doubles with every try.
    pub first: Duration,
    /// Upper bound of every wait.
    pub longest: Duration,
    /// No try begins later than this after the first one.
    pub total: Duration,
}

impl Default for RetryPolicy {
    /// Bridges a restart of a service: 50 ms, at most 1 s, 3 s in all.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(50),
            longest: Duration::from_secs(1),
            total: Duration::from_secs(3),
        }
    }
}

impl RetryPolicy {
    /// Never tries again.
    pub const NEVER: Self =
        Self { first: Duration::ZERO, longest: Duration::ZERO, total: Duration::ZERO };

    /// Tries until it succeeds or is given up by dropping it: 100 ms, at most 1 s, since whoever starts
    /// beside a service waits for it.
    pub const PATIENT: Self = Self {
        first: Duration::from_millis(100),
        longest: Duration::from_secs(1),
        total: Duration::MAX,
    };

    /// Tries `attempt` until it succeeds, fails for good, or the time is over.
    ///
    /// Only for calls that may be repeated: a lost answer does not mean that nothing was done.
    ///
    /// # Errors
    /// The last failure.
    pub async fn run<T, F>(self, mut attempt: impl FnMut() -> F) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let mut backoff = Backoff::new(self);
        loop {
            match attempt().await {
                Err(error) if error.may_pass() => {
                    let Some(wait) = backoff.next_wait(error.retry_after()) else {
                        return Err(error);
                    };
                    time::sleep(wait).await;
                }
                outcome => return outcome,
            }
        }
    }
}

/// Waits of one series of tries; start a new one after a success.
#[derive(Clone, Debug)]
pub struct Backoff {
    policy: RetryPolicy,
    began: Instant,
    bound: Duration,
}

impl Backoff {
    /// A series that begins now.
    pub fn new(policy: RetryPolicy) -> Self {
        Self { policy, began: Instant::now(), bound: policy.first }
    }

    /// How long to wait before the next try, at least `asked`; `None` when the time is over.
    pub fn next_wait(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = asked.unwrap_or_default() + self.bound.mul_f64(share());
        self.bound = self.bound.saturating_mul(2).min(self.policy.longest);
        let in_time = self.began.elapsed().saturating_add(wait) < self.policy.total;
        in_time.then_some(wait)
    }
}

/// A random share, from 0 to 1: the standard library's hash keys are random, and that is enough here.
fn share() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    random as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use millwright_domain::Code;

    use super::*;

    fn failure(code: Code) -> ClientError {
        let message = "later".to_owned();
        ClientError::Status { code, message, violation: None, retry_after: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_passing_failure_is_tried_again() {
        let mut tries = 0;
        let outcome = RetryPolicy::default()
            .run(|| {
                tries += 1;
                let outcome = if tries < 4 { Err(failure(Code::Unavailable)) } else { Ok(tries) };
                async { outcome }
            })
            .await;
        assert_eq!(outcome.ok(), Some(4));
    }

    #[tokio::test(start_paused = true)]
    async fn tries_end_when_the_time_is_over() {
        let began = Instant::now();
        let policy = RetryPolicy::default();
        let outcome: Result<(), _> = policy.run(|| async { Err(failure(Code::Unavailable)) }).await;
        assert!(outcome.is_err());
        assert!(began.elapsed() <= policy.total, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_failure_is_told_at_once() {
        let mut tries = 0;
        let outcome: Result<(), _> = RetryPolicy::PATIENT
            .run(|| {
                tries += 1;
                async { Err(failure(Code::NotFound)) }
            })
            .await;
        assert_eq!((outcome.is_err(), tries), (true, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_no_shorter_than_the_service_asks() {
        let asked = Duration::from_millis(700);
        let wait = Backoff::new(RetryPolicy::default()).next_wait(Some(asked));
        assert!(wait.is_some_and(|wait| wait >= asked), "{wait:?}");
    }
}
