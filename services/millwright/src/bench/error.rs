//! Why no load can be made.

use std::error::Error;

use millwright_chassis::Exit;
use tonic::{Code, Status};

/// Why no load can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error("{0:?} is no address of a server: write host:port")]
    Address(String),
    #[error("the server at {0} could not be reached: is it running?")]
    Unreachable(String),
    #[error("{}", .0.message())]
    Refused(Box<Status>),
    #[error("input {input}: {problem}")]
    Input { input: String, problem: String },
    #[error("the model has no input: nothing can be sent")]
    NoInput,
    #[error("a request would have {bytes} bytes, and the limit is {limit}: send fewer rows in one")]
    TooLong { bytes: usize, limit: usize },
}

impl BenchError {
    pub(super) fn input(input: &str, problem: impl ToString) -> Self {
        Self::Input { input: input.to_owned(), problem: problem.to_string() }
    }

    /// What a call to the server at `address` ended with.
    pub(super) fn of(status: Status, address: &str) -> Self {
        // A status that was made on this side has a cause; a server's own has none.
        match status.source() {
            Some(_) => Self::Unreachable(address.to_owned()),
            None => Self::Refused(Box::new(status)),
        }
    }

    /// What the program exits with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Address(_) => Exit::Usage,
            Self::Unreachable(_) => Exit::Unavailable,
            Self::Refused(status) if status.code() == Code::Unavailable => Exit::Unavailable,
            Self::Refused(_) | Self::NoInput | Self::Input { .. } => Exit::Failure,
            Self::TooLong { .. } => Exit::Usage,
        }
    }
}
