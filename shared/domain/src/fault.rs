//! What a caller needs to know of an error, whatever crate it comes from.

use std::{error::Error, time::Duration};

/// The kinds of failure that callers tell apart: a subset of gRPC's status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request is wrong, and would be wrong at any time.
    InvalidArgument,
    /// What was named does not exist.
    NotFound,
    /// What was to be made exists already, and differs.
    AlreadyExists,
    /// Somebody else was faster; read again and retry.
    Aborted,
    /// Something else must be done first.
    FailedPrecondition,
    /// A limit is reached.
    ResourceExhausted,
    /// Down or going down; retry elsewhere or later.
    Unavailable,
    /// The caller's time is over.
    DeadlineExceeded,
    /// The caller is gone.
    Cancelled,
    /// Bytes are damaged.
    DataLoss,
    /// A defect of ours, or of the machine.
    Internal,
}

/// The names of gRPC's status codes, by number.
///
/// Source: gRPC, *Status codes and their use in gRPC*.
pub const GRPC_CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A field of a request and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field, for example `columns[2].values` or `spec.split`.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub description: String,
}

/// An error that can be answered to a caller.
///
/// Its message is lowercase, says what to do, and holds no path, no feature value and no text of
/// a row. That of a [`Code::Internal`] error is logged and not shown.
pub trait Fault: Error {
    /// The kind of failure.
    fn code(&self) -> Code;

    /// The field of the request that is wrong, where one is.
    fn violation(&self) -> Option<Violation> {
        None
    }

    /// How long to wait before the next try, where one may help.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
