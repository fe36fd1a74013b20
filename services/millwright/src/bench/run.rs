//! Sends requests and measures what becomes of them.

use std::{
    collections::BTreeMap,
    future::{Future, pending},
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{Latencies, Load, failure::Failure, gate::Gate};

/// A worker that finds nobody there waits this long: a loop of refused connections would measure
/// nothing but itself.
const PAUSE: Duration = Duration::from_millis(10);

/// What became of a load.
pub(crate) struct Measured {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Processor time that this process took meanwhile.
    pub(crate) cpu: Duration,
    /// Requests that were sent.
    pub(crate) sent: u64,
    /// Requests that were due and could not be sent before the end: too many were in flight.
    pub(crate) unsent: u64,
    pub(crate) ending: Ending,
    pub(crate) outcomes: Outcomes,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// When it was to end; everything that was sent was answered, or failed.
    Complete,
    /// Before; what was in flight was dropped.
    CutShort,
}

/// What became of the requests that were sent.
#[derive(Default)]
pub(crate) struct Outcomes {
    /// Of the requests that were answered, from when they were due.
    pub(crate) latencies: Latencies,
    /// How much later than due requests were sent: for want of room, or because this process was
    /// slow. A part of their latencies.
    pub(crate) lags: Latencies,
    /// How often a request was sent again.
    pub(crate) retried: u64,
    /// By status code: how many, and what the first one said.
    pub(crate) failures: BTreeMap<&'static str, (u64, String)>,
}

impl Outcomes {
    fn record(
        &mut self,
        lag: Duration,
        latency: Duration,
        (outcome, tries): (Result<(), Failure>, u32),
    ) {
        self.lags.record(lag);
        self.retried += u64::from(tries);
        match outcome {
            Ok(()) => self.latencies.record(latency),
            Err(Failure { label, message }) => {
                self.failures.entry(label).or_insert((0, message)).0 += 1;
            }
        }
    }

    /// Requests that were not answered with predictions.
    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().map(|(n, _)| n).sum()
    }
}

/// Sends requests as `load` says until it is done, or until `stop`.
///
/// `call` is given the number of the worker, from 0 to the most requests in flight, and that of the
/// request; it ends by itself within its deadline.
pub(crate) async fn run<F>(
    load: &Load,
    call: impl Fn(usize, u64) -> F + Clone + Send + 'static,
    stop: impl Future<Output = ()>,
) -> Measured
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let gate = Arc::new(Gate::new(load));
    gate.pace();
    measure(gate, load, call, stop).await
}

/// As [`run()`], with a gate that somebody paces.
async fn measure<F>(
    gate: Arc<Gate>,
    load: &Load,
    call: impl Fn(usize, u64) -> F + Clone + Send + 'static,
    stop: impl Future<Output = ()>,
) -> Measured
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let outcomes = Arc::new(Mutex::new(Outcomes::default()));
    let cpu = cpu_time();
    let mut workers = JoinSet::new();
    for worker in 0..load.in_flight {
        let call = call.clone();
        let retries = load.retries;
        workers.spawn(work(gate.clone(), move |n| call(worker, n), (retries, outcomes.clone())));
    }
    let ending = tokio::select! {
        () = all(&mut workers) => Ending::Complete,
        () = shut_at_end(&gate) => Ending::Complete,
        () = stop => Ending::CutShort,
    };
    gate.shut();
    let ended = gate.end().map_or_else(Instant::now, |end| end.min(Instant::now()));
    workers.shutdown().await;
    let outcomes = std::mem::take(&mut *lock(&outcomes));
    let (sent, unsent) = (gate.passed(), gate.left_behind(ended));
    let (elapsed, cpu) = (gate.begun().elapsed(), cpu_time().saturating_sub(cpu));
    Measured { elapsed, cpu, sent, unsent, ending, outcomes }
}

/// Processor time of this process so far.
fn cpu_time() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec.unsigned_abs() as u32)
}

async fn work<F>(
    gate: Arc<Gate>,
    call: impl Fn(u64) -> F,
    (retries, outcomes): (u32, Arc<Mutex<Outcomes>>),
) where
    F: Future<Output = Result<(), Failure>>,
{
    while let Some(pass) = gate.pass().await {
        let lag = pass.due.elapsed();
        let mut outcome = call(pass.n).await;
        let mut left = retries;
        while left > 0 && outcome.as_ref().is_err_and(Failure::is_away) {
            left -= 1;
            outcome = call(pass.n).await;
        }
        let latency = pass.due.elapsed();
        let must_pause = gate.is_closed_loop() && outcome.as_ref().is_err_and(Failure::is_away);
        lock(&outcomes).record(lag, latency, (outcome, retries - left));
        if must_pause {
            sleep(PAUSE).await;
        }
    }
}

// Every change leaves them whole.
fn lock(outcomes: &Mutex<Outcomes>) -> MutexGuard<'_, Outcomes> {
    outcomes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for all workers.
async fn all(workers: &mut JoinSet<()>) {
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            resume_unwind(error.into_panic());
        }
    }
}

/// Shuts `gate` at its end; what is in flight then is waited for by others.
async fn shut_at_end(gate: &Gate) {
    if let Some(end) = gate.end() {
        sleep_until(end).await;
        gate.shut();
    }
    pending().await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tonic::Status;

    use super::*;
    use crate::bench::{Arrivals, Until};

    /// As [`run()`], by the clock of the test.
    async fn run_by_test<F>(
        load: &Load,
        call: impl Fn(usize, u64) -> F + Clone + Send + 'static,
        stop: impl Future<Output = ()>,
    ) -> Measured
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let gate = Arc::new(Gate::new(load));
        gate.pace_by_runtime();
        measure(gate, load, call, stop).await
    }

    fn open(rate: &str) -> Arrivals {
        Arrivals::Open(rate.parse().expect("a rate"))
    }

    /// A server that answers after so many milliseconds.
    fn takes(ms: u64) -> impl Fn(usize, u64) -> TestCall + Clone + Send + 'static {
        move |_, _| Box::pin(answer_after(ms))
    }

    /// A server that answers within a millisecond, and once, at request 500, stands still for a second.
    fn stalls(_: usize, n: u64) -> TestCall {
        Box::pin(answer_after(if n == 500 { 1_000 } else { 1 }))
    }

    type TestCall = std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

    async fn answer_after(ms: u64) -> Result<(), Failure> {
        sleep(Duration::from_millis(ms)).await;
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_charged_for_every_request_that_was_due_meanwhile() {
        let until = Until::Elapsed(Duration::from_secs(10));
        let load = Load { arrivals: open("100"), in_flight: 1, until, retries: 0 };
        let measured = run_by_test(&load, stalls, pending()).await;
        assert_eq!((measured.sent, measured.unsent), (1_000, 0));
        let latencies = &measured.outcomes.latencies;
        // Of 1,000 requests, 100 were due in the second of the stall, half of them in its first half.
        let (p94, p96) = (latencies.quantile(0.94), latencies.quantile(0.96));
        assert!(p94.is_some_and(|ms| ms < 500.0), "{p94:?}");
        assert!(p96.is_some_and(|ms| ms > 500.0), "{p96:?}");
        let lag = measured.outcomes.lags.longest();
        assert!(lag.is_some_and(|ms| ms > 900.0), "what could not be sent is told: {lag:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_loop_hides_the_stall_as_the_theory_says() {
        let load = Load {
            arrivals: Arrivals::Closed,
            in_flight: 1,
            until: Until::Sent(1_000),
            retries: 0,
        };
        let measured = run_by_test(&load, stalls, pending()).await;
        let latencies = &measured.outcomes.latencies;
        assert_eq!(latencies.count(), 1_000);
        assert!(latencies.quantile(0.998).is_some_and(|ms| ms < 10.0));
        assert!(latencies.longest().is_some_and(|ms| ms > 900.0));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_in_flight_than_may_be_and_what_is_not_sent_is_counted() {
        for way in [open("100"), Arrivals::Closed] {
            let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let seen = most.clone();
            let call = move |_, _| {
                let (now, most) = (now.clone(), most.clone());
                async move {
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    let outcome = answer_after(1_000).await;
                    now.fetch_sub(1, SeqCst);
                    outcome
                }
            };
            let until = Until::Elapsed(Duration::from_millis(9_500));
            let load = Load { arrivals: way, in_flight: 2, until, retries: 0 };
            let measured = run_by_test(&load, call, pending()).await;
            assert_eq!(seen.load(SeqCst), 2, "{way:?}");
            assert_eq!(measured.sent, 20, "{way:?}");
            assert_eq!(measured.outcomes.latencies.count(), 20, "those in flight are waited for");
            let due = if matches!(way, Arrivals::Closed) { 20 } else { 950 };
            assert_eq!(measured.sent + measured.unsent, due, "{way:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_number_of_requests_is_sent_and_no_more() {
        for arrivals in [open("100"), Arrivals::Closed] {
            let load = Load { arrivals, in_flight: 7, until: Until::Sent(50), retries: 0 };
            let measured = run_by_test(&load, takes(300), pending()).await;
            assert_eq!((measured.sent, measured.unsent), (50, 0), "{arrivals:?}");
            assert_eq!(measured.outcomes.latencies.count(), 50, "{arrivals:?}");
            assert_eq!(measured.ending, Ending::Complete);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_keeps_what_was_measured() {
        for arrivals in [open("10"), Arrivals::Closed] {
            let load = Load { arrivals, in_flight: 1, until: Until::Sent(1_000), retries: 0 };
            let stop = sleep(Duration::from_millis(2_050));
            let measured = run_by_test(&load, takes(1_000), stop).await;
            assert_eq!(measured.ending, Ending::CutShort);
            assert_eq!(
                (measured.sent, measured.outcomes.latencies.count()),
                (3, 2),
                "{arrivals:?}"
            );
            let due = if matches!(arrivals, Arrivals::Closed) { 3 } else { 21 };
            assert_eq!(measured.sent + measured.unsent, due, "{arrivals:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_found_nobody_there_is_sent_again_and_so_often() {
        let refuse = |_, n| async move {
            match n {
                0 => Ok(()),
                1 => Err(Status::invalid_argument("wrong").into()),
                _ => Err(Status::unavailable("away").into()),
            }
        };
        let until = Until::Sent(3);
        let load = Load { arrivals: open("10"), in_flight: 1, until, retries: 2 };
        let outcomes = run_by_test(&load, refuse, pending()).await.outcomes;
        assert_eq!((outcomes.retried, outcomes.failed(), outcomes.latencies.count()), (2, 2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_counted_by_code_and_nobody_hammers_at_a_closed_door() {
        let until = Until::Elapsed(Duration::from_secs(1));
        let load = Load { arrivals: Arrivals::Closed, in_flight: 1, until, retries: 0 };
        let refuse = |_, n| async move {
            let status = match n {
                0 => Status::invalid_argument("first"),
                1 => Status::invalid_argument("second"),
                _ => Status::unavailable("away"),
            };
            Err(status.into())
        };
        let measured = run_by_test(&load, refuse, pending()).await;
        let failures = &measured.outcomes.failures;
        assert_eq!(failures["INVALID_ARGUMENT"], (2, "first".to_owned()));
        assert!((90..=101).contains(&failures["UNAVAILABLE"].0), "{failures:?}");
        assert_eq!(measured.outcomes.latencies.count(), 0, "a refusal is no answer");
        assert_eq!(measured.outcomes.failed(), measured.sent);
    }
}
