//! What is deleted, and what stays of it.

use millwright_domain::{Code, Expected, Fault, PageSize};
use millwright_store::{Change, RegistryTotals};

use super::{
    RegistryPlace, away, commit, create, delete, moves, number, numbers, production, state, to,
    versions,
};
use crate::samples::{artifact, name, version};

pub(crate) async fn what_an_alias_points_to_is_kept(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 2).await;
    commit(&*store, to(2, Expected::Any)).await.expect("moved");
    let before = state(&*store).await;
    for change in [delete(2), Change::DeleteModel(name("press"))] {
        let refused = commit(&*store, change).await.expect_err("pointed to");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.to_string().contains("press@production"), "{refused}");
        assert_eq!(state(&*store).await, before);
    }
    commit(&*store, to(1, Expected::Any)).await.expect("moved");
    commit(&*store, delete(2)).await.expect("nothing points to it");
}

pub(crate) async fn what_is_deleted_is_gone_and_its_number_is_not_given_again(
    place: impl RegistryPlace,
) {
    let store = place.open().await;
    versions(&*store, 3).await;
    for gone in [2, 3] {
        commit(&*store, delete(gone)).await.expect("deleted");
        let missing = store.version(&format!("press@{gone}").parse().expect("a reference")).await;
        assert_eq!(
            missing.expect_err("deleted").to_string(),
            format!("there is no version press@{gone}")
        );
        let refused = commit(&*store, to(gone, Expected::Any)).await.expect_err("deleted");
        assert_eq!(refused.code(), Code::NotFound);
    }
    assert_eq!(numbers(&*store, "press").await, [1]);
    assert_eq!(store.model(&name("press")).await.expect("there").latest, number(3));
    let next = create(&*store, version("press", "a", "k")).await.expect("created");
    assert_eq!(next.version, number(4));
}

pub(crate) async fn the_key_of_a_deleted_version_stays_taken(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    commit(&*store, delete(1)).await.expect("deleted");
    let before = state(&*store).await;
    let refused = create(&*store, version("press", "a", "key1")).await.expect_err("deleted");
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(state(&*store).await, before);
}

pub(crate) async fn a_deleted_model_goes_on_with_its_next_number(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 2).await;
    commit(&*store, to(1, Expected::Any)).await.expect("moved");
    commit(&*store, away(Expected::Any)).await.expect("deleted");
    commit(&*store, Change::DeleteModel(name("press"))).await.expect("deleted");
    assert_eq!(state(&*store).await.1, []);
    for missing in [
        store.model(&name("press")).await.err(),
        store.versions(&name("press"), None, PageSize::DEFAULT).await.err(),
        store.alias_history(&name("press"), None, PageSize::DEFAULT).await.err(),
        store.version(&"press@1".parse().expect("a reference")).await.err(),
        commit(&*store, to(1, Expected::Any)).await.err(),
        commit(&*store, delete(1)).await.err(),
    ] {
        assert_eq!(missing.expect("deleted").to_string(), "there is no model press");
    }
    let again = create(&*store, version("press", "a", "k")).await.expect("created");
    assert_eq!(again.version, number(3));
    let model = store.model(&name("press")).await.expect("there");
    assert_eq!((model.latest, model.created_at), (number(3), again.created_at));
    assert_eq!(numbers(&*store, "press").await, [3]);
    assert_eq!(moves(&*store).await.len(), 2, "history stays");
}

pub(crate) async fn a_deletion_is_made_once(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    for change in [delete(1), Change::DeleteModel(name("press"))] {
        commit(&*store, change.clone()).await.expect("deleted");
        let revision = store.revision().await.expect("read");
        let again = commit(&*store, change).await.expect_err("gone already");
        assert_eq!(again.code(), Code::NotFound);
        assert_eq!(store.revision().await.expect("read"), revision);
    }
}

pub(crate) async fn totals_count_what_is_not_deleted(place: impl RegistryPlace) {
    let store = place.open().await;
    assert_eq!(store.totals().await.expect("read"), RegistryTotals::default());
    versions(&*store, 2).await;
    let told = store.revision().await.expect("read");
    commit(&*store, Change::StoreArtifact(artifact("bb"))).await.expect("stored");
    let (models, artifacts, artifact_bytes) = (1, 2, 3);
    let kept = RegistryTotals { models, versions: 2, artifacts, artifact_bytes, told };
    assert_eq!(store.totals().await.expect("read"), kept, "an artifact alone is not told");
    commit(&*store, delete(1)).await.expect("deleted");
    let told = commit(&*store, Change::DeleteModel(name("press"))).await.expect("deleted").revision;
    let kept = RegistryTotals { models: 0, versions: 0, told, ..kept };
    assert_eq!(store.totals().await.expect("read"), kept);
}

pub(crate) async fn a_deletion_races_with_an_alias_and_one_wins(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 12).await;
    for target in 1..=12 {
        let moving = commit(&*store, to(target, Expected::Any));
        let (deleted, moved) = futures::join!(commit(&*store, delete(target)), moving);
        assert_ne!(deleted.is_ok(), moved.is_ok(), "{deleted:?}, {moved:?}");
        if moved.is_ok() {
            let points_to = production(&*store).await.map(|alias| alias.version);
            assert_eq!(points_to, Some(number(target)));
        }
    }
}
