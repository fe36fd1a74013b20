//! Why a job ended without a version.

use std::io;

use millwright_client::ClientError;
use millwright_domain::{Code, Fault};
use millwright_ml::{TableError, TrainError};
use millwright_store::StoreError;
use uuid::Uuid;

/// What ended a job.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The bytes of the data set could not be read.
    #[error("the data set cannot be read: {0}")]
    Bytes(#[from] StoreError),
    /// The data set is no table any more.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Nothing can be trained on this data with this recipe.
    #[error(transparent)]
    Training(#[from] TrainError),
    /// The registry refused the version.
    #[error("the registry refused the version: {0}")]
    Registry(#[from] ClientError),
    /// The store does not take that the version is about to be registered.
    #[error(transparent)]
    Store(StoreError),
    /// No thread to train on.
    #[error("no thread could be started")]
    Thread(#[from] io::Error),
    /// The training panicked.
    #[error("the training panicked")]
    Panicked,
}

impl Fault for Failure {
    fn code(&self) -> Code {
        match self {
            Self::Bytes(error) | Self::Store(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::Training(error) => error.code(),
            Self::Registry(error) => error.code(),
            Self::Thread(_) | Self::Panicked => Code::Internal,
        }
    }
}

impl Failure {
    /// What the job's owner is told. A defect of ours is logged, and told as an incident.
    pub(crate) fn tell(&self) -> String {
        if self.code() != Code::Internal {
            return self.to_string();
        }
        let incident = Uuid::now_v7();
        tracing::error!(%incident, error = %self, "a job failed");
        format!("an internal error ended the training: report incident {incident}")
    }
}
