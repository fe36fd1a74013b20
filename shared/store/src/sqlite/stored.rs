//! From columns to checked types and back.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use millwright_domain::{Artifact, Principal, Version};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};

use crate::StoreError;

/// A row of ours. What cannot be read was damaged: only checked values were written.
pub(super) struct Stored<'r>(pub(super) &'r SqliteRow);

impl Stored<'_> {
    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    pub(super) fn text_if_set(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    /// Length of all texts of the row, in bytes.
    pub(super) fn text_bytes(&self) -> usize {
        let text = |column| self.0.try_get::<Option<&str>, _>(column).ok().flatten();
        (0..self.0.len()).filter_map(text).map(str::len).sum()
    }

    pub(super) fn parsed<T: FromStr>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|_| damaged())
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|_| damaged())
    }

    pub(super) fn json_if_set<T: DeserializeOwned>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let set = self.text_if_set(column)?.is_some();
        if set { self.json(column).map(Some) } else { Ok(None) }
    }

    pub(super) fn number(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.0.try_get::<i64, _>(column)?).map_err(|_| damaged())
    }

    pub(super) fn number_if_set(&self, column: &str) -> Result<Option<u64>, StoreError> {
        let set = self.0.try_get::<Option<i64>, _>(column)?.is_some();
        if set { self.number(column).map(Some) } else { Ok(None) }
    }

    pub(super) fn version(&self, column: &str) -> Result<Version, StoreError> {
        Version::new(self.number(column)?).ok_or_else(damaged)
    }

    pub(super) fn version_if_set(&self, column: &str) -> Result<Option<Version>, StoreError> {
        let set = self.0.try_get::<Option<i64>, _>(column)?.is_some();
        if set { self.version(column).map(Some) } else { Ok(None) }
    }

    pub(super) fn time(&self, column: &str) -> Result<SystemTime, StoreError> {
        Ok(moment(self.number(column)?))
    }

    pub(super) fn time_if_set(&self, column: &str) -> Result<Option<SystemTime>, StoreError> {
        let set = self.0.try_get::<Option<i64>, _>(column)?.is_some();
        if set { self.time(column).map(Some) } else { Ok(None) }
    }

    pub(super) fn principal(&self, column: &str) -> Result<Principal, StoreError> {
        self.text(column).map(Principal::from)
    }

    pub(super) fn artifact(&self) -> Result<Artifact, StoreError> {
        Ok(Artifact {
            digest: self.parsed("digest")?,
            size_bytes: self.number("size_bytes")?,
            media_type: self.text("media_type")?,
        })
    }
}

pub(super) fn damaged() -> StoreError {
    StoreError::Damaged { what: "a record of the database" }
}

/// A number as SQLite keeps it. None of ours comes near the limit; a caller's that lies beyond it
/// finds nothing.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Microseconds since 1970-01-01T00:00:00Z; 0 for a clock that stands before.
pub(super) fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// What [`micros`] wrote.
pub(super) fn moment(micros: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our types have no keys but strings")
}
