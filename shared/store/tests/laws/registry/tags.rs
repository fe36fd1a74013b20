//! What people note.

use millwright_domain::{Code, Fault, MOST_TAGS, Model, PageSize, SetTags, Tags, Version};
use millwright_store::{Change, Committed, Fact, StoreError};

use super::{RegistryPlace, Store, commit, create, delete, number, versions};
use crate::samples::{name, version};

fn tags(pairs: &[(&str, &str)]) -> Tags {
    let tag = |(key, value): &(&str, &str)| {
        (key.parse().expect("a key"), value.parse().expect("a value"))
    };
    pairs.iter().map(tag).collect()
}

async fn note(
    store: &Store,
    (model, version): (&str, Option<Version>),
    set: &[(&str, &str)],
    remove: &[&str],
) -> Result<Committed, StoreError> {
    let remove = remove.iter().map(|key| key.parse().expect("a key")).collect();
    let set = SetTags { model: name(model), version, set: tags(set), remove };
    commit(store, Change::SetTags(set)).await
}

async fn of_press(store: &Store) -> (Tags, Tags) {
    let version = store.version(&"press@1".parse().expect("a reference")).await.expect("there");
    (store.model(&name("press")).await.expect("there").tags, version.tags)
}

pub(crate) async fn tags_are_set_and_removed(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    let (model, version) = (("press", None), ("press", Some(number(1))));
    let made = note(&*store, model, &[("line", "2"), ("owner", "梅")], &[]).await.expect("set");
    let all = tags(&[("line", "2"), ("owner", "梅")]);
    let fact = Fact::TagsChanged { model: name("press"), version: None, tags: all.clone() };
    assert_eq!(made.fact, fact);
    assert_eq!(of_press(&*store).await, (all.clone(), Tags::new()));
    note(&*store, version, &[("shift", "night")], &[]).await.expect("set");
    assert_eq!(of_press(&*store).await, (all, tags(&[("shift", "night")])));
    // What is set stays, though it is among those to be removed.
    note(&*store, model, &[("line", "3")], &["line", "owner", "absent"]).await.expect("set");
    assert_eq!(of_press(&*store).await, (tags(&[("line", "3")]), tags(&[("shift", "night")])));
    for missing in [("oven", None), ("press", Some(number(2)))] {
        let refused = note(&*store, missing, &[("line", "2")], &[]).await.expect_err("missing");
        assert_eq!(refused.code(), Code::NotFound);
    }
}

pub(crate) async fn tags_that_are_so_make_no_event(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    let first = note(&*store, ("press", None), &[("line", "2")], &[]).await.expect("set");
    create(&*store, version("oven", "a", "other")).await.expect("created");
    for (set, remove) in [(&[("line", "2")][..], &[][..]), (&[], &["absent"]), (&[], &[])] {
        let again = note(&*store, ("press", None), set, remove).await.expect("accepted");
        assert_eq!(again, first);
    }
    assert_eq!(store.revision().await.expect("read"), first.revision + 1);
}

pub(crate) async fn tags_are_limited_in_number(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    let keys: Vec<_> = (0..MOST_TAGS).map(|i| format!("k{i}")).collect();
    let most: Vec<_> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    note(&*store, ("press", None), &most, &[]).await.expect("as many as may be");
    let refused = note(&*store, ("press", None), &[("one-more", "v")], &[]).await;
    assert_eq!(refused.expect_err("too many").code(), Code::FailedPrecondition);
    note(&*store, ("press", None), &[("one-more", "v")], &["k0"]).await.expect("one for another");
    assert_eq!(of_press(&*store).await.0.len(), MOST_TAGS);
}

pub(crate) async fn tags_end_with_what_they_were_noted_of(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    note(&*store, ("press", None), &[("line", "2")], &[]).await.expect("set");
    note(&*store, ("press", Some(number(1))), &[("shift", "night")], &[]).await.expect("set");
    commit(&*store, delete(1)).await.expect("deleted");
    commit(&*store, Change::DeleteModel(name("press"))).await.expect("deleted");
    create(&*store, version("press", "a", "k")).await.expect("created");
    assert_eq!(store.model(&name("press")).await.expect("there").tags, Tags::new());
    assert_eq!(found(&*store, &[("line", "2")]).await, [""; 0]);
}

async fn found(store: &Store, by: &[(&str, &str)]) -> Vec<String> {
    let page = store.models(&tags(by), None, PageSize::MOST).await.expect("read");
    page.items.into_iter().map(|model: Model| model.name.into()).collect()
}

pub(crate) async fn models_are_found_by_their_tags(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 1).await;
    for model in ["oven", "lathe"] {
        create(&*store, version(model, "a", model)).await.expect("created");
    }
    note(&*store, ("press", None), &[("line", "2"), ("owner", "mei")], &[]).await.expect("set");
    note(&*store, ("oven", None), &[("line", "2"), ("owner", "li")], &[]).await.expect("set");
    // That of a version is none of its model.
    note(&*store, ("lathe", Some(number(1))), &[("line", "2")], &[]).await.expect("set");
    for (by, names) in [
        (&[][..], &["lathe", "oven", "press"][..]),
        (&[("line", "2")], &["oven", "press"]),
        (&[("line", "2"), ("owner", "mei")], &["press"]),
        (&[("owner", "mei"), ("plant", "1")], &[]),
        (&[("line", "3")], &[]),
    ] {
        assert_eq!(found(&*store, by).await, names, "{by:?}");
    }
    note(&*store, ("press", None), &[("line", "3")], &[]).await.expect("set");
    assert_eq!(found(&*store, &[("line", "2")]).await, ["oven"]);
    let after = store.models(&tags(&[("line", "2")]), Some(&name("oven")), PageSize::MOST).await;
    assert_eq!(after.expect("read").items, []);
}
