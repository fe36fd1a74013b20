//! What SQLite promises beyond the laws of every store.

use std::path::Path;

use millwright_domain::Artifact;
use millwright_domain::{Code, Digest, Fault, Principal};
use millwright_store::{Change, RegistryStore, SqliteJobs, SqliteRegistry, StoreError};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    SqliteConnection::connect_with(&options).await.expect("connected")
}

async fn store_artifact(registry: &SqliteRegistry, media_type: &str) -> Result<u64, StoreError> {
    let digest = Digest::of(media_type.as_bytes());
    let artifact = Artifact { digest, size_bytes: 1, media_type: media_type.to_owned() };
    let change = Change::StoreArtifact(artifact);
    Ok(registry.commit(&Principal::anonymous(), change).await?.revision)
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("registry.sqlite");
    drop(SqliteRegistry::open(&path).await.expect("opened"));
    sqlx::query(
        "INSERT INTO _sqlx_migrations SELECT 999, description, installed_on, success, checksum,
         execution_time FROM _sqlx_migrations WHERE version = 1",
    )
    .execute(&mut raw(&path).await)
    .await
    .expect("as a newer release would");
    let refused = SqliteRegistry::open(&path).await.expect_err("newer");
    assert!(matches!(refused, StoreError::NewerSchema(999)), "{refused}");
}

#[tokio::test]
async fn what_is_no_database_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trainer.sqlite");
    std::fs::write(&path, [b'x'; 5000]).expect("written");
    assert_eq!(SqliteJobs::open(&path).await.expect_err("damaged").code(), Code::DataLoss);
}

#[tokio::test]
async fn the_past_cannot_be_edited() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("registry.sqlite");
    let registry = SqliteRegistry::open(&path).await.expect("opened");
    store_artifact(&registry, "text/plain").await.expect("stored");
    let mut raw = raw(&path).await;
    for edit in [
        "UPDATE events SET principal = 'somebody else'",
        "DELETE FROM events",
        "UPDATE artifacts SET size_bytes = 2",
        "DELETE FROM artifacts",
    ] {
        assert!(sqlx::query(edit).execute(&mut raw).await.is_err(), "{edit}");
    }
}
