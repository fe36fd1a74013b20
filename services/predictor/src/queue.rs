//! The jobs of one version that wait for their batch, by priority.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};

use crate::{
    batch::Batch,
    histogram::nanos,
    job::{Job, Priority},
};

/// How often a queue is searched for jobs that were withdrawn.
const SWEEP: Duration = Duration::from_millis(100);

/// The jobs of one version that wait for their batch: those of a higher priority leave first, those
/// of the same in the order in which they came. A job holds a seat, and seats bound the queue.
pub(crate) struct Queue {
    levels: [VecDeque<Job>; Priority::ALL.len()],
    n_rows: usize,
    age: Arc<Age>,
    swept: Instant,
}

impl Queue {
    /// An empty queue, which tells its age to `age`.
    pub(crate) fn telling(age: Arc<Age>) -> Self {
        let levels = [const { VecDeque::new() }; _];
        Self { levels, n_rows: 0, age, swept: Instant::now() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.levels.iter().all(VecDeque::is_empty)
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(crate) fn push(&mut self, job: Job) {
        self.n_rows += job.rows.len();
        self.levels[job.terms.priority as usize].push_back(job);
    }

    /// Takes in what has arrived.
    pub(crate) fn fill(&mut self, inbox: &mut mpsc::Receiver<Job>) {
        while let Ok(job) = inbox.try_recv() {
            self.push(job);
        }
        self.sweep(Instant::now());
    }

    /// The next batch, of at most `most` rows; `None` where nobody waits any more.
    pub(crate) fn batch(&mut self, most: usize) -> Option<Batch> {
        let mut batch = Batch::open(self.pop()?);
        while let Some(job) = self.pop() {
            if let Err(job) = batch.admit(job, most) {
                self.n_rows += job.rows.len();
                self.levels[job.terms.priority as usize].push_front(job);
                break;
            }
        }
        Some(batch)
    }

    /// Until when the queue waits for company; see [`Job::patience`].
    pub(crate) fn patience(&self, delay: Duration) -> Instant {
        let patience = self.levels.iter().flatten().map(|job| job.patience(delay)).min();
        patience.unwrap_or_else(Instant::now)
    }

    /// Tells how old the queue is, now that everything that has arrived is in it.
    pub(crate) fn tell_age(&self) {
        let oldest = self.levels.iter().filter_map(VecDeque::front).map(|job| job.enqueued_at);
        self.age.tell(oldest.min(), Instant::now());
    }

    /// Lets jobs go that were withdrawn, and with them their seats: while what is urgent keeps
    /// coming, the turn of the others never would.
    fn sweep(&mut self, now: Instant) {
        if now.duration_since(self.swept) < SWEEP {
            return;
        }
        self.swept = now;
        self.levels.iter_mut().for_each(|level| level.retain(|job| !job.is_withdrawn()));
        self.n_rows = self.levels.iter().flatten().map(|job| job.rows.len()).sum();
    }

    /// The next job that is not withdrawn.
    fn pop(&mut self) -> Option<Job> {
        loop {
            let job = self.levels.iter_mut().find_map(VecDeque::pop_front)?;
            self.n_rows -= job.rows.len();
            if !job.is_withdrawn() {
                return Some(job);
            }
        }
    }
}

/// Since when the oldest job of a queue waits, as its task said last; anybody may ask.
pub(crate) struct Age {
    began: Instant,
    /// When the oldest job came, in nanoseconds after `began` and one more; 0: none waited.
    oldest: AtomicU64,
    /// When everything that had arrived was in the queue, likewise; 0: its task waits for jobs.
    looked: AtomicU64,
}

impl Age {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), oldest: AtomicU64::new(0), looked: AtomicU64::new(0) }
    }

    /// How long the oldest job has waited at `now`. Of jobs that arrived while a batch is computed,
    /// which `are_unseen` yet, the task knows no more than that they came after it began.
    pub(crate) fn at(&self, now: Instant, are_unseen: bool) -> Option<Duration> {
        let since = match self.oldest.load(Relaxed) {
            0 if are_unseen => self.looked.load(Relaxed),
            oldest => oldest,
        };
        let since = self.began + Duration::from_nanos(since.checked_sub(1)?);
        Some(now.saturating_duration_since(since))
    }

    /// The task waits for jobs.
    pub(crate) fn rest(&self) {
        self.oldest.store(0, Relaxed);
        self.looked.store(0, Relaxed);
    }

    fn tell(&self, oldest: Option<Instant>, now: Instant) {
        let nanos = |at: Instant| nanos(at.saturating_duration_since(self.began)).saturating_add(1);
        self.oldest.store(oldest.map_or(0, nanos), Relaxed);
        self.looked.store(nanos(now), Relaxed);
    }
}
