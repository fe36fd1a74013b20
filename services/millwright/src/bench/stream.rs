//! Requests as messages of a stream.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel};

use super::{
    codec::{Answer, Encoded, Raw},
    failure::Failure,
};

/// A stream over one connection; it is opened when it is first used, and again after it has ended.
pub(super) struct Lane {
    channel: Channel,
    deadline: Duration,
    open: Mutex<Option<Open>>,
}

/// A stream that is open.
#[derive(Clone)]
struct Open {
    messages: mpsc::Sender<Encoded>,
    waiting: Waiting,
    _task: Arc<AbortOnDropHandle<()>>,
}

/// Those who wait for answers; `None` once the stream has ended.
#[derive(Clone)]
struct Waiting(Arc<Mutex<Option<Asked>>>);

/// By the ids of their requests.
type Asked = BTreeMap<u64, oneshot::Sender<Result<(), Failure>>>;

impl Lane {
    pub(super) fn new(channel: Channel, deadline: Duration) -> Self {
        Self { channel, deadline, open: Mutex::default() }
    }

    /// Sends `request` under an `id` that no other request has, and waits for its answer.
    pub(super) async fn call(&self, request: bytes::Bytes, id: u64) -> Result<(), Failure> {
        let (open, answer) = self.expect(id);
        let message = Encoded { request, id: Some(id) };
        let answered = async {
            // Of a stream that has ended, the answer tells why.
            let _ = open.messages.send(message).await;
            answer.await.unwrap_or_else(|_| Err(Failure::cut()))
        };
        timeout(self.deadline, answered).await.unwrap_or_else(|_| {
            open.waiting.forget(id);
            Err(Failure::late())
        })
    }

    /// A place for the answer to `id`, on the stream that is open, or else on a new one.
    fn expect(&self, id: u64) -> (Open, oneshot::Receiver<Result<(), Failure>>) {
        let mut open = lock(&self.open);
        if let Some(open) = &*open
            && let Some(answer) = open.waiting.expect(id)
        {
            return (open.clone(), answer);
        }
        let new = Open::new(self.channel.clone());
        let (sender, answer) = oneshot::channel();
        new.waiting.insert(id, sender);
        *open = Some(new.clone());
        (new, answer)
    }
}

impl Open {
    fn new(channel: Channel) -> Self {
        let (messages, outbox) = mpsc::channel(1);
        let waiting = Waiting(Arc::new(Mutex::new(Some(BTreeMap::new()))));
        let served = waiting.clone();
        // Some servers say that a stream is open with their first answer: messages must flow before.
        let task = tokio::spawn(async move {
            let ended = receive(channel, outbox, &served).await;
            served.end(&ended.err().unwrap_or_else(Failure::cut));
        });
        Self { messages, waiting, _task: Arc::new(AbortOnDropHandle::new(task)) }
    }
}

/// Takes the answers of one stream until it ends.
async fn receive(
    channel: Channel,
    messages: mpsc::Receiver<Encoded>,
    waiting: &Waiting,
) -> Result<(), Failure> {
    let mut grpc = Grpc::new(channel).max_decoding_message_size(usize::MAX);
    grpc.ready().await.map_err(|error| tonic::Status::from_error(error.into()))?;
    let path = PathAndQuery::from_static("/inference.GRPCInferenceService/ModelStreamInfer");
    let request = Request::new(ReceiverStream::new(messages));
    let mut answers = grpc.streaming(request, path, Raw).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        waiting.settle(Answer::read(answer)?);
    }
    Ok(())
}

impl Waiting {
    /// `None` if the stream has ended.
    fn expect(&self, id: u64) -> Option<oneshot::Receiver<Result<(), Failure>>> {
        let (sender, answer) = oneshot::channel();
        self.lock().as_mut()?.insert(id, sender);
        Some(answer)
    }

    fn insert(&self, id: u64, sender: oneshot::Sender<Result<(), Failure>>) {
        if let Some(waiting) = &mut *self.lock() {
            waiting.insert(id, sender);
        }
    }

    fn forget(&self, id: u64) {
        if let Some(waiting) = &mut *self.lock() {
            waiting.remove(&id);
        }
    }

    /// Tells whoever waits for `answer`. One without id belongs to the request that was sent first.
    fn settle(&self, answer: Answer) {
        let mut waiting = self.lock();
        let Some(waiting) = &mut *waiting else { return };
        let asked = match answer.id {
            Some(id) => waiting.remove(&id),
            None => waiting.pop_first().map(|(_, asked)| asked),
        };
        let outcome = answer.error.map_or(Ok(()), |error| Err(Failure::in_band(error)));
        // Whoever asked may have given up.
        let _ = asked.map(|asked| asked.send(outcome));
    }

    /// Tells all that the stream has ended.
    fn end(&self, why: &Failure) {
        for asked in self.lock().take().into_iter().flat_map(BTreeMap::into_values) {
            // Whoever asked may have given up.
            let _ = asked.send(Err(why.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Asked>> {
        lock(&self.0)
    }
}

// Every change leaves what is locked whole.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
