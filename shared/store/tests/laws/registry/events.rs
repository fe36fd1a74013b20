//! What happened, and the state that it made.

use futures::TryStreamExt;
use millwright_domain::{Code, Expected, Fault, PageSize, SetTags, Tags};
use millwright_store::{Change, Committed, Fact};

use super::{RegistryPlace, away, commit, create, delete, moves, number, state, to, versions};
use crate::samples::{artifact, name, version};

pub(crate) async fn every_change_makes_one_event_in_order(place: impl RegistryPlace) {
    let store = place.open().await;
    let mut made = Vec::new();
    for change in [
        Change::StoreArtifact(artifact("a")),
        Change::CreateVersion(version("press", "a", "k1").into()),
        to(1, Expected::Nowhere),
        Change::CreateVersion(version("press", "a", "k2").into()),
        to(2, Expected::At(number(1))),
    ] {
        made.push(commit(&*store, change).await.expect("committed"));
    }
    let revisions: Vec<_> = made.iter().map(|event| event.revision).collect();
    assert!(revisions.is_sorted_by(|one, next| one < next));
    assert_eq!(store.events_after(0, 100).await.expect("read"), made);
}

pub(crate) async fn events_come_in_pages(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 9).await;
    let all = store.events_after(0, 100).await.expect("read");
    let mut paged = Vec::new();
    loop {
        let last = paged.last().map_or(0, |event: &Committed| event.revision);
        let page = store.events_after(last, 4).await.expect("read");
        assert!(page.len() <= 4);
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(store.events_after(u64::MAX, 4).await.expect("read"), vec![]);
}

pub(crate) async fn a_snapshot_holds_what_its_revision_made(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 2).await;
    create(&*store, version("oven", "a", "other")).await.expect("created");
    let moved = commit(&*store, to(1, Expected::Any)).await.expect("moved");
    let (revision, models) = state(&*store).await;
    assert_eq!(revision, moved.revision);
    let names: Vec<_> = models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["oven", "press"]);
    assert_eq!(models[0].aliases, vec![]);
    assert_eq!(models[1], store.model(&name("press")).await.expect("read"));
}

pub(crate) async fn everything_survives_reopening(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 2).await;
    commit(&*store, to(2, Expected::Any)).await.expect("moved");
    let (before, history) = (state(&*store).await, moves(&*store).await);
    let events = store.events_after(0, 100).await;
    drop(store);
    let reopened = place.open().await;
    assert_eq!(state(&*reopened).await, before);
    assert_eq!(reopened.events_after(0, 100).await.expect("read"), events.expect("read"));
    assert_eq!(moves(&*reopened).await, history);
    let next = create(&*reopened, version("press", "a", "later")).await.expect("created");
    assert_eq!(next.version, number(3));
}

pub(crate) async fn a_registry_begins_empty(place: impl RegistryPlace) {
    let store = place.open().await;
    assert_eq!(state(&*store).await, (0, vec![]));
    assert_eq!(store.events_after(0, 10).await.expect("read"), vec![]);
}

pub(crate) async fn what_is_missing_is_named(place: impl RegistryPlace) {
    let store = place.open().await;
    let refused = commit(&*store, to(1, Expected::Any)).await.expect_err("no such model");
    assert_eq!(refused.to_string(), "there is no model press");
    versions(&*store, 1).await;
    let refused = commit(&*store, to(9, Expected::Any)).await.expect_err("no such version");
    assert_eq!(refused.to_string(), "there is no version press@9");
    assert_eq!(refused.code(), Code::NotFound);
    for (reference, missing) in [
        ("oven@1", "model oven"),
        ("oven", "model oven"),
        ("press@2", "version press@2"),
        ("press@18446744073709551615", "version press@18446744073709551615"),
        ("press@staging", "alias press@staging"),
    ] {
        let refused = store.version(&reference.parse().expect("a reference")).await;
        let refused = refused.expect_err(missing);
        assert_eq!(refused.to_string(), format!("there is no {missing}"));
    }
    for refused in [
        store.model(&name("oven")).await.err(),
        store.versions(&name("oven"), None, PageSize::DEFAULT).await.err(),
        store.alias_history(&name("oven"), None, PageSize::DEFAULT).await.err(),
    ] {
        assert_eq!(refused.map(|refused| refused.code()), Some(Code::NotFound));
    }
}

pub(crate) async fn events_tell_what_was_deleted_since(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 0).await;
    let tags: Tags = [("line".parse().expect("a key"), "2".parse().expect("a value"))].into();
    let set =
        SetTags { model: name("press"), version: Some(number(1)), set: tags, remove: [].into() };
    let mut made = Vec::new();
    for change in [
        Change::CreateVersion(version("press", "a", "k1").into()),
        to(1, Expected::Nowhere),
        Change::SetTags(set),
        Change::CreateVersion(version("press", "a", "k2").into()),
        away(Expected::Any),
        delete(1),
        Change::DeleteModel(name("press")),
        Change::CreateVersion(version("press", "a", "k3").into()),
    ] {
        made.push(commit(&*store, change).await.expect("committed"));
    }
    assert_eq!(store.events_after(1, 100).await.expect("read"), made);
    assert_eq!(made[5].fact, Fact::VersionDeleted { model: name("press"), version: number(1) });
    assert_eq!(made[6].fact, Fact::ModelDeleted(name("press")));
}

pub(crate) async fn a_snapshot_stays_at_its_revision_while_it_is_read(place: impl RegistryPlace) {
    const MODELS: usize = 501;
    let store = place.open().await;
    versions(&*store, 0).await;
    for i in 0..MODELS {
        let model = format!("m{i:04}");
        create(&*store, version(&model, "a", &model)).await.expect("created");
    }
    let before = state(&*store).await;
    let mut snapshot = store.snapshot().await.expect("begun");
    let first = snapshot.parts.try_next().await.expect("read").expect("a part");
    assert!(first.len() < MODELS, "it comes in parts");
    commit(&*store, Change::DeleteModel(name("m0500"))).await.expect("deleted");
    create(&*store, version("m9999", "a", "k")).await.expect("created");
    let rest = snapshot.parts.try_collect::<Vec<_>>().await.expect("read").concat();
    assert_eq!((snapshot.revision, [first, rest].concat()), before);
}
