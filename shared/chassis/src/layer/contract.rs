//! The status contract: what a caller is told, whoever made the answer.
//!
//! tonic's own codes for a message that is too large or undecodable are not what callers were
//! promised, a panic would reset the stream, and a code without a meaning hides a defect.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use http_body::{Frame, SizeHint};
use tonic::{Code, Status};

use super::refusal::{Refusal, trailers};
use crate::status::{INCIDENT, incident, status};

/// Answers every request as the contract says.
pub(super) async fn keep_contract(request: Request, next: Next) -> Response {
    let Ok(mut response) = AssertUnwindSafe(next.run(request)).catch_unwind().await else {
        return panicked().into_http();
    };
    correct(response.headers_mut());
    response.map(|body| Body::new(Kept(Some(body))))
}

/// Refuses what is no gRPC, as gRPC over HTTP/2 says.
pub(super) async fn only_grpc(request: Request, next: Next) -> Response {
    if is_grpc(request.headers()) {
        return next.run(request).await;
    }
    let mut refused = Response::new(Body::empty());
    *refused.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    refused
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
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
struct Kept(Option<Body>);

impl Kept {
    /// Ends the answer with `status`, and drops what made it.
    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        self.0 = None;
        Frame::trailers(trailers(status))
    }
}

impl http_body::Body for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
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
        self.0.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}
