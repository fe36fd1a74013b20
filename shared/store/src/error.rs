//! What can go wrong in a store.

use std::{io, time::Duration};

use millwright_domain::{Code, Fault};

/// Why a store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was named does not exist.
    #[error("there is no {what} {name}")]
    NotFound {
        /// Its kind: model, version, alias, artifact, data set, job.
        what: &'static str,
        /// As the caller named it.
        name: String,
    },
    /// The key or digest is taken by something else.
    #[error("{0}")]
    AlreadyExists(&'static str),
    /// A compare-and-set was lost.
    #[error("{name} points to {found} now: read it again before moving it")]
    Conflict {
        /// The alias, with its model.
        name: String,
        /// Where it points, in words.
        found: String,
    },
    /// An alias points to what is to be deleted.
    #[error("{what} is kept: {alias} points to it; move or delete that alias first")]
    Pointed {
        /// What was to be deleted.
        what: String,
        /// The alias, with its model.
        alias: String,
    },
    /// Something else must be done first.
    #[error("{0}")]
    Precondition(&'static str),
    /// Another process holds the folder.
    #[error("the data folder is in use by another process: stop that one or choose another folder")]
    Locked,
    /// A later release made the database.
    #[error(
        "the database was made by a newer release (its migration {0} is unknown here): \
         start that release, or choose another data folder"
    )]
    NewerSchema(i64),
    /// A later release wrote the folder.
    #[error(
        "the data folder has format {found}, and this release knows formats up to {known}: \
         start the release that wrote it, or choose another folder"
    )]
    NewerFormat {
        /// The format that it has.
        found: u32,
        /// The latest format that is read here.
        known: u32,
    },
    /// The folder belongs to another service.
    #[error("the data folder is that of the {found}: choose another folder")]
    OtherFolder {
        /// Whose it is.
        found: String,
    },
    /// The bytes go beyond the limit that the store was opened with.
    #[error("more than {limit} bytes: the store takes no larger object")]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// No space is left.
    #[error("the disk is full: free some space")]
    Full,
    /// Less of an upload has arrived than its caller counts on, or it went on elsewhere.
    #[error("the upload has changed meanwhile: ask how far it has come and go on from there")]
    UploadChanged,
    /// Bytes came with the wrong digest.
    #[error("the bytes have another digest than announced: send them again")]
    DigestDiffers,
    /// What was stored is not what is read.
    #[error("{what} is damaged in the store: restore it from a backup")]
    Damaged {
        /// What is damaged.
        what: &'static str,
    },
    /// Waited too long for other writers, or the process is going down.
    #[error("the store is busy: try again")]
    Busy,
    /// The file system failed. Never retried: what is on disk is unknown until it is opened again.
    #[error("cannot {doing}: {cause}")]
    Io {
        /// What was being done, as in "cannot …".
        doing: &'static str,
        /// The operating system's reason; in the message, so no `source` that would repeat it.
        cause: io::Error,
    },
    /// The database failed; the reason is in the message, so it is no `source`.
    #[cfg(feature = "sql")]
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

impl StoreError {
    /// Turns what the file system answered to `doing` into an error; for `map_err`.
    pub(crate) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |cause| match cause.kind() {
            // The last is a process's own limit (RLIMIT_FSIZE): space that it may not have.
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full,
            _ => Self::Io { doing, cause },
        }
    }
}

impl Fault for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NotFound,
            Self::AlreadyExists(_) => Code::AlreadyExists,
            Self::Conflict { .. } | Self::UploadChanged => Code::Aborted,
            Self::Precondition(_)
            | Self::Pointed { .. }
            | Self::Locked
            | Self::NewerSchema(_)
            | Self::NewerFormat { .. }
            | Self::OtherFolder { .. } => Code::FailedPrecondition,
            Self::TooLarge { .. } | Self::Full => Code::ResourceExhausted,
            Self::DigestDiffers | Self::Damaged { .. } => Code::DataLoss,
            Self::Busy => Code::Unavailable,
            Self::Io { .. } => Code::Internal,
            #[cfg(feature = "sql")]
            Self::Database(_) => Code::Internal,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy => Some(Duration::from_secs(1)),
            // Somebody has to free some: no sooner.
            Self::Full => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_reason_is_told_once() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let reason = denied.to_string();
        let error = StoreError::io("open an object")(denied);
        assert_eq!(error.to_string(), format!("cannot open an object: {reason}"));
        assert!(error.source().is_none(), "whoever prints sources would repeat it");
    }
}
