//! Artifacts that go on where they were cut.

use std::fs;

use futures::{FutureExt, StreamExt, future::join, stream};
use millwright_proto::registry::Artifact;
use tonic::Code;

use crate::{
    calls::{digest, download, download_from, field, header, parts, progress, rest, send, upload},
    running::{Registry, arrived, files},
};

const HALF: usize = 2 << 20;

/// 4 MiB.
pub(crate) fn bytes() -> Vec<u8> {
    (0..2 * HALF).map(|i| (i % 251) as u8).collect()
}

/// Uploads the first half and leaves.
pub(crate) async fn cut(registry: &Registry, bytes: &[u8]) {
    let silent = stream::iter(parts(header(bytes), &bytes[..HALF])).chain(stream::pending());
    let mut client = registry.client.clone();
    let mut upload = client.upload_artifact(silent).boxed();
    let folder = registry.artifacts();
    tokio::select! {
        answer = &mut upload => panic!("answered before its end: {answer:?}"),
        () = arrived(&folder, HALF as u64) => {}
    }
}

/// Flips a bit of what has arrived.
pub(crate) fn damage(registry: &Registry) {
    let partial = fs::read_dir(registry.artifacts().join("partial")).expect("a folder");
    let partial = partial.map(|file| file.expect("a file").path()).next().expect("a file");
    let mut bytes = fs::read(&partial).expect("read");
    bytes[7] ^= 1;
    fs::write(&partial, bytes).expect("written");
}

#[tokio::test]
async fn a_cut_upload_is_invisible_and_goes_on() {
    let (registry, bytes) = (Registry::start().await, bytes());
    let header = header(&bytes);
    assert_eq!(progress(&registry.client, header.clone()).await.expect("told"), 0);
    cut(&registry, &bytes).await;
    let registry = registry.restart().await;
    let client = &registry.client;
    let missing = download(client, digest(&bytes)).await.expect_err("not whole");
    assert_eq!(missing.code(), Code::NotFound);
    assert_eq!(progress(client, header.clone()).await.expect("told"), HALF as u64);
    // Also from before where it was cut.
    let parts = rest(header.clone(), &bytes, HALF - 1);
    assert_eq!(send(client, parts).await.expect("it goes on"), header);
    assert!(download(client, digest(&bytes)).await.expect("there") == bytes);
    assert_eq!(files(&registry.artifacts()), 1);
}

#[tokio::test]
async fn an_artifact_that_is_there_is_not_sent_again() {
    let (registry, bytes) = (Registry::start().await, bytes());
    let (client, all) = (&registry.client, bytes.len());
    upload(client, &bytes).await.expect("uploaded");
    assert_eq!(progress(client, header(&bytes)).await.expect("told"), all as u64);
    let stored = send(client, rest(header(&bytes), &bytes, all)).await.expect("accepted");
    assert_eq!(stored, header(&bytes));
    // Damaged since: it is read before anybody relies on it.
    let hex = stored.digest.trim_start_matches("sha256:");
    let file = registry.artifacts().join("sha256").join(&hex[..2]).join(hex);
    fs::write(&file, vec![1; all]).expect("damaged");
    let refused = send(client, rest(header(&bytes), &bytes, all)).await.expect_err("damaged");
    assert_eq!(refused.code(), Code::DataLoss);
    upload(client, &bytes).await.expect("uploaded again");
    assert!(download(client, digest(&bytes)).await.expect("whole again") == bytes);
}

#[tokio::test]
async fn what_arrived_before_is_never_trusted() {
    let (registry, bytes) = (Registry::start().await, bytes());
    cut(&registry, &bytes).await;
    let registry = registry.restart().await;
    damage(&registry);
    let client = &registry.client;
    let refused = send(client, rest(header(&bytes), &bytes, HALF)).await.expect_err("damaged");
    assert_eq!(refused.code(), Code::DataLoss);
    assert_eq!(progress(client, header(&bytes)).await.expect("told"), 0, "it begins anew");
    upload(client, &bytes).await.expect("uploaded");
}

#[tokio::test]
async fn an_offset_that_nobody_was_told_is_refused() {
    let (registry, bytes) = (Registry::start().await, bytes());
    cut(&registry, &bytes).await;
    let (client, header) = (&registry.client, header(&bytes));
    let refused = send(client, rest(header.clone(), &bytes, HALF + 1)).await.expect_err("beyond");
    assert_eq!(refused.code(), Code::Aborted);
    let mut parts = rest(header.clone(), &bytes, HALF);
    parts[0].offset = header.size_bytes + 1;
    let refused = send(client, parts).await.expect_err("beyond the end");
    assert_eq!(field(&refused).as_deref(), Some("offset"));
    let mut parts = rest(header.clone(), &bytes, HALF);
    parts[1].offset = 1;
    let refused = send(client, parts).await.expect_err("no header");
    assert_eq!(field(&refused).as_deref(), Some("offset"));
    let refused = progress(client, Artifact::default()).await.expect_err("no artifact");
    assert_eq!(field(&refused).as_deref(), Some("artifact.digest"));
}

#[tokio::test]
async fn two_callers_upload_the_same_at_once() {
    let (registry, bytes) = (Registry::start().await, bytes());
    let uploads = join(upload(&registry.client, &bytes), upload(&registry.client, &bytes));
    let (one, other) = uploads.await;
    assert_eq!((one.expect("stored"), other.expect("stored")), (header(&bytes), header(&bytes)));
    assert!(download(&registry.client, digest(&bytes)).await.expect("there") == bytes);
}

#[tokio::test]
async fn an_upload_that_goes_on_takes_the_place_of_one_that_hangs() {
    let (registry, bytes) = (Registry::start().await, bytes());
    let (more, sent) = tokio::sync::oneshot::channel();
    let first = rest(header(&bytes), &bytes, 0);
    let last = first[first.len() - 1].clone();
    let hanging = stream::iter(first.into_iter().take(3)).chain(stream::once(async move {
        sent.await.expect("the test goes on");
        last
    }));
    let mut client = registry.client.clone();
    let hangs = tokio::spawn(async move { client.upload_artifact(hanging).await });
    arrived(&registry.artifacts(), HALF as u64).await;
    let parts = rest(header(&bytes), &bytes, HALF);
    send(&registry.client, parts).await.expect("the caller has come back");
    more.send(()).expect("it hangs");
    let ended = hangs.await.expect("no panic").expect_err("its place is taken");
    assert_eq!(ended.code(), Code::Aborted);
    assert!(download(&registry.client, digest(&bytes)).await.expect("there") == bytes);
}

#[tokio::test]
async fn a_silent_upload_is_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    // Long enough for what is sent at once to arrive on a machine that does much else.
    let registry = Registry::start_set(folder, |config| {
        config.upload_idle = std::time::Duration::from_secs(1)
    });
    let registry = registry.await;
    let silent = stream::iter(parts(header(b"torque"), b"tor")).chain(stream::pending());
    let ended = registry.client.clone().upload_artifact(silent).await.expect_err("silent");
    assert_eq!(ended.code(), Code::DeadlineExceeded);
    assert_eq!(progress(&registry.client, header(b"torque")).await.expect("told"), 3);
}

#[tokio::test]
async fn a_download_begins_where_it_is_asked_to() {
    let (registry, bytes) = (Registry::start().await, bytes());
    upload(&registry.client, &bytes).await.expect("uploaded");
    for offset in [0, 1, HALF, bytes.len()] {
        let read = download_from(&registry.client, digest(&bytes), offset as u64).await;
        assert!(read.expect("there") == bytes[offset..], "{offset}");
    }
    let beyond = bytes.len() as u64 + 1;
    let refused = download_from(&registry.client, digest(&bytes), beyond).await;
    assert_eq!(field(&refused.expect_err("beyond its end")).as_deref(), Some("offset"));
}
