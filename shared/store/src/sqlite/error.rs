//! What SQLite's errors mean to a caller.

use sqlx::{error::DatabaseError, migrate::MigrateError};

use crate::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Self::Busy,
            sqlx::Error::ColumnDecode { .. } => Self::Damaged { what: "the database" },
            sqlx::Error::Database(cause) => {
                extended_code(&**cause).and_then(meaning).unwrap_or(Self::Database(error))
            }
            _ => Self::Database(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::NewerSchema(version),
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => {
                Self::Damaged { what: "the schema of the database" }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Database(sqlx::Error::Migrate(Box::new(other))),
        }
    }
}

fn extended_code(error: &dyn DatabaseError) -> Option<i32> {
    error.code()?.parse().ok()
}

/// What SQLite's extended result code says, where callers tell it apart; its low byte is the
/// primary code.
///
/// Source: <https://sqlite.org/rescode.html>.
fn meaning(extended: i32) -> Option<StoreError> {
    // SQLITE_IOERR_SHMSIZE: the index of the log cannot grow, which has no space left. The other
    // errors of the kind stay what they are: what is on the disk after them is unknown.
    if extended == 4874 {
        return Some(StoreError::Full);
    }
    match extended & 0xff {
        5 | 6 => Some(StoreError::Busy), // SQLITE_BUSY, SQLITE_LOCKED
        11 | 26 => Some(StoreError::Damaged { what: "the database" }), // _CORRUPT, _NOTADB
        13 => Some(StoreError::Full),    // SQLITE_FULL
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use millwright_domain::{Code, Fault};

    use super::*;

    #[test]
    fn a_failure_for_want_of_space_is_told_from_a_failing_disk() {
        for (extended, code, why) in [
            (13, Some(Code::ResourceExhausted), "SQLITE_FULL"),
            (4874, Some(Code::ResourceExhausted), "SQLITE_IOERR_SHMSIZE"),
            (1034, None, "SQLITE_IOERR_FSYNC"),
            (778, None, "SQLITE_IOERR_WRITE"),
            (261, Some(Code::Unavailable), "SQLITE_BUSY_RECOVERY"),
            (267, Some(Code::DataLoss), "SQLITE_CORRUPT_VTAB"),
        ] {
            assert_eq!(meaning(extended).map(|error| error.code()), code, "{why}");
        }
    }
}
