//! A copy of a database as it is at one instant.

use std::path::Path;

use millwright_domain::Digest;
use sqlx::{
    AssertSqlSafe, Connection, SqliteConnection, query, query_scalar, sqlite::SqliteConnectOptions,
};

use super::{PATIENCE, durable};
use crate::{StoreError, off_thread};

/// Copies the database `from`, which another process may be writing, to `to`, durably, in place of
/// what is there; answers what `needed` selects from the copy.
///
/// # Errors
/// [`StoreError::Damaged`] if the copy is not sound; [`StoreError::Full`] or another one of SQLite.
pub(crate) async fn snapshot(
    from: &Path,
    to: &Path,
    needed: &'static str,
) -> Result<Vec<Digest>, StoreError> {
    let file = to.to_owned();
    off_thread(move || match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("replace a database")(error))
        }
        _ => Ok(()),
    })
    .await?;
    let options = SqliteConnectOptions::new().busy_timeout(PATIENCE).read_only(true);
    let mut source = SqliteConnection::connect_with(&options.clone().filename(from)).await?;
    // One read transaction, whoever writes meanwhile, and no page that nobody needs.
    query("VACUUM INTO ?").bind(to.to_string_lossy()).execute(&mut source).await?;
    source.close().await?;
    let mut copy = SqliteConnection::connect_with(&options.filename(to)).await?;
    let sound: String = query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut copy).await?;
    if sound != "ok" {
        return Err(StoreError::Damaged { what: "the database" });
    }
    let digests = query_scalar::<_, String>(AssertSqlSafe(needed)).fetch_all(&mut copy).await?;
    copy.close().await?;
    synced(to).await?;
    let damaged = |_| StoreError::Damaged { what: "the database" };
    digests.iter().map(|digest| digest.parse().map_err(damaged)).collect()
}

/// SQLite does not sync what it vacuums into.
async fn synced(path: &Path) -> Result<(), StoreError> {
    let file = path.to_owned();
    let failed = StoreError::io("make the database durable");
    off_thread(move || std::fs::File::open(file).and_then(|file| file.sync_all()).map_err(failed))
        .await?;
    durable(path).await
}
