//! Answers a stream of messages: in order, a bounded number at a time, however slowly they are read.

use std::{future::Future, sync::Arc};

use futures::{
    FutureExt, Stream, StreamExt,
    stream::{self, BoxStream},
};
use millwright_chassis::{Stop, status};
use opentelemetry::trace::FutureExt as _;
use prost::Message;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use crate::ServingError;

/// Messages of one stream that are being answered at the same time.
const WINDOW: usize = 64;

/// Bytes of messages, or of their answers, that one stream may have in the works; a longer message
/// is alone in it.
const BUDGET: usize = 512 << 10;

/// The answers to `messages`, in order. When the service stops, what has arrived is answered, and a
/// stream whose caller has not ended it ends with UNAVAILABLE.
///
/// `size` is how long the answer to a message will be, in bytes, roughly. Each message is answered by
/// a task of its own: a caller who does not read its answers keeps no seat in a queue that others
/// wait for. Dropping the stream withdraws all of them.
pub(crate) fn in_order<M, A, F>(
    messages: impl Stream<Item = Result<M, Status>> + Send + Unpin + 'static,
    stop: Stop,
    size: impl Fn(&M) -> usize + Send + 'static,
    mut answer: impl FnMut(M) -> F + Send + 'static,
) -> BoxStream<'static, Result<A, Status>>
where
    M: Message + 'static,
    A: Send + 'static,
    F: Future<Output = A> + Send + 'static,
{
    let budget = Arc::new(Semaphore::new(BUDGET));
    until_stopped(messages, stop)
        .then(move |message| {
            let size =
                message.as_ref().map_or(0, |message| size(message).max(message.encoded_len()));
            admitted(message, size, budget.clone())
        })
        .map(move |message| match message {
            Ok((message, place)) => spawned(answer(message), place).left_future(),
            Err(broken) => std::future::ready(Err(broken)).right_future(),
        })
        .buffered(WINDOW)
        .boxed()
}

/// What comes until the stop and, of what had arrived by then, a window more: a caller who is
/// never done must not hold the service up.
fn until_stopped<M: Send + 'static>(
    messages: impl Stream<Item = Result<M, Status>> + Send + Unpin,
    stop: Stop,
) -> impl Stream<Item = Result<M, Status>> + Send {
    stream::unfold(Some((messages, stop, WINDOW)), |open| async {
        let (mut messages, stop, late) = open?;
        let stopped = stop.clone().now_or_never().is_some();
        tokio::select! {
            biased;
            message = messages.next(), if late > 0 => {
                let late = late - usize::from(stopped);
                message.map(|message| (message, Some((messages, stop, late))))
            }
            () = stop.clone() => Some((Err(status(&ServingError::Stopping)), None)),
        }
    })
}

/// Waits until the budget has room for `size` bytes.
async fn admitted<M>(
    message: Result<M, Status>,
    size: usize,
    budget: Arc<Semaphore>,
) -> Result<(M, OwnedSemaphorePermit), Status> {
    let message = message?;
    // The budget is far below 4 GiB.
    let place = budget.acquire_many_owned(size.clamp(1, BUDGET) as u32).await;
    place.map(|place| (message, place)).map_err(|_| status(&ServingError::Stopping))
}

/// Begins at once; the place in the budget is free when the answer is taken.
fn spawned<A: Send + 'static>(
    answer: impl Future<Output = A> + Send + 'static,
    place: OwnedSemaphorePermit,
) -> impl Future<Output = Result<A, Status>> {
    let task = AbortOnDropHandle::new(tokio::spawn(answer.with_current_context()));
    async move {
        let answer = task.await;
        drop(place);
        answer.map_err(|_| status(&ServingError::Panicked))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use futures::future::{pending, ready};
    use tokio::task::yield_now;

    use super::*;

    /// How many of endless messages of `length` bytes are taken when no answer is, each of which has
    /// `size` bytes.
    async fn taken(length: usize, size: usize) -> usize {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = taken.clone();
        let message = move |_| {
            counted.fetch_add(1, SeqCst);
            Ok("m".repeat(length))
        };
        let messages = stream::iter(0..).map(message);
        let stop = pending().boxed().shared();
        let mut unread = in_order(messages, stop, move |_| size, |_| ready(()));
        unread.next().await.expect("an answer").expect("no error");
        for _ in 0..10_000 {
            yield_now().await;
        }
        drop(unread);
        taken.load(SeqCst)
    }

    /// How a stream of these messages ends when the service has stopped: the answers, and whether the
    /// caller is told.
    async fn when_stopped(
        messages: impl Stream<Item = u64> + Send + Unpin + 'static,
    ) -> (Vec<u64>, bool) {
        let stop = ready(()).boxed().shared();
        let answers = in_order(messages.map(Ok), stop, |_| 1, ready).collect::<Vec<_>>().await;
        let told = answers.last().is_some_and(Result::is_err);
        (answers.into_iter().map_while(Result::ok).collect(), told)
    }

    #[tokio::test]
    async fn a_stop_answers_what_came_and_tells_whoever_is_still_there() {
        assert_eq!(when_stopped(stream::iter(0..3)).await, (vec![0, 1, 2], false));
        let open = stream::iter(0..3).chain(stream::pending());
        assert_eq!(when_stopped(open).await, (vec![0, 1, 2], true));
        let (answers, told) = when_stopped(stream::iter(0..)).await;
        assert!(told && answers.len() == WINDOW, "an endless stream is cut: {}", answers.len());
    }

    #[tokio::test]
    async fn a_stream_that_is_not_read_holds_few_messages_and_bytes() {
        for (length, size, most, why) in [
            (10, 10, WINDOW + 1, "short messages are counted"),
            (100 << 10, 10, 1 + 5 + 1, "of long messages, the bytes are"),
            (10, 100 << 10, 1 + 5 + 1, "and so are those of long answers"),
            (10, 1 << 30, 1 + 1 + 1, "an answer beyond the budget is alone"),
        ] {
            let taken = taken(length, size).await;
            assert!(taken <= most, "{why}: {taken} messages were taken");
        }
    }
}
