//! What a call can be answered with instead.

use std::time::Duration;

use millwright_domain::{Code, Fault, Violation};
use millwright_store::StoreError;
use millwright_wire::WireError;
use tonic::Status;

/// Why a call was refused or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    /// A field of the request is wrong.
    #[error(transparent)]
    Request(#[from] WireError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller's stream broke; this is how.
    #[error(transparent)]
    Caller(Status),
    /// Nothing came of an upload for long.
    #[error("the upload was silent for {} s: go on with it", .0.as_secs())]
    Silent(Duration),
    /// A watch wants to go on from where this registry has not come.
    #[error("the registry has not come to revision {0}: watch from the beginning")]
    Ahead(u64),
    /// The beginning of a watch was not taken in time.
    #[error("the snapshot was not read in time: watch again")]
    SlowSnapshot,
    /// The process ends.
    #[error("the registry is going down: try again")]
    Stopping,
}

impl RegistryError {
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
            Self::Store(error) => Some(error),
            Self::Caller(_)
            | Self::Silent(_)
            | Self::Ahead(_)
            | Self::SlowSnapshot
            | Self::Stopping => None,
        }
    }
}

impl Fault for RegistryError {
    fn code(&self) -> Code {
        match self {
            Self::Request(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Caller(_) => Code::Cancelled,
            Self::Silent(_) | Self::SlowSnapshot => Code::DeadlineExceeded,
            Self::Ahead(_) => Code::FailedPrecondition,
            Self::Stopping => Code::Unavailable,
        }
    }

    fn violation(&self) -> Option<Violation> {
        self.inner()?.violation()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.inner()?.retry_after()
    }
}
