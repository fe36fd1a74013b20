//! An answer that is looked at until its end.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use opentelemetry::ContextGuard;
use tonic::{Code, Status};

use super::refusal::Refusal;

/// Looks at one answer. It is dropped at the answer's end, or when the caller leaves.
pub(super) trait Watch: Send + Unpin + 'static {
    /// The answer ends with this code. Does not run if the caller leaves before.
    fn ended(&mut self, _code: Code) {}

    /// Makes the span current within which the answer is made.
    fn attach(&self) -> Option<ContextGuard> {
        None
    }

    /// Why the answer must end now, asked before each of its frames.
    fn is_due(&self) -> Option<Refusal> {
        None
    }

    /// Resolves when the answer must end, while nothing of it comes.
    fn poll_due(&mut self, _cx: &mut Context<'_>) -> Poll<Refusal> {
        Poll::Pending
    }
}

/// The watches of two steps, of which each may have none. One of them at most attaches.
pub(super) struct Both<A, B> {
    pub(super) outer: Option<A>,
    pub(super) inner: Option<B>,
}

impl<A: Watch, B: Watch> Watch for Both<A, B> {
    fn ended(&mut self, code: Code) {
        if let Some(inner) = &mut self.inner {
            inner.ended(code);
        }
        if let Some(outer) = &mut self.outer {
            outer.ended(code);
        }
    }

    fn attach(&self) -> Option<ContextGuard> {
        let outer = self.outer.as_ref().and_then(Watch::attach);
        outer.or_else(|| self.inner.as_ref().and_then(Watch::attach))
    }

    fn is_due(&self) -> Option<Refusal> {
        let outer = self.outer.as_ref().and_then(Watch::is_due);
        outer.or_else(|| self.inner.as_ref().and_then(Watch::is_due))
    }

    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Refusal> {
        let outer = self.outer.as_mut().map(|watch| watch.poll_due(cx));
        if let Some(Poll::Ready(refusal)) = outer {
            return Poll::Ready(refusal);
        }
        self.inner.as_mut().map_or(Poll::Pending, |watch| watch.poll_due(cx))
    }
}

/// A body, and what looks at it.
pub(super) struct Watched<B, W> {
    /// Nothing once it was cut off.
    body: Option<B>,
    watch: Option<W>,
}

impl<B, W: Watch> Watched<B, W> {
    /// `response`, looked at until its end.
    pub(super) fn around(response: Response<B>, watch: Option<W>) -> Response<Self> {
        let code = answered(&response);
        let watch = match (code, watch) {
            (Some(code), Some(mut watch)) => {
                watch.ended(code);
                None
            }
            (_, watch) => watch,
        };
        response.map(|body| Self { body: Some(body), watch })
    }

    /// The body of an answer that has none.
    pub(super) fn nothing() -> Self {
        Self { body: None, watch: None }
    }

    /// Ends the answer with `refusal`, and drops what made it.
    fn cut(&mut self, refusal: &Refusal) -> Frame<Bytes> {
        self.body = None;
        Frame::trailers(refusal.trailers())
    }
}

/// The code of an answer that is over with its headers.
fn answered<B>(response: &Response<B>) -> Option<Code> {
    if response.status() != StatusCode::OK {
        return Some(Code::Unknown);
    }
    code_in(response.headers())
}

/// The code in headers or trailers.
pub(super) fn code_in(headers: &HeaderMap) -> Option<Code> {
    // They are few: hashing the name takes longer than looking at each.
    let (_, code) = headers.iter().find(|(name, _)| *name == Status::GRPC_STATUS)?;
    Some(Code::from_bytes(code.as_bytes()))
}

impl<B, W> Body for Watched<B, W>
where
    B: Body<Data = Bytes> + Unpin,
    W: Watch,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Self { body: Some(body), watch } = &mut *self else {
            return Poll::Ready(None);
        };
        // The clock first: a body that always has more would never come to it.
        if let Some(refusal) = watch.as_ref().and_then(Watch::is_due) {
            return Poll::Ready(Some(Ok(self.cut(&refusal))));
        }
        let within = watch.as_ref().and_then(Watch::attach);
        let polled = Pin::new(body).poll_frame(cx);
        drop(within);
        let Poll::Ready(frame) = polled else {
            let due = watch.as_mut().map(|watch| watch.poll_due(cx));
            let Some(Poll::Ready(refusal)) = due else { return Poll::Pending };
            return Poll::Ready(Some(Ok(self.cut(&refusal))));
        };
        let trailers = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.trailers_ref());
        if let Some(code) = trailers.and_then(code_in)
            && let Some(mut watch) = watch.take()
        {
            watch.ended(code);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
