//! The stores on SQLite: one file, one process.

use std::{path::Path, time::Duration};

use sqlx::{
    Connection, Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::Migrator,
    pool::PoolConnection,
    query, query_scalar,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{StoreError, folder::sync_folder, off_thread};

mod error;
mod jobs;
mod migrations;
mod registry;
#[cfg(feature = "blob")]
mod snapshot;
mod stored;

pub use jobs::SqliteJobs;
pub use registry::SqliteRegistry;
#[cfg(feature = "blob")]
pub(crate) use snapshot::snapshot;

/// Longer than any write takes; then the caller should try again.
const PATIENCE: Duration = Duration::from_secs(5);

const KEY_TAKEN: StoreError =
    StoreError::AlreadyExists("the idempotency key was used for another request: choose another");

/// Reads that last as long as a caller takes; one more waits a moment, then it is told to come again.
const LONG_READERS: u32 = 8;

/// Reads never wait for each other; more would only wait for the disk.
const READERS: u32 = 4;

/// A database file. What `write` commits is on the disk when it returns.
#[derive(Clone, Debug)]
struct Database {
    // SQLite has one writer: queueing for a connection is fair, its busy timeout is not.
    writer: SqlitePool,
    readers: SqlitePool,
    long_readers: SqlitePool,
}

impl Database {
    /// Opens the file at `path`, creates it where it is missing, and brings its schema up to date.
    async fn open(path: &Path, migrations: &Migrator) -> Result<Self, StoreError> {
        let file =
            SqliteConnectOptions::new().filename(path).foreign_keys(true).busy_timeout(PATIENCE);
        let writing = file
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        migrate(&writing, migrations).await?;
        let writer = pool(1).connect_with(writing).await?;
        durable(path).await?;
        let reading = file.read_only(true);
        let readers = pool(READERS).connect_with(reading.clone()).await?;
        let long_readers = pool(LONG_READERS).connect_lazy_with(reading);
        Ok(Self { writer, readers, long_readers })
    }

    /// A transaction that no other write can get between.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        // A deferred transaction that reads first fails as soon as it writes after another one.
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn read(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// A transaction in which every read sees the same state.
    async fn read_once(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.readers.begin().await?)
    }

    /// As [`read_once`](Self::read_once), for reads that last: they take no other read's place.
    async fn read_long(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.long_readers.begin().await?)
    }
}

/// Brings the schema up to date. A step may make a table anew, which SQLite takes only where foreign
/// keys are not enforced: they are checked once all steps were made.
///
/// Source: <https://sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes>.
async fn migrate(file: &SqliteConnectOptions, steps: &Migrator) -> Result<(), StoreError> {
    const SCHEMA: &str = "PRAGMA schema_version";
    let database = pool(1).connect_with(file.clone().foreign_keys(false)).await?;
    let before: i64 = query_scalar(SCHEMA).fetch_one(&database).await?;
    steps.run(&database).await?;
    let after: i64 = query_scalar(SCHEMA).fetch_one(&database).await?;
    if after != before {
        let broken = query("PRAGMA foreign_key_check").fetch_optional(&database).await?;
        if broken.is_some() {
            return Err(StoreError::Damaged { what: "the database" });
        }
    }
    database.close().await;
    Ok(())
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_release(|connection, _| Box::pin(is_settled(connection)))
}

/// Whether a connection is what its next user takes it to be. SQLite ends a transaction by itself
/// where a write meets a full disk; sqlx then counts it as open for ever and begins no other.
async fn is_settled(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    // A rollback that was not waited for comes before the answer.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Makes the file's own entry in its folder durable.
async fn durable(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    let failed = StoreError::io("make the database durable");
    off_thread(move || sync_folder(&folder).map_err(failed)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_committed_is_on_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("registry.sqlite");
        let database = Database::open(&path, &migrations::registry()).await.expect("opened");
        let synchronous = query_scalar::<_, i64>("PRAGMA synchronous").fetch_one(&database.writer);
        assert_eq!(synchronous.await.expect("told"), 2, "FULL");
        let journal = query_scalar::<_, String>("PRAGMA journal_mode").fetch_one(&database.writer);
        assert_eq!(journal.await.expect("told"), "wal");
    }
}
