//! A caller that takes nothing of its answer for too long loses the stream, not the connection.
//!
//! hyper waits for room at the caller without asking the body, so no layer can end the wait. Each
//! HTTP/2 stream is a task of its own, however, and dropping that resets the stream: [`Tasks`] starts
//! the tasks, and [`Pieces`] tells each of them whose turn it is.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

/// A caller that takes nothing of its answer for so long is cut off.
pub(crate) const STALLED: Duration = Duration::from_secs(30);
/// Most bytes that are handed on at once: whoever takes so many in [`STALLED`] keeps its stream.
const PIECE: usize = 64 << 10;

tokio::task_local! {
    /// Since when a piece of this task's answer is with hyper; nothing while the next is being made.
    static HANDED: Cell<Option<Instant>>;
}

/// Runs the streams of HTTP/2 connections.
#[derive(Clone, Copy)]
pub(crate) struct Tasks;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, stream: F) {
        tokio::spawn(HANDED.scope(Cell::new(None), Impatient { stream, alarm: None }));
    }
}

pin_project! {
    /// A stream that ends when it is done, or when its caller stalls.
    struct Impatient<F> {
        #[pin]
        stream: F,
        // Of the piece that waits. Most are taken at once and need none.
        alarm: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future<Output = ()>> Future for Impatient<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(since) = HANDED.with(Cell::get) else {
            *this.alarm = None;
            return Poll::Pending;
        };
        let due = since + STALLED;
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if alarm.deadline() != due {
            alarm.as_mut().reset(due);
        }
        let stalled = alarm.as_mut().poll(cx);
        if stalled.is_ready() {
            tracing::debug!("reset a stream: its caller takes nothing of the answer");
        }
        stalled
    }
}

pin_project! {
    /// An answer, handed on piece by piece.
    pub(crate) struct Pieces<B> {
        #[pin]
        body: B,
        // Of the last frame.
        rest: Bytes,
    }
}

impl<B> Pieces<B> {
    pub(crate) fn of(body: B) -> Self {
        Self { body, rest: Bytes::new() }
    }
}

impl<B: Body<Data = Bytes>> Body for Pieces<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        if this.rest.is_empty() {
            note(None);
            match std::task::ready!(this.body.poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => *this.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        note(Some(Instant::now()));
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

/// Where [`Tasks`] did not start the task, nobody asks.
fn note(handed: Option<Instant>) {
    let _ = HANDED.try_with(|since| since.set(handed));
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::{StreamExt, stream};
    use http::{Request, Response};
    use http_body_util::{BodyExt, Empty, StreamBody};
    use hyper::{body::Incoming, client};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::{io::duplex, time::sleep};
    use tokio_util::sync::CancellationToken;
    use tower::service_fn;

    use super::*;
    use crate::{
        Limits,
        http2::{http2, talk},
    };

    const WINDOW: u32 = 64 << 10;

    /// The body of an answer that consists of `frames`, over a connection in memory whose caller has
    /// room for [`WINDOW`] bytes that it has not taken.
    async fn answered<S>(frames: impl Fn() -> S + Clone + Send + 'static) -> Incoming
    where
        S: stream::Stream<Item = Bytes> + Send + 'static,
    {
        let (near, far) = duplex(1 << 20);
        let service = service_fn(move |_: Request<Incoming>| {
            let body = StreamBody::new(frames().map(|data| Ok::<_, Infallible>(Frame::data(data))));
            async { Ok(Response::new(Pieces::of(body))) }
        });
        let far = tokio::io::split(far);
        tokio::spawn(talk(http2(&Limits::default()), far, service, CancellationToken::new()));
        let (mut caller, connection) = client::conn::http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOW)
            .handshake(TokioIo::new(near))
            .await
            .expect("it speaks HTTP/2");
        tokio::spawn(connection);
        let request = Request::new(Empty::<Bytes>::new());
        caller.send_request(request).await.expect("it begins").into_body()
    }

    /// A message of a mebibyte.
    fn long() -> Bytes {
        Bytes::from_static(&[0; 1 << 20])
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_whose_caller_takes_nothing_is_reset() {
        for (messages, why) in [(4, "a stream of messages"), (1, "a single long one")] {
            let answer = answered(move || stream::repeat_with(long).take(messages)).await;
            sleep(STALLED + Duration::from_secs(1)).await;
            assert!(answer.collect().await.is_err(), "{why} was not reset");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_caller_gets_all_of_its_answer() {
        let mut answer = answered(|| stream::iter([long()])).await;
        let mut taken = 0;
        while let Some(frame) = answer.frame().await {
            taken += frame.expect("it goes on").into_data().expect("data").len();
            sleep(STALLED / 5).await;
        }
        assert_eq!(taken, long().len());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_takes_long_to_make_is_waited_for() {
        let late = || stream::once(sleep(10 * STALLED)).map(|()| Bytes::from_static(b"late"));
        let first = || stream::iter([Bytes::from_static(b"soon, ")]);
        let answer = answered(move || first().chain(late())).await;
        let whole = answer.collect().await.expect("it is not reset").to_bytes();
        assert_eq!(&whole[..], b"soon, late");
    }
}
