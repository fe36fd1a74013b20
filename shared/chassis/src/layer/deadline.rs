//! Holds an answer to the caller's deadline, to the end of its body.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::refusal::Refusal;
use crate::{
    Deadline,
    methods::{Kind, Method},
};

/// The longest that a unary call may take.
#[derive(Clone, Copy)]
pub(super) struct Longest(pub(super) Duration);

/// Answers DEADLINE_EXCEEDED when the time is over, and drops the work.
///
/// The time is the caller's `grpc-timeout`; a unary call has [`Longest`] at most, a stream that
/// names none has no end.
pub(super) async fn bound(
    State(Longest(longest)): State<Longest>,
    Extension(method): Extension<Arc<Method>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Ok(asked) = grpc_timeout(request.headers()) else {
        return Refusal::Timeout.answer();
    };
    let allowed = match method.kind {
        Kind::Unary => Some(asked.map_or(longest, |asked| asked.min(longest))),
        Kind::Streaming => asked,
    };
    let Some(deadline) = allowed.and_then(|allowed| Instant::now().checked_add(allowed)) else {
        return next.run(request).await;
    };
    request.extensions_mut().insert(Deadline(deadline));
    let Ok(response) = timeout_at(deadline, next.run(request)).await else {
        return Refusal::TooLate.answer();
    };
    response.map(|body| Body::new(Bounded::new(body, deadline)))
}

/// What the header `grpc-timeout` says; `Err` if it is not as gRPC over HTTP/2 defines it.
fn grpc_timeout(headers: &HeaderMap) -> Result<Option<Duration>, ()> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let text = value.to_str().map_err(drop)?;
    let unit = text.chars().last().ok_or(())?;
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(());
    }
    let n: u64 = digits.parse().map_err(drop)?;
    match unit {
        'H' => Ok(Some(Duration::from_secs(n * 3600))),
        'M' => Ok(Some(Duration::from_secs(n * 60))),
        'S' => Ok(Some(Duration::from_secs(n))),
        'm' => Ok(Some(Duration::from_millis(n))),
        'u' => Ok(Some(Duration::from_micros(n))),
        'n' => Ok(Some(Duration::from_nanos(n))),
        _ => Err(()),
    }
}

/// A body that ends at a deadline.
struct Bounded {
    body: Option<Body>,
    deadline: Pin<Box<Sleep>>,
}

impl Bounded {
    fn new(body: Body, deadline: Instant) -> Self {
        Self { body: Some(body), deadline: Box::pin(sleep_until(deadline)) }
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body: maybe, deadline } = &mut *self;
        let Some(body) = maybe else {
            return Poll::Ready(None);
        };
        // The clock first: a body that always has more would never come to it.
        if deadline.as_mut().poll(cx).is_pending() {
            return Pin::new(body).poll_frame(cx);
        }
        *maybe = None;
        Poll::Ready(Some(Ok(Frame::trailers(Refusal::TooLate.trailers()))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_defines_them() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().expect("a header"));
            grpc_timeout(&headers)
        };
        assert_eq!(grpc_timeout(&HeaderMap::new()), Ok(None));
        for (text, seconds) in [("2H", 7200.0), ("3M", 180.0), ("4S", 4.0), ("5m", 0.005)] {
            assert_eq!(read(text), Ok(Some(Duration::from_secs_f64(seconds))), "{text}");
        }
        assert_eq!(read("99999999n"), Ok(Some(Duration::from_nanos(99_999_999))));
        for (text, why) in [
            ("", "empty"),
            ("S", "no number"),
            ("5", "no unit"),
            ("-5S", "a sign"),
            ("5s", "no such unit"),
            ("123456789S", "nine digits"),
        ] {
            assert_eq!(read(text), Err(()), "{why}");
        }
    }
}
