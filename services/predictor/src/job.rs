//! The rows of one caller on their way through the queue.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use millwright_chassis::Deadline;
use millwright_proto::predictor::TimingReceipt;
use millwright_tensor::Rows;
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::Instant,
};

use crate::{ServingError, batch::Computed, spans::Caller};

/// What a caller wishes beside its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PredictOptions {
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// What happens when the queue is full.
    pub admission: Admission,
    /// Who leaves the queue first.
    pub priority: Priority,
    /// How long the rows may wait until the first is computed, beside the bound of the policy.
    pub timeout: Option<Duration>,
}

impl PredictOptions {
    /// Those of a call that is refused when the queue is full.
    pub(crate) fn of_call<T>(request: &tonic::Request<T>) -> Self {
        let deadline = Deadline::of(request).map(Deadline::instant);
        Self { deadline, ..Self::default() }
    }

    /// Those of the messages of a stream, which waits when the queue is full.
    pub(crate) fn of_stream<T>(request: &tonic::Request<T>) -> Self {
        Self { admission: Admission::Wait, ..Self::of_call(request) }
    }
}

/// What happens when the queue is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// The caller is refused at once: a lone call.
    #[default]
    Refuse,
    /// The caller waits, and so does whoever feeds it: a stream.
    Wait,
}

/// Who leaves the queue of a version first. It changes nobody else's turns: versions share the
/// machine whatever the priorities of their requests are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Before all others.
    Urgent,
    /// After what is urgent.
    #[default]
    Normal,
    /// When nobody else waits.
    Background,
}

impl Priority {
    /// All of them, first things first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Background];

    /// Its number in the Open Inference Protocol, from 1.
    pub(crate) fn level(self) -> u64 {
        self as u64 + 1
    }
}

/// Predictions, in the order of the rows, and where the time went.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Under the output signature of the model.
    pub rows: Rows,
    /// Where the time went.
    pub receipt: Receipt,
}

/// Where the time of a job went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Waited for a worker.
    pub queue: Duration,
    /// Rows that were computed together with the job's own.
    pub batch_rows: usize,
    /// The rows of the batch were joined.
    pub gather: Duration,
    /// The model ran.
    pub kernel: Duration,
    /// From the end of the kernel to the answer.
    pub output: Duration,
    /// When the kernel ended, which tells the batch from others.
    pub(crate) ended: Option<Instant>,
}

impl Receipt {
    /// That of `rows` which were computed by themselves, without waiting.
    pub(crate) fn of(computed: Computed, rows: usize) -> Self {
        Self {
            queue: Duration::ZERO,
            batch_rows: rows,
            gather: computed.gather,
            kernel: computed.kernel,
            output: Duration::ZERO,
            ended: Some(computed.ended()),
        }
    }

    /// The answer is about to be told.
    pub(crate) fn finish(&mut self) {
        self.output = self.ended.map(|at| at.elapsed()).unwrap_or_default();
    }

    /// As answers tell it, in microseconds.
    pub(crate) fn to_wire(self) -> TimingReceipt {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        TimingReceipt {
            queue_us: micros(self.queue),
            batch_rows: u32::try_from(self.batch_rows).unwrap_or(u32::MAX),
            kernel_us: micros(self.kernel),
        }
    }

    /// The receipt of a request whose slices have these two: sums, but of slices that shared a batch,
    /// and the larger batch.
    pub(crate) fn plus(self, other: Self) -> Self {
        let batch_rows = self.batch_rows.max(other.batch_rows);
        if self.ended == other.ended {
            return Self { batch_rows, ..self };
        }
        Self {
            queue: self.queue + other.queue,
            batch_rows,
            gather: self.gather + other.gather,
            kernel: self.kernel + other.kernel,
            output: other.output,
            ended: other.ended,
        }
    }
}

/// Where the outcome of a job is awaited; dropping it withdraws the job.
pub(crate) type Reply = oneshot::Receiver<Result<Answer, ServingError>>;

/// What became of a request first: its computation began, or its caller gave up. The slices of a
/// request share it: what has begun is finished, however long the rest waits.
#[derive(Clone, Default)]
pub(crate) struct Fate(Arc<OnceLock<bool>>);

impl Fate {
    /// Begins the computation; `false` if the caller has given up.
    fn begin(&self) -> bool {
        *self.0.get_or_init(|| true)
    }

    /// Gives up; `false` if the computation has begun.
    pub(crate) fn give_up(&self) -> bool {
        !*self.0.get_or_init(|| false)
    }
}

/// Until when a request's rows are wanted; its slices share it.
#[derive(Clone, Default)]
pub(crate) struct Terms {
    pub(crate) deadline: Option<Instant>,
    /// Until when the first of them should be computed; no later than the deadline.
    pub(crate) begin_by: Option<Instant>,
    pub(crate) priority: Priority,
    pub(crate) fate: Fate,
}

impl Terms {
    pub(crate) fn of(options: &PredictOptions) -> Self {
        let PredictOptions { deadline, priority, timeout, .. } = *options;
        let timeout = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let begin_by = deadline.into_iter().chain(timeout).min();
        Self { deadline, begin_by, priority, fate: Fate::default() }
    }
}

/// Rows that wait, or are being computed.
pub(crate) struct Job {
    pub(crate) rows: Rows,
    pub(crate) terms: Terms,
    pub(crate) enqueued_at: Instant,
    /// Tells the caller's trace where the time goes.
    pub(crate) caller: Caller,
    reply: oneshot::Sender<Result<Answer, ServingError>>,
    /// One for each row, at least one; given back when the job is answered or dropped.
    seats: OwnedSemaphorePermit,
}

impl Job {
    pub(crate) fn new(
        rows: Rows,
        terms: Terms,
        seats: OwnedSemaphorePermit,
        caller: Caller,
    ) -> (Self, Reply) {
        let (reply, outcome) = oneshot::channel();
        let enqueued_at = Instant::now();
        (Self { rows, terms, enqueued_at, caller, reply, seats }, outcome)
    }

    /// Begins to be computed at `now`; `false` if nobody wants it any more, or it is too late.
    pub(crate) fn begin(&self, now: Instant) -> bool {
        !self.is_withdrawn() && !self.is_late(now) && self.terms.fate.begin()
    }

    /// Whether nobody waits for the outcome any more.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.reply.is_closed()
    }

    /// Until when it waits for company: `delay`, and not so long that its time passes meanwhile.
    pub(crate) fn patience(&self, delay: Duration) -> Instant {
        let longest = self.enqueued_at + delay;
        let half_way = |end: Instant| self.enqueued_at + (end - self.enqueued_at) / 2;
        self.terms.begin_by.map_or(longest, |end| half_way(end).min(longest))
    }

    fn is_late(&self, now: Instant) -> bool {
        self.terms.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Answers the caller, if it still waits.
    pub(crate) fn answer(self, outcome: Result<Answer, ServingError>) {
        // First: whoever has an answer takes no seat any more.
        drop(self.seats);
        let _gone = self.reply.send(outcome);
    }
}
