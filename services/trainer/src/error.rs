//! What a call can be answered with instead.

use std::time::Duration;

use millwright_domain::{Code, Fault, Violation};
use millwright_ml::TableError;
use millwright_store::StoreError;
use millwright_wire::WireError;
use tonic::Status;

/// Why a call was refused or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrainerError {
    /// A field of the request is wrong.
    #[error(transparent)]
    Request(#[from] WireError),
    /// The upload is no table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller's stream broke; this is how.
    #[error(transparent)]
    Caller(Status),
    /// The process ends.
    #[error("the trainer is going down: try again")]
    Stopping,
    /// A thread of ours panicked.
    #[error("reading the data set panicked")]
    Panicked,
}

impl TrainerError {
    /// What the caller is told.
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Caller(status) => status,
            fault => millwright_chassis::status(&fault),
        }
    }

    fn inner(&self) -> Option<&dyn Fault> {
        match self {
            Self::Request(error) => Some(error),
            Self::Table(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Caller(_) | Self::Stopping | Self::Panicked => None,
        }
    }

    pub(crate) fn not_found(what: &'static str, name: impl ToString) -> Self {
        StoreError::NotFound { what, name: name.to_string() }.into()
    }
}

impl Fault for TrainerError {
    fn code(&self) -> Code {
        match self {
            Self::Request(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Caller(_) => Code::Cancelled,
            Self::Stopping => Code::Unavailable,
            Self::Panicked => Code::Internal,
        }
    }

    fn violation(&self) -> Option<Violation> {
        self.inner()?.violation()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.inner()?.retry_after()
    }
}
