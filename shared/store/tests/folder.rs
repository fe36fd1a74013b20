//! What a local folder promises beyond the laws of every store.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use futures::TryStreamExt;
use millwright_domain::{Code, Digest, Fault};
use millwright_store::{Blobs, FolderLock, LocalBlobs};

async fn put(blobs: &LocalBlobs, bytes: &'static str) -> Digest {
    let mut upload = blobs.begin().await.expect("begun");
    upload.write(bytes.into()).await.expect("written");
    upload.commit().await.expect("committed").digest
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

#[tokio::test]
async fn a_dropped_or_killed_upload_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let staging = folder.path().join("staging");
    let blobs = LocalBlobs::open(folder.path()).await.expect("opened");
    let mut dropped = blobs.begin().await.expect("begun");
    dropped.write("half".into()).await.expect("written");
    assert_eq!(entries(&staging), 1);
    drop(dropped);
    put(&blobs, "whole").await;
    assert_eq!(entries(&staging), 0);

    let mut killed = blobs.begin().await.expect("begun");
    killed.write("half".into()).await.expect("written");
    std::mem::forget(killed);
    assert_eq!(entries(&staging), 1);
    LocalBlobs::open(folder.path()).await.expect("opened again");
    assert_eq!(entries(&staging), 0);
}

#[tokio::test]
async fn a_reader_keeps_its_bytes_while_they_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = LocalBlobs::open(folder.path()).await.expect("opened");
    let digest = put(&blobs, "torque").await;
    let reading = blobs.read(&digest).await.expect("begun");
    assert_eq!(put(&blobs, "torque").await, digest);
    let chunks: Vec<_> = reading.try_collect().await.expect("undisturbed");
    assert_eq!(chunks.concat(), b"torque");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_said_without_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").expect("written");
    let below = file.join("data");
    let refusals = [
        FolderLock::acquire(&below).expect_err("a file is in the way"),
        LocalBlobs::open(&below).await.expect_err("a file is in the way"),
    ];
    for refused in refusals {
        assert!(!refused.to_string().contains("file/"), "{refused}");
    }
}

#[test]
fn a_folder_has_one_holder_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = FolderLock::acquire(folder.path()).expect("free");
    let refused = FolderLock::acquire(folder.path()).expect_err("held");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    // The operating system keeps it, for this file opened once: to it, another handle is as good as
    // another process.
    let other = File::open(folder.path().join("lock")).expect("a file");
    assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
    drop(held);
    other.try_lock().expect("free");
    drop(other);
    FolderLock::acquire(folder.path()).expect("free again");
}

#[tokio::test]
async fn a_file_is_opened_only_if_its_bytes_are_those_of_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = LocalBlobs::open(folder.path()).await.expect("opened");
    let digest = put(&blobs, "torque").await;
    let file = blobs.open_file(&digest).await.expect("whole");
    assert_eq!(file.metadata().expect("a file").len(), 6);
    for damage in ["torquE", "torqu", "torque curve", ""] {
        fs::write(blobs.path(&digest), damage).expect("a folder of ours");
        let refused = blobs.open_file(&digest).await.expect_err("damaged");
        assert_eq!(refused.code(), Code::DataLoss, "{damage:?}");
    }
    let missing = blobs.open_file(&Digest::of(b"nothing")).await.expect_err("missing");
    assert_eq!(missing.code(), Code::NotFound);
}
