//! What is recorded of versions.

use futures::future::join_all;
use millwright_domain::{Code, Fault};
use millwright_store::Change;

use super::{RegistryPlace, commit, create, number, numbers, state, versions};
use crate::samples::{artifact, name, version};

pub(crate) async fn numbers_have_no_gaps(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 3).await;
    create(&*store, version("oven", "a", "other")).await.expect("created");
    assert_eq!(numbers(&*store, "press").await, [3, 2, 1]);
    assert_eq!(store.model(&name("press")).await.expect("read").latest, number(3));
    assert_eq!(store.model(&name("oven")).await.expect("read").latest, number(1));
}

pub(crate) async fn numbers_have_no_gaps_under_concurrency(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 0).await;
    let keys: Vec<_> = (0..24).map(|i| format!("key{i}")).collect();
    let created = join_all(keys.iter().map(|key| create(&*store, version("press", "a", key))));
    let created = created.await.into_iter().map(|created| created.expect("created").version.get());
    let mut numbers: Vec<_> = created.collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=24).collect::<Vec<_>>());
}

pub(crate) async fn a_refused_version_takes_no_number(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    create(&*store, version("press", "missing", "k")).await.expect_err("no such artifact");
    create(&*store, version("oven", "missing", "k")).await.expect_err("no such artifact");
    let next = create(&*store, version("press", "a", "k")).await.expect("the key is free");
    assert_eq!(next.version, number(2));
    assert!(store.model(&name("oven")).await.is_err(), "no model without a version");
}

pub(crate) async fn what_cannot_be_read_back_is_not_kept(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    let before = state(&*store).await;
    let mut unreadable = version("press", "a", "k");
    unreadable.evaluation.log_loss = f64::NAN;
    create(&*store, unreadable).await.expect_err("JSON has no such number");
    assert_eq!(state(&*store).await, before);
}

pub(crate) async fn a_version_is_read_as_it_was_created(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 0).await;
    let new = version("press", "a", "k");
    let created = create(&*store, new.clone()).await.expect("created");
    assert_eq!(created.artifact, artifact("a"));
    assert_eq!(created.created_by.as_str(), "mei");
    assert_eq!(created.evaluation, new.evaluation);
    assert_eq!(created.lineage, new.lineage);
    assert_eq!((created.classes.clone(), created.signature.clone()), (new.classes, new.signature));
    let read = store.version(&"press@1".parse().expect("a reference")).await.expect("read");
    assert_eq!(read, created);
}

pub(crate) async fn a_version_needs_its_artifact(place: impl RegistryPlace) {
    let store = place.open().await;
    let refused = create(&*store, version("press", "a", "k")).await.expect_err("not stored");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(store.revision().await.expect("read"), 0);
}

pub(crate) async fn the_same_key_gives_the_same_version(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 0).await;
    let change = || Change::CreateVersion(version("press", "a", "k").into());
    let first = commit(&*store, change()).await.expect("created");
    create(&*store, version("press", "a", "other")).await.expect("created");
    assert_eq!(commit(&*store, change()).await.expect("answered again"), first);
    assert_eq!(store.revision().await.expect("read"), first.revision + 1);
}

pub(crate) async fn the_same_key_at_once_gives_one_version(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 0).await;
    let created = join_all((0..12).map(|_| create(&*store, version("press", "a", "k")))).await;
    assert!(created.iter().all(|one| one.as_ref().is_ok_and(|one| one.version == number(1))));
}

pub(crate) async fn a_key_is_not_for_another_request(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    commit(&*store, Change::StoreArtifact(artifact("b"))).await.expect("stored");
    let before = state(&*store).await;
    for (other, why) in [
        (version("oven", "a", "key1"), "another model"),
        (version("press", "b", "key1"), "another artifact"),
    ] {
        let refused = create(&*store, other).await.expect_err(why);
        assert_eq!(refused.code(), Code::AlreadyExists, "{why}");
    }
    assert_eq!(state(&*store).await, before);
}
