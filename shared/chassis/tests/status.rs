//! What a caller is told of an error.

use std::{error::Error, fmt, time::Duration};

use millwright_chassis::{ERROR_DOMAIN, status};
use millwright_domain::{Code, Fault, Violation};
use tonic_types::StatusExt;

/// An error whose source is the one thing that nobody may be told.
#[derive(Debug)]
struct Failed {
    code: Code,
    text: String,
    secret: std::io::Error,
}

impl Failed {
    fn new(code: Code, text: &str) -> Self {
        Self { code, text: text.to_owned(), secret: std::io::Error::other("the plant's secret") }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.secret)
    }
}

impl Fault for Failed {
    fn code(&self) -> Code {
        self.code
    }

    fn violation(&self) -> Option<Violation> {
        let violation =
            Violation { field: "spec.split".to_owned(), description: self.text.clone() };
        (self.code == Code::InvalidArgument).then_some(violation)
    }

    fn retry_after(&self) -> Option<Duration> {
        (self.code == Code::ResourceExhausted).then_some(Duration::from_millis(250))
    }
}

#[test]
fn each_code_is_its_own_with_its_reason() {
    for (code, told, reason) in [
        (Code::InvalidArgument, tonic::Code::InvalidArgument, "INVALID_ARGUMENT"),
        (Code::NotFound, tonic::Code::NotFound, "NOT_FOUND"),
        (Code::AlreadyExists, tonic::Code::AlreadyExists, "ALREADY_EXISTS"),
        (Code::Aborted, tonic::Code::Aborted, "ABORTED"),
        (Code::FailedPrecondition, tonic::Code::FailedPrecondition, "FAILED_PRECONDITION"),
        (Code::ResourceExhausted, tonic::Code::ResourceExhausted, "RESOURCE_EXHAUSTED"),
        (Code::Unavailable, tonic::Code::Unavailable, "UNAVAILABLE"),
        (Code::DeadlineExceeded, tonic::Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (Code::Cancelled, tonic::Code::Cancelled, "CANCELLED"),
        (Code::DataLoss, tonic::Code::DataLoss, "DATA_LOSS"),
        (Code::Internal, tonic::Code::Internal, "INTERNAL"),
    ] {
        let status = status(&Failed::new(code, "said"));
        let info = status.get_details_error_info().expect("google.rpc.ErrorInfo");
        assert_eq!(status.code(), told);
        assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, ERROR_DOMAIN));
    }
}

#[test]
fn a_field_and_a_pause_are_told_where_there_are_any() {
    let wrong = status(&Failed::new(Code::InvalidArgument, "said"));
    let fields = wrong.get_details_bad_request().expect("google.rpc.BadRequest").field_violations;
    assert_eq!((fields[0].field.as_str(), fields[0].description.as_str()), ("spec.split", "said"));
    assert!(wrong.get_details_retry_info().is_none());

    let busy = status(&Failed::new(Code::ResourceExhausted, "said"));
    let pause = busy.get_details_retry_info().expect("google.rpc.RetryInfo").retry_delay;
    assert_eq!(pause, Some(Duration::from_millis(250)));
    assert!(busy.get_details_bad_request().is_none());
}

#[test]
fn only_an_internal_error_keeps_its_text_to_itself_and_no_source_is_told() {
    let loss = status(&Failed::new(Code::DataLoss, "the artifact is damaged"));
    assert_eq!(loss.message(), "the artifact is damaged");
    let internal = status(&Failed::new(Code::Internal, "the disk said no"));
    assert!(internal.message().starts_with("internal error, incident "));
    assert!(!internal.message().contains("disk"));
    for status in [loss, internal] {
        assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    }
}

#[test]
fn a_text_of_any_length_still_fits_into_headers() {
    let long = status(&Failed::new(Code::InvalidArgument, &"\u{6a21}".repeat(100_000)));
    let headers = long.into_http::<()>().into_parts().0.headers;
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    assert!(bytes < 8192, "{bytes} bytes");
}
