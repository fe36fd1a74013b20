//! The messages of a stream that can be sent again.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use millwright_proto::predictor::PredictStreamRequest;
use prost::Message;

/// Messages and bytes that may be unanswered; one message may be longer. More than the predictor
/// takes before it answers, so that it never waits for us.
const MOST_MESSAGES: usize = 256;
const MOST_BYTES: usize = 1 << 20;

/// The messages of a stream that are not answered yet, and the source of further ones.
pub(super) struct Outbox {
    state: Arc<Mutex<State>>,
}

struct State {
    /// `None` once it has ended.
    source: Option<BoxStream<'static, PredictStreamRequest>>,
    unanswered: VecDeque<PredictStreamRequest>,
    /// Of the unanswered ones.
    bytes: usize,
    /// The call that may send; one before it sends nothing more.
    call: u64,
    /// How many of the unanswered ones it has sent.
    sent: usize,
    /// Whoever waits for an answer before it sends on.
    waiting: Option<Waker>,
}

impl Outbox {
    pub(super) fn new(source: BoxStream<'static, PredictStreamRequest>) -> Self {
        let state = State {
            source: Some(source),
            unanswered: VecDeque::new(),
            bytes: 0,
            call: 0,
            sent: 0,
            waiting: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The messages of a new call: those that are not answered, then further ones. The call before
    /// it sends nothing more.
    pub(super) fn messages(&self) -> impl Stream<Item = PredictStreamRequest> + Send + 'static {
        let mut state = self.state();
        state.call += 1;
        state.sent = 0;
        let (call, state) = (state.call, self.state.clone());
        stream::poll_fn(move |context| lock(&state).poll(call, context))
    }

    /// Takes out the message that was answered; `false` if it is not the next one.
    pub(super) fn answered(&self, row_index: u64) -> bool {
        let mut state = self.state();
        if state.unanswered.front().is_none_or(|message| message.row_index != row_index) {
            return false;
        }
        state.bytes -= state.unanswered.pop_front().map_or(0, |message| message.encoded_len());
        state.sent = state.sent.saturating_sub(1);
        if let Some(waiting) = state.waiting.take() {
            waiting.wake();
        }
        true
    }

    /// Whether every message was answered, and no further one will come.
    pub(super) fn is_done(&self) -> bool {
        let state = self.state();
        state.source.is_none() && state.unanswered.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

// Every change leaves the state whole, so that a panic of the source does not spoil it.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn poll(&mut self, call: u64, context: &mut Context<'_>) -> Poll<Option<PredictStreamRequest>> {
        if call != self.call {
            return Poll::Ready(None);
        }
        if let Some(again) = self.unanswered.get(self.sent) {
            self.sent += 1;
            return Poll::Ready(Some(again.clone()));
        }
        if self.unanswered.len() >= MOST_MESSAGES || self.bytes >= MOST_BYTES {
            self.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        let Some(source) = &mut self.source else { return Poll::Ready(None) };
        let Some(message) = ready!(source.poll_next_unpin(context)) else {
            self.source = None;
            return Poll::Ready(None);
        };
        self.bytes += message.encoded_len();
        self.unanswered.push_back(message.clone());
        self.sent += 1;
        Poll::Ready(Some(message))
    }
}
