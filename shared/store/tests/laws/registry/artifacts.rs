//! What is recorded of artifacts, and given up.

use std::time::{Duration, SystemTime};

use futures::future::join_all;
use millwright_domain::{Code, Digest, Fault};
use millwright_store::{Change, Committed, Fact, StoreError};

use super::{RegistryPlace, Store, commit, create, delete, versions};
use crate::samples::{artifact, version};

/// Later than anything that a test does.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

async fn unneeded(store: &Store) -> Vec<Digest> {
    store.unneeded(later(), 10).await.expect("read")
}

async fn drop_artifact(store: &Store, bytes: &str) -> Result<Committed, StoreError> {
    let digest = artifact(bytes).digest;
    commit(store, Change::DropArtifact { digest, unneeded_since: later() }).await
}

pub(crate) async fn an_artifact_is_recorded_once(place: impl RegistryPlace) {
    let store = place.open().await;
    let stored = || Change::StoreArtifact(artifact("a"));
    let first = commit(&*store, stored()).await.expect("stored");
    assert_eq!(commit(&*store, stored()).await.expect("accepted again"), first);
    assert_eq!(store.artifact(&artifact("a").digest).await.expect("read"), artifact("a"));
    let mut other = artifact("a");
    other.media_type = "text/csv".to_owned();
    let refused = commit(&*store, Change::StoreArtifact(other)).await.expect_err("another type");
    assert_eq!(refused.code(), Code::AlreadyExists);
}

pub(crate) async fn an_artifact_is_unneeded_until_a_version_needs_it(place: impl RegistryPlace) {
    let store = place.open().await;
    let a = artifact("a").digest;
    assert_eq!(unneeded(&*store).await, []);
    versions(&*store, 0).await;
    assert_eq!(unneeded(&*store).await, [a]);
    for key in ["k1", "k2"] {
        create(&*store, version("press", "a", key)).await.expect("created");
        assert_eq!(unneeded(&*store).await, [], "{key}");
    }
    commit(&*store, delete(1)).await.expect("deleted");
    assert_eq!(unneeded(&*store).await, [], "version 2 needs it");
    let deleted = commit(&*store, delete(2)).await.expect("deleted");
    assert_eq!(unneeded(&*store).await, [a]);
    assert_eq!(store.unneeded(deleted.at, 10).await.expect("read"), [], "only since then");
}

pub(crate) async fn an_artifact_that_is_stored_again_is_wanted_a_while_longer(
    place: impl RegistryPlace,
) {
    let store = place.open().await;
    versions(&*store, 0).await;
    let digest = artifact("a").digest;
    // A change of now comes after everything before it.
    let between = loop {
        let now = SystemTime::now();
        if store.unneeded(now, 1).await.expect("read") == [digest] {
            break now;
        }
    };
    versions(&*store, 0).await;
    assert_eq!(store.unneeded(between, 10).await.expect("read"), []);
    let drop = Change::DropArtifact { digest, unneeded_since: between };
    let refused = commit(&*store, drop).await.expect_err("wanted");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(unneeded(&*store).await, [digest]);
}

pub(crate) async fn a_needed_artifact_is_never_dropped(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    let before = store.revision().await.expect("read");
    for bytes in ["a", "absent"] {
        let refused = drop_artifact(&*store, bytes).await.expect_err(bytes);
        assert_eq!(refused.code(), Code::FailedPrecondition, "{bytes}");
    }
    assert_eq!(store.revision().await.expect("read"), before);
    store.artifact(&artifact("a").digest).await.expect("there");
}

pub(crate) async fn a_dropped_artifact_can_come_again(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    commit(&*store, delete(1)).await.expect("deleted");
    let dropped = drop_artifact(&*store, "a").await.expect("dropped");
    assert_eq!(dropped.fact, Fact::ArtifactDropped(artifact("a").digest));
    assert_eq!(unneeded(&*store).await, []);
    let missing = store.artifact(&artifact("a").digest).await.expect_err("dropped");
    assert_eq!(missing.code(), Code::NotFound);
    let refused = create(&*store, version("press", "a", "k")).await.expect_err("no bytes");
    assert_eq!(refused.code(), Code::FailedPrecondition);

    let mut again = artifact("a");
    again.media_type = "text/csv".to_owned();
    let stored = commit(&*store, Change::StoreArtifact(again.clone())).await.expect("stored");
    assert!(stored.revision > dropped.revision);
    assert_eq!(store.artifact(&again.digest).await.expect("there"), again);
    assert_eq!(unneeded(&*store).await, [again.digest]);
    create(&*store, version("press", "a", "k")).await.expect("created");
}

pub(crate) async fn an_artifact_is_dropped_or_registered_and_never_both(place: impl RegistryPlace) {
    let store = place.open().await;
    for i in 0..12 {
        let bytes = format!("a{i}");
        commit(&*store, Change::StoreArtifact(artifact(&bytes))).await.expect("stored");
        let registering = create(&*store, version("press", &bytes, &bytes));
        let (dropped, created) = futures::join!(drop_artifact(&*store, &bytes), registering);
        assert_ne!(dropped.is_ok(), created.is_ok(), "{dropped:?}, {created:?}");
        let kept = store.artifact(&artifact(&bytes).digest).await;
        assert_eq!(kept.is_ok(), created.is_ok());
    }
    let drops = join_all((0..4).map(|i| drop_artifact(&*store, ["a0", "a1", "a2", "a3"][i]))).await;
    assert!(drops.iter().all(Result::is_err), "each is gone or needed");
}
