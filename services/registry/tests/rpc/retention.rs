//! Bytes that nobody needs.

use std::{fs, time::Duration};

use futures::{StreamExt, stream};
use tempfile::TempDir;
use tonic::Code;

use crate::{
    calls::{create, delete, digest, download, header, parts, upload, version, versions},
    running::{Registry, arrived, artifacts, emptied, remaining},
};

/// A registry that keeps nothing that nobody needs.
async fn thrifty(folder: TempDir) -> Registry {
    Registry::start_set(folder, |config| config.keep_unneeded = Duration::ZERO).await
}

#[tokio::test]
async fn what_no_version_needs_is_collected_and_the_rest_is_kept() {
    let registry = Registry::start().await;
    let client = &registry.client;
    versions(client, 1).await;
    for bytes in [b"never registered", b"deleted version."] {
        upload(client, bytes).await.expect("uploaded");
    }
    create(client, version("press", b"deleted version.", "k")).await.expect("created");
    delete(client, 2).await.expect("deleted");
    let registry = thrifty(registry.stop().await).await;
    remaining(&registry.artifacts(), 1).await;
    let client = &registry.client;
    assert_eq!(download(client, digest(b"a")).await.expect("needed"), b"a");
    for gone in [b"never registered", b"deleted version."] {
        let missing = download(client, digest(gone)).await.expect_err("collected");
        assert_eq!(missing.code(), Code::NotFound);
    }
}

#[tokio::test]
async fn what_may_still_be_needed_is_kept() {
    let registry = Registry::start().await;
    upload(&registry.client, b"a").await.expect("uploaded");
    let registry = registry.restart().await;
    create(&registry.client, version("press", b"a", "k")).await.expect("it was kept");
    delete(&registry.client, 1).await.expect("deleted");
    let registry = registry.restart().await;
    assert_eq!(download(&registry.client, digest(b"a")).await.expect("kept a while"), b"a");
}

#[tokio::test]
async fn what_a_kill_left_is_collected() {
    let registry = Registry::start().await;
    let silent = parts(header(b"abandoned"), b"aband").into_iter();
    let silent = stream::iter(silent).chain(stream::pending());
    let mut client = registry.client.clone();
    let folder = registry.artifacts();
    tokio::select! {
        answer = client.upload_artifact(silent) => panic!("answered before its end: {answer:?}"),
        () = arrived(&folder, 5) => {}
    }
    drop(client);
    let stopped = registry.stop().await;
    // Durable, and never recorded.
    let hex = digest(b"unrecorded").trim_start_matches("sha256:").to_owned();
    let part = artifacts(stopped.path()).join("sha256").join(&hex[..2]);
    fs::create_dir_all(&part).expect("a folder");
    fs::write(part.join(hex), b"unrecorded").expect("written");
    let registry = thrifty(stopped).await;
    emptied(&registry.artifacts()).await;
    upload(&registry.client, b"unrecorded").await.expect("it may come again");
}
