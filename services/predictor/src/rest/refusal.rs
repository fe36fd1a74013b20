//! Why a request is refused before it is a call, and how a failure is answered.

use axum::{body::Body, response::Response};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, ALLOW},
};
use millwright_chassis::{HttpCode, status};
use millwright_domain::{Code, Fault, Violation};
use millwright_wire::{WireError, json::EncodeError};
use tonic::Status;

/// Why a request is refused before it is a call, or its answer cannot be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "there is nothing at this path: paths begin with /v2, as the Open Inference Protocol says"
    )]
    NoRoute,
    #[error("this path takes {}", if *is_read { "GET" } else { "POST" })]
    Method { is_read: bool },
    #[error("versions are not loaded or unloaded for a web page: call from a program")]
    WebPage,
    #[error("the body is compressed: send it as it is, without Content-Encoding")]
    Encoded,
    #[error("the body is longer than {limit} bytes: send fewer rows at once")]
    TooLong { limit: usize },
    #[error("the body stopped coming for {seconds} s: send it without a pause")]
    TooSlow { seconds: u64 },
    #[error("the body was cut short")]
    Cut,
    #[error(transparent)]
    Message(#[from] WireError),
    #[error(transparent)]
    Answer(#[from] EncodeError),
}

impl Refusal {
    /// The HTTP status, where no code of gRPC stands for it.
    fn http_code(&self) -> Option<StatusCode> {
        match self {
            Self::Method { .. } => Some(StatusCode::METHOD_NOT_ALLOWED),
            Self::WebPage => Some(StatusCode::FORBIDDEN),
            Self::Encoded => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooSlow { .. } => Some(StatusCode::REQUEST_TIMEOUT),
            _ => None,
        }
    }

    fn into_response(self) -> Response {
        let mut response = status(&self).into_http::<Body>();
        if let Some(code) = self.http_code() {
            response.extensions_mut().insert(HttpCode(code));
        }
        let (name, value) = match self {
            Self::Method { is_read: true } => (ALLOW, "GET, HEAD"),
            Self::Method { is_read: false } => (ALLOW, "POST"),
            Self::Encoded => (ACCEPT_ENCODING, "identity"),
            _ => return response,
        };
        response.headers_mut().insert(name, HeaderValue::from_static(value));
        response
    }
}

impl Fault for Refusal {
    fn code(&self) -> Code {
        match self {
            Self::NoRoute => Code::NotFound,
            Self::WebPage => Code::FailedPrecondition,
            Self::TooLong { .. } | Self::Answer(EncodeError::TooLong { .. }) => {
                Code::ResourceExhausted
            }
            Self::TooSlow { .. } => Code::DeadlineExceeded,
            Self::Message(error) => error.code(),
            Self::Method { .. }
            | Self::Encoded
            | Self::Cut
            | Self::Answer(EncodeError::Unwritable(_)) => Code::InvalidArgument,
        }
    }

    fn violation(&self) -> Option<Violation> {
        match self {
            Self::Message(error) => error.violation(),
            _ => None,
        }
    }
}

/// Why a request is not answered with what it asked for.
pub(super) enum Failure {
    /// It never became a call, or its answer cannot be told.
    Refusal(Refusal),
    /// The call failed.
    Call(Status),
}

impl Failure {
    pub(super) fn into_response(self) -> Response {
        match self {
            Self::Refusal(refusal) => refusal.into_response(),
            Self::Call(status) => status.into_http(),
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Call(status)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self::Refusal(error.into())
    }
}
