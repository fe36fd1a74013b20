//! Where aliases point.

use futures::future::join_all;
use millwright_domain::{Code, Expected, Fault};
use millwright_store::Fact;

use super::{
    RegistryPlace, alias, away, commit, create, moves, number, production, state, to, versions,
};
use crate::samples::{name, version};

pub(crate) async fn an_alias_follows_its_last_move(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 2).await;
    for target in [1, 2, 1] {
        let moved = commit(&*store, to(target, Expected::Any)).await.expect("moved");
        let Fact::AliasMoved { alias, .. } = moved.fact else { panic!("not a move") };
        assert_eq!(alias.version, number(target));
        assert_eq!(alias.updated_at, moved.at);
        assert_eq!(production(&*store).await, Some(alias));
        let pointed = store.version(&"press".parse().expect("a reference")).await.expect("read");
        assert_eq!(pointed.version, number(target));
    }
}

pub(crate) async fn an_alias_moves_only_from_where_it_was_expected(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 3).await;
    for (target, expected, moves, why) in [
        (1, Expected::At(number(1)), false, "it does not exist"),
        (1, Expected::Nowhere, true, "it does not exist"),
        (2, Expected::Nowhere, false, "it exists"),
        (2, Expected::At(number(3)), false, "it points to 1"),
        (2, Expected::At(number(1)), true, "it points to 1"),
        (2, Expected::At(number(1)), false, "it points to 2, whatever the target"),
        (3, Expected::Any, true, "it may point anywhere"),
    ] {
        let before = state(&*store).await;
        match commit(&*store, to(target, expected)).await {
            Ok(_) => assert!(moves, "{why}"),
            Err(refused) => {
                assert_eq!((refused.code(), moves), (Code::Aborted, false), "{why}");
                assert_eq!(state(&*store).await, before, "{why}");
            }
        }
    }
}

pub(crate) async fn a_lost_race_changes_nothing(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 16).await;
    let racing = (1..=16).map(|target| commit(&*store, to(target, Expected::Nowhere)));
    let outcomes = join_all(racing).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let moves = moves(&*store).await;
    assert_eq!(moves.len(), 1);
    assert_eq!(production(&*store).await.map(|alias| alias.version), moves[0].to);
}

pub(crate) async fn an_alias_that_points_there_already_makes_no_event(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 2).await;
    let moved = commit(&*store, to(1, Expected::Any)).await.expect("moved");
    create(&*store, version("oven", "a", "other")).await.expect("created");
    let again = commit(&*store, to(1, Expected::Any)).await.expect("accepted again");
    assert_eq!(again, moved);
    assert_eq!(store.revision().await.expect("read"), moved.revision + 1);
}

pub(crate) async fn history_tells_every_move_newest_first(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 2).await;
    for target in [1, 2, 2, 1] {
        commit(&*store, to(target, Expected::Any)).await.expect("moved");
    }
    commit(&*store, to(2, Expected::Nowhere)).await.expect_err("it exists");
    let history = moves(&*store).await;
    let (one, two) = (Some(number(1)), Some(number(2)));
    let moves: Vec<_> = history.iter().map(|moved| (moved.from, moved.to)).collect();
    assert_eq!(moves, [(two, one), (one, two), (None, one)]);
    assert!(history.is_sorted_by(|one, next| one.revision > next.revision));
    assert!(history.iter().all(|one| one.by.as_str() == "mei" && one.alias == alias()));
}

pub(crate) async fn a_deleted_alias_points_nowhere(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 2).await;
    commit(&*store, to(1, Expected::Any)).await.expect("moved");
    let refused = commit(&*store, away(Expected::At(number(2)))).await.expect_err("it is at 1");
    assert_eq!(refused.code(), Code::Aborted);
    let gone = commit(&*store, away(Expected::At(number(1)))).await.expect("deleted");
    assert_eq!(gone.fact, Fact::AliasDeleted { model: name("press"), alias: alias() });
    assert_eq!(production(&*store).await, None);
    let missing = store.version(&"press".parse().expect("a reference")).await;
    assert_eq!(missing.expect_err("deleted").to_string(), "there is no alias press@production");
    for expected in [Expected::Any, Expected::At(number(1))] {
        let again = commit(&*store, away(expected)).await.expect_err("deleted already");
        assert_eq!(again.code(), Code::NotFound);
    }
    let last = &moves(&*store).await[0];
    assert_eq!((last.revision, last.from, last.to), (gone.revision, Some(number(1)), None));
    commit(&*store, to(2, Expected::Nowhere)).await.expect("it is free");
}
