//! Lists, a page at a time.

use millwright_domain::{Expected, PageSize, Tags};
use millwright_store::Change;

use super::{RegistryPlace, Store, commit, create, delete, moves, numbers, state, to, versions};
use crate::samples::{name, version};

/// Names, version numbers and revisions of moves, each gathered in pages of two.
async fn gathered(store: &Store) -> (Vec<String>, Vec<u64>, Vec<u64>) {
    let (mut names, mut versions, mut moves) = (vec![], vec![], vec![]);
    let two = PageSize::of(2);
    let mut after = None;
    loop {
        let page = store.models(&Tags::new(), after.as_ref(), two).await.expect("read");
        assert!(page.items.len() <= 2);
        names.extend(page.items.into_iter().map(|model| model.name.to_string()));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    let mut before = None;
    loop {
        let page = store.versions(&name("press"), before, two).await.expect("read");
        assert!(page.items.len() <= 2);
        versions.extend(page.items.iter().map(|version| version.version.get()));
        let Some(next) = page.next else { break };
        before = Some(next);
    }
    let mut before = None;
    loop {
        let page = store.alias_history(&name("press"), before, two).await.expect("read");
        assert!(page.items.len() <= 2);
        moves.extend(page.items.iter().map(|one| one.revision));
        let Some(next) = page.next else { break };
        before = Some(next);
    }
    (names, versions, moves)
}

pub(crate) async fn pages_hold_everything_once_in_order(place: impl RegistryPlace) {
    let store = place.open().await;
    // One page, a page exactly, and more.
    for n in 1..=5 {
        versions(&*store, n).await;
        let model = format!("m{n}");
        create(&*store, version(&model, "a", &model)).await.expect("created");
        commit(&*store, to(n, Expected::Any)).await.expect("moved");
        let names: Vec<_> =
            state(&*store).await.1.into_iter().map(|model| model.name.to_string()).collect();
        let moves = moves(&*store).await.iter().map(|one| one.revision).collect();
        let whole = (names, numbers(&*store, "press").await, moves);
        assert_eq!(gathered(&*store).await, whole, "{n}");
    }
}

pub(crate) async fn a_page_is_stable_while_others_change_the_list(place: impl RegistryPlace) {
    let store = place.open().await;
    versions(&*store, 4).await;
    let first = store.versions(&name("press"), None, PageSize::of(2)).await.expect("read");
    commit(&*store, delete(3)).await.expect("deleted");
    commit(&*store, delete(4)).await.expect("deleted");
    create(&*store, version("press", "a", "k")).await.expect("created");
    let rest = store.versions(&name("press"), first.next, PageSize::of(2)).await.expect("read");
    let numbers: Vec<_> = rest.items.iter().map(|version| version.version.get()).collect();
    assert_eq!((numbers, rest.next), (vec![2, 1], None), "neither skipped nor told twice");
    create(&*store, version("a", "a", "k2")).await.expect("created");
    let one = store.models(&Tags::new(), None, PageSize::of(1)).await.expect("read");
    commit(&*store, Change::DeleteModel(name("a"))).await.expect("deleted");
    let next = store.models(&Tags::new(), one.next.as_ref(), PageSize::of(1)).await.expect("read");
    assert_eq!(next.items.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["press"]);
}
