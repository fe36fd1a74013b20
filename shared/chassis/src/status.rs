//! From a [`Fault`] to what the caller is told: the one place that makes a `tonic::Status`.

use std::{error::Error, fmt};

use millwright_domain::{Code, Fault};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};
use uuid::Uuid;

/// The `domain` of every `google.rpc.ErrorInfo` of ours.
pub const ERROR_DOMAIN: &str = "millwright";

/// The answer to a caller whose request met `fault`.
///
/// Carries `google.rpc.ErrorInfo` (the code as reason, domain [`ERROR_DOMAIN`]), and where the
/// fault has them `BadRequest` with the field and `RetryInfo`. An internal fault is logged with its
/// sources under an incident id, and the caller is told that id alone.
pub fn status(fault: &dyn Fault) -> Status {
    if fault.code() == Code::Internal {
        return incident("internal fault", &Chain(&fault));
    }
    let (code, reason) = named(fault.code());
    let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, []);
    if let Some(violation) = fault.violation() {
        details.add_bad_request_violation(short(violation.field), short(violation.description));
    }
    if let Some(pause) = fault.retry_after() {
        details.set_retry_info(Some(pause));
    }
    Status::with_error_details(code, short(fault.to_string()), details)
}

/// Logs what happened under a new incident id, and answers that id alone.
pub(crate) fn incident(what: &'static str, cause: &dyn fmt::Display) -> Status {
    let id = Uuid::now_v7();
    tracing::error!(incident = %id, cause = %cause, "{what}");
    let details = ErrorDetails::with_error_info("INTERNAL", ERROR_DOMAIN, []);
    Status::with_error_details(tonic::Code::Internal, format!("{INCIDENT}{id}"), details)
}

/// Status and details travel as headers: a text of any length would be lost with them.
fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    text
}

/// In bytes. The message (threefold when escaped), its violation's two texts and their base64 stay
/// below 8 KiB together, which every client takes.
const LONGEST_TEXT: usize = 1024;

/// How the message of every incident begins.
pub(crate) const INCIDENT: &str = "internal error, incident ";

/// What spans tell of `fault`, as `error.type`: one of few words, and nothing that a caller sent.
pub fn error_type(fault: &dyn Fault) -> &'static str {
    named(fault.code()).1
}

fn named(code: Code) -> (tonic::Code, &'static str) {
    match code {
        Code::InvalidArgument => (tonic::Code::InvalidArgument, "INVALID_ARGUMENT"),
        Code::NotFound => (tonic::Code::NotFound, "NOT_FOUND"),
        Code::AlreadyExists => (tonic::Code::AlreadyExists, "ALREADY_EXISTS"),
        Code::Aborted => (tonic::Code::Aborted, "ABORTED"),
        Code::FailedPrecondition => (tonic::Code::FailedPrecondition, "FAILED_PRECONDITION"),
        Code::ResourceExhausted => (tonic::Code::ResourceExhausted, "RESOURCE_EXHAUSTED"),
        Code::Unavailable => (tonic::Code::Unavailable, "UNAVAILABLE"),
        Code::DeadlineExceeded => (tonic::Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        Code::Cancelled => (tonic::Code::Cancelled, "CANCELLED"),
        Code::DataLoss => (tonic::Code::DataLoss, "DATA_LOSS"),
        Code::Internal => (tonic::Code::Internal, "INTERNAL"),
    }
}

/// An error followed by its sources, for the log.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
