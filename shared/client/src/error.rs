//! What a call can fail with.

use std::{error::Error, io, time::Duration};

use millwright_domain::{Code, Fault, Violation};
use millwright_wire::WireError;
use tonic::{Status, TimeoutExpired};
use tonic_types::StatusExt;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address of a service cannot be used.
    #[error("{address:?} is no address of the {service}: write host:port")]
    Address {
        /// The service.
        service: &'static str,
        /// What was given.
        address: String,
    },
    /// No connection, or it broke.
    #[error("the {service} at {address} could not be reached: is it running?")]
    Unreachable {
        /// The service.
        service: &'static str,
        /// Where it was looked for.
        address: String,
        /// What the transport met.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The service answered with an error.
    #[error("{message}")]
    Status {
        /// The kind of failure.
        code: Code,
        /// What is wrong and what to do, in the service's words.
        message: String,
        /// The field of the request that is wrong, where one is.
        violation: Option<Violation>,
        /// How long to wait before the next try, where one may help.
        retry_after: Option<Duration>,
    },
    /// The service answered with something that its contract does not allow.
    #[error("the {service} gave an answer that cannot be read: do its version and ours match?")]
    Answer {
        /// The service.
        service: &'static str,
        /// What is wrong with it.
        source: WireError,
    },
    /// What was downloaded is not what its digest names.
    #[error("the artifact arrived damaged: {problem}")]
    Damaged {
        /// How it differs.
        problem: &'static str,
    },
    /// What was to be uploaded could not be read.
    #[error("the data could not be read")]
    Read(#[from] io::Error),
}

impl ClientError {
    /// What `status` means, which a call to `service` at `address` ended with.
    pub(crate) fn of(status: Status, service: &'static str, address: &str) -> Self {
        match status.source() {
            Some(source) if !timed_out(source) => {
                let address = address.to_owned();
                Self::Unreachable { service, address, source: Box::new(status) }
            }
            Some(_) => Self::deadline(service),
            None if status.code() == tonic::Code::Unimplemented => Self::stranger(service, address),
            None => Self::told(&status),
        }
    }

    fn deadline(service: &'static str) -> Self {
        let message = format!("the {service} did not answer in time");
        Self::Status { code: Code::DeadlineExceeded, message, violation: None, retry_after: None }
    }

    /// Something answered that does not know the call: most often a wrong port.
    fn stranger(service: &'static str, address: &str) -> Self {
        let message = format!("{address} does not know this call: is this the {service}?");
        Self::Status { code: Code::FailedPrecondition, message, violation: None, retry_after: None }
    }

    fn told(status: &Status) -> Self {
        // Details that cannot be decoded say less than code and message, which are there.
        let details = status.check_error_details().unwrap_or_default();
        let violation = details.bad_request().and_then(|bad| bad.field_violations.first());
        Self::Status {
            code: code(status.code()),
            message: status.message().to_owned(),
            violation: violation.map(|violation| Violation {
                field: violation.field.clone(),
                description: violation.description.clone(),
            }),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
        }
    }

    /// Whether the same call may succeed a little later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Status { code: Code::Unavailable, .. } => true,
            Self::Status { code: Code::ResourceExhausted, retry_after, .. } => {
                retry_after.is_some()
            }
            _ => false,
        }
    }

    /// Whether a stream that ended so may go on in a new call. A service resets one of which nothing
    /// was taken for long, as when what is read goes into a pipe that stands still.
    pub(crate) fn may_go_on(&self) -> bool {
        self.may_pass() || matches!(self, Self::Status { code: Code::Cancelled, .. })
    }
}

/// A status that was made on this side says what it was made from; a service's own does not.
pub(crate) fn timed_out(source: &(dyn Error + 'static)) -> bool {
    let mut next = Some(source);
    while let Some(error) = next {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        next = error.source();
    }
    false
}

fn code(code: tonic::Code) -> Code {
    match code {
        tonic::Code::InvalidArgument | tonic::Code::OutOfRange => Code::InvalidArgument,
        tonic::Code::NotFound => Code::NotFound,
        tonic::Code::AlreadyExists => Code::AlreadyExists,
        tonic::Code::Aborted => Code::Aborted,
        // The last two a proxy in front of a service may answer: it refuses, nothing is defective.
        tonic::Code::FailedPrecondition
        | tonic::Code::PermissionDenied
        | tonic::Code::Unauthenticated => Code::FailedPrecondition,
        tonic::Code::ResourceExhausted => Code::ResourceExhausted,
        tonic::Code::Unavailable => Code::Unavailable,
        tonic::Code::DeadlineExceeded => Code::DeadlineExceeded,
        tonic::Code::Cancelled => Code::Cancelled,
        tonic::Code::DataLoss => Code::DataLoss,
        // Codes that no Millwright service answers with.
        tonic::Code::Ok
        | tonic::Code::Unknown
        | tonic::Code::Unimplemented
        | tonic::Code::Internal => Code::Internal,
    }
}

impl Fault for ClientError {
    fn code(&self) -> Code {
        match self {
            Self::Address { .. } => Code::InvalidArgument,
            Self::Unreachable { .. } => Code::Unavailable,
            Self::Status { code, .. } => *code,
            Self::Answer { .. } | Self::Read(_) => Code::Internal,
            Self::Damaged { .. } => Code::DataLoss,
        }
    }

    fn violation(&self) -> Option<Violation> {
        match self {
            Self::Status { violation, .. } => violation.clone(),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn decoded(status: Status) -> ClientError {
        ClientError::of(status, "registry", "127.0.0.1:7401")
    }

    #[test]
    fn details_of_a_status_come_through() {
        let mut details = ErrorDetails::with_bad_request_violation("model", "begin with a-z");
        details.set_retry_info(Some(Duration::from_millis(40)));
        let code = tonic::Code::ResourceExhausted;
        let error = decoded(Status::with_error_details(code, "queue is full", details));
        assert_eq!(error.to_string(), "queue is full");
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert_eq!(error.retry_after(), Some(Duration::from_millis(40)));
        assert_eq!(error.violation().map(|v| v.field), Some("model".to_owned()));
        assert!(error.may_pass());
    }

    #[test]
    fn only_what_may_pass_is_worth_another_try() {
        for (status, passes) in [
            (Status::unavailable("draining"), true),
            (Status::resource_exhausted("the message is too large"), false),
            (Status::not_found("no such model"), false),
            (Status::aborted("moved meanwhile"), false),
            (Status::internal("incident 1"), false),
        ] {
            assert_eq!(decoded(status.clone()).may_pass(), passes, "{status}");
        }
    }

    #[test]
    fn damaged_details_leave_code_and_message() {
        let status =
            Status::with_details(tonic::Code::NotFound, "no such model", vec![0xff; 9].into());
        let error = decoded(status);
        assert_eq!((error.code(), error.to_string()), (Code::NotFound, "no such model".to_owned()));
    }

    #[test]
    fn a_refusal_is_no_defect() {
        for refused in [Status::permission_denied("not you"), Status::unauthenticated("who?")] {
            let error = decoded(refused.clone());
            assert_eq!(error.code(), Code::FailedPrecondition, "{refused}");
            assert_eq!(error.to_string(), refused.message());
        }
    }

    #[test]
    fn a_broken_connection_names_service_and_address() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let error = decoded(Status::from_error(Box::new(refused)));
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.to_string().contains("registry at 127.0.0.1:7401"), "{error}");
    }
}
