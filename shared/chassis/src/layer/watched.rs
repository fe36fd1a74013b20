//! An answer that is looked at until its end.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::{Frame, SizeHint};
use opentelemetry::Context as Trace;
use tonic::{Code, Status};

/// Looks at one answer. It is dropped at the answer's end, or when the caller leaves.
pub(super) trait Watch: Send + Unpin + 'static {
    /// The answer ends with this code. Does not run if the caller leaves before.
    fn ended(&mut self, _code: Code) {}

    /// The span within which the answer is made, and what else it is made within.
    fn context(&self) -> Option<&Trace> {
        None
    }
}

/// `response`, looked at by `watch` until its end.
pub(super) fn watch(response: Response, mut watch: impl Watch) -> Response {
    if let Some(code) = answered(&response) {
        watch.ended(code);
        return response;
    }
    response.map(|body| Body::new(Watched { body, watch: Some(watch) }))
}

/// The code of an answer that is over with its headers.
fn answered(response: &Response) -> Option<Code> {
    if response.status() != StatusCode::OK {
        return Some(Code::Unknown);
    }
    code_in(response.headers())
}

/// The code in headers or trailers.
pub(super) fn code_in(headers: &HeaderMap) -> Option<Code> {
    Some(Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes()))
}

struct Watched<W> {
    body: Body,
    watch: Option<W>,
}

impl<W: Watch> http_body::Body for Watched<W> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, watch } = &mut *self;
        let within = watch.as_ref().and_then(Watch::context).cloned().map(Trace::attach);
        let frame = ready!(Pin::new(body).poll_frame(cx));
        drop(within);
        let trailers = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.trailers_ref());
        if let Some(code) = trailers.and_then(code_in)
            && let Some(mut watch) = watch.take()
        {
            watch.ended(code);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
