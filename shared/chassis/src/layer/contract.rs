//! The status contract: what a caller is told, whoever made the answer.
//!
//! tonic's own codes for a message that is too large or undecodable are not what callers were
//! promised, a panic would reset the stream, and a code without a meaning hides a defect.

use std::{
    convert::Infallible,
    fmt::Display,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Code, Status};
use tower::Service;

use super::refusal::{Refusal, trailers};
use crate::status::{INCIDENT, incident, status};

/// Answers every request as the contract says.
#[derive(Clone)]
pub(super) struct KeepContract<S>(pub(super) S);

impl<S, R, B> Service<Request<R>> for KeepContract<S>
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<Kept<B>>;
    type Error = Infallible;
    type Future = Keeping<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        Keeping { inner: catch_unwind(AssertUnwindSafe(|| self.0.call(request))).ok() }
    }
}

pin_project! {
    /// An answer on its way, to whom the contract applies; nothing if its maker panicked.
    pub(super) struct Keeping<F> {
        #[pin]
        inner: Option<F>,
    }
}

impl<F, B> Future for Keeping<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<Kept<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = this
            .inner
            .as_mut()
            .as_pin_mut()
            .map(|inner| catch_unwind(AssertUnwindSafe(|| inner.poll(cx))));
        let Some(Ok(polled)) = polled else {
            this.inner.set(None);
            return Poll::Ready(Ok(panicked().into_http::<()>().map(|()| Kept(None))));
        };
        let Ok(mut response) = ready!(polled);
        correct(response.headers_mut());
        Poll::Ready(Ok(response.map(|body| Kept(Some(body)))))
    }
}

fn panicked() -> Status {
    incident("a handler panicked", &"the panic was logged where it happened")
}

/// Puts the promised status in place of one that is not.
fn correct(headers: &mut HeaderMap) {
    let Some(promised) = promised(headers) else {
        return;
    };
    for name in [Status::GRPC_STATUS, Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS] {
        headers.remove(name);
    }
    headers.extend(trailers(&promised));
}

/// The status that the contract promises in place of the one in `headers`, if it is another.
fn promised(headers: &HeaderMap) -> Option<Status> {
    match super::watched::code_in(headers)? {
        Code::OutOfRange => {
            let message = Status::from_header_map(headers)?.message().to_owned();
            Some(status(&Refusal::TooLarge(size_and_limit(message))))
        }
        code @ (Code::Internal | Code::Unknown) => {
            let message = Status::from_header_map(headers)?.message().to_owned();
            if code == Code::Internal && message.starts_with(INCIDENT) {
                return None;
            }
            let refusal = undecodable(&message);
            Some(refusal.map_or_else(
                || incident("an answer without a meaning", &message),
                |refusal| status(&refusal),
            ))
        }
        _ => None,
    }
}

/// What follows the first colon of tonic's text: `found 5 bytes, the limit is: 4 bytes`.
fn size_and_limit(message: String) -> String {
    message.split_once(": ").map_or(message.clone(), |(_, sizes)| sizes.to_owned())
}

/// A message of tonic or prost that blames the bytes of the request.
fn undecodable(message: &str) -> Option<Refusal> {
    if let Some(problem) = message.strip_prefix("failed to decode Protobuf message: ") {
        let problem = problem.to_owned();
        return Some(Refusal::Undecodable { field: field_in(&problem), problem });
    }
    let blames = ["protocol error: received message", "Missing request message", "Unexpected EOF"];
    let problem = message.to_owned();
    let is_blamed = blames.iter().any(|text| message.starts_with(text));
    is_blamed.then_some(Refusal::Undecodable { field: None, problem })
}

/// The path `inputs.name` in prost's `Request.inputs: Input.name: invalid string value: …`.
fn field_in(problem: &str) -> Option<String> {
    let steps = problem.split(": ").map_while(|step| {
        let (message, field) = step.split_once('.')?;
        let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (is_name(message) && is_name(field)).then_some(field)
    });
    let path = steps.collect::<Vec<_>>().join(".");
    (!path.is_empty()).then_some(path)
}

/// A body whose trailers keep the contract; empty once it has ended.
pub(super) struct Kept<B>(Option<B>);

impl<B> Kept<B> {
    /// Ends the answer with `status`, and drops what made it.
    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        self.0 = None;
        Frame::trailers(trailers(status))
    }
}

impl<B> Body for Kept<B>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
{
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(body) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx)));
        let frame = match polled {
            Ok(frame) => ready!(frame),
            Err(_) => return Poll::Ready(Some(Ok(self.end(&panicked())))),
        };
        Poll::Ready(match frame {
            Some(Ok(mut frame)) => {
                if let Some(trailers) = frame.trailers_mut() {
                    correct(trailers);
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Ok(self.end(&incident("an answer broke off", &error)))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
