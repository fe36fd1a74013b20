//! Why a layer answers in place of the service.

use std::time::Duration;

use http::{HeaderMap, Response};
use millwright_domain::{Code, Fault, Violation};

use crate::status;

/// Why a layer answers in place of the service.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("too many requests at once: retry in {} ms", retry_after.as_millis())]
    Busy { retry_after: Duration },
    #[error("not done before the deadline: allow more time or ask for less")]
    TooLate,
    #[error("grpc-timeout is no duration: 1 to 8 digits and one of H M S m u n")]
    Timeout,
    #[error("a message is larger than this server takes or sends: {0}")]
    TooLarge(String),
    #[error("the request is no valid message: {problem}")]
    Undecodable { field: Option<String>, problem: String },
}

impl Refusal {
    /// As a whole answer, without a body.
    pub(super) fn answer(&self) -> Response<()> {
        status(self).into_http()
    }

    /// As the end of an answer that has begun.
    pub(super) fn trailers(&self) -> HeaderMap {
        trailers(&status(self))
    }
}

/// `status` as the end of an answer that has begun.
pub(super) fn trailers(status: &tonic::Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers).expect("a status of ours is text, and is escaped");
    trailers
}

impl Fault for Refusal {
    fn code(&self) -> Code {
        match self {
            Self::Busy { .. } | Self::TooLarge(_) => Code::ResourceExhausted,
            Self::TooLate => Code::DeadlineExceeded,
            Self::Timeout | Self::Undecodable { .. } => Code::InvalidArgument,
        }
    }

    fn violation(&self) -> Option<Violation> {
        match self {
            Self::Timeout => Some(Violation {
                field: "grpc-timeout".to_owned(),
                description: "1 to 8 digits and one of H M S m u n".to_owned(),
            }),
            Self::Undecodable { field: Some(field), problem } => {
                Some(Violation { field: field.clone(), description: problem.clone() })
            }
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}
