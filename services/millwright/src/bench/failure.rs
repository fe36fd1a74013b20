//! How requests fail.

use millwright_domain::GRPC_CODES;
use tonic::{Code, Status, TimeoutExpired};

/// Why one request was not answered with a prediction.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{label}: {message}")]
pub(crate) struct Failure {
    /// The status code as gRPC spells it; `IN_BAND` of an error that came as a message of a stream,
    /// where the protocol has no code.
    pub(super) label: &'static str,
    /// In the server's words.
    pub(super) message: String,
}

impl Failure {
    /// The status code as gRPC spells it.
    pub(crate) fn label(&self) -> &'static str {
        self.label
    }

    pub(super) fn late() -> Self {
        let message = "no answer within --deadline".to_owned();
        Self { label: name(Code::DeadlineExceeded), message }
    }

    pub(super) fn in_band(message: String) -> Self {
        Self { label: "IN_BAND", message }
    }

    /// A stream that ended before it had answered everything.
    pub(super) fn cut() -> Self {
        let message = "the stream ended before it was answered".to_owned();
        Self { label: name(Code::Unavailable), message }
    }

    /// Whether nobody is there: the next try fails as soon as this one.
    pub(super) fn is_away(&self) -> bool {
        self.label == name(Code::Unavailable)
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        if expired(&status) {
            return Self::late();
        }
        // A status that was made on this side has a cause: the connection broke, which tonic tells as
        // UNKNOWN where the server reset it.
        let broken = std::error::Error::source(&status).is_some();
        let code = if broken { Code::Unavailable } else { status.code() };
        Self { label: name(code), message: status.message().to_owned() }
    }
}

/// Whether the deadline passed on this side, which tonic tells as CANCELLED.
fn expired(status: &Status) -> bool {
    let first = std::error::Error::source(status);
    let mut causes = std::iter::successors(first, |error| error.source());
    causes.any(|error| error.is::<TimeoutExpired>())
}

/// As gRPC spells it.
fn name(code: Code) -> &'static str {
    GRPC_CODES.get(code as usize).copied().unwrap_or("UNKNOWN")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_connection_that_breaks_is_unavailable_and_a_server_keeps_its_word() {
        let reset = Status::from_error(io::Error::from(io::ErrorKind::ConnectionReset).into());
        for (status, label) in
            [(reset, "UNAVAILABLE"), (Status::unknown("says the server"), "UNKNOWN")]
        {
            assert_eq!(Failure::from(status).label(), label);
        }
    }
}
