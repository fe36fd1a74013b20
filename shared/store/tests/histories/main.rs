//! Random histories of a registry, on SQLite and in a simple model of it: nobody can tell which is
//! which.

use std::{collections::BTreeMap, path::Path};

use futures::TryStreamExt;
use millwright_domain::{Model, PageSize, Tags};
use millwright_store::{RegistryStore, SqliteRegistry};
use proptest::{collection::vec, prelude::*};
use tokio::runtime::{Builder, Runtime};

use crate::{
    deed::{Deed, deed, name},
    world::{Line, World},
};

mod deed;
#[path = "../laws/samples.rs"]
#[expect(dead_code, reason = "the laws need more of them")]
mod samples;
mod world;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn open(folder: &Path) -> SqliteRegistry {
    SqliteRegistry::open(&folder.join("registry.sqlite")).await.expect("opened")
}

/// Lives a history twice, and compares after every deed.
async fn live(deeds: Vec<Deed>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path()).await;
    let mut world = World::default();
    for (i, deed) in deeds.iter().enumerate() {
        let told = world.apply(deed);
        match deed.change() {
            Some(change) => {
                let done = deed::told(store.commit(&deed::who(), change).await);
                assert_eq!(done, told, "deed {i} of {deeds:#?}");
            }
            None => store = open(folder.path()).await,
        }
    }
    compare(&store, &world).await;
}

async fn compare(store: &SqliteRegistry, world: &World) {
    let snapshot = store.snapshot().await.expect("begun");
    assert_eq!(snapshot.revision, world.events.len() as u64);
    let models = snapshot.parts.try_concat().await.expect("read");
    let listed = store.models(&Tags::new(), None, PageSize::MOST).await.expect("listed");
    assert_eq!(models, listed.items);
    let seen: BTreeMap<_, _> = models.iter().map(|model| (model.name.to_string(), model)).collect();
    let alive: BTreeMap<_, _> = world.alive().map(|(model, line)| (name(model), line)).collect();
    assert!(seen.keys().eq(alive.keys()), "{seen:?}\n{alive:?}");
    for (name, line) in alive {
        compare_model(store, seen[&name], line).await;
    }
    let events = store.events_after(0, 1000).await.expect("read");
    let events: Vec<_> = events.into_iter().map(|event| deed::fact(&event.fact)).collect();
    assert_eq!(events, world.events);
    for bytes in world.artifacts.keys() {
        let kept = store.artifact(&deed::digest(*bytes)).await.is_ok();
        assert_eq!(kept, world.is_kept(*bytes), "artifact {bytes}");
    }
}

async fn compare_model(store: &SqliteRegistry, seen: &Model, line: &Line) {
    assert_eq!(seen.latest.get(), line.latest);
    assert_eq!(seen.tags, line.tags);
    let aliases = seen.aliases.iter().map(|alias| (alias.name.to_string(), alias.version.get()));
    assert_eq!(aliases.collect::<BTreeMap<_, _>>(), line.aliases());
    // Two at a time: pages neither lose nor repeat any.
    let (mut versions, mut before) = (Vec::new(), None);
    loop {
        let page = store.versions(&seen.name, before, PageSize::of(2)).await.expect("listed");
        versions
            .extend(page.items.into_iter().map(|version| (version.version.get(), version.tags)));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(versions, line.live_versions());
    let moves = store.alias_history(&seen.name, None, PageSize::MOST).await.expect("read");
    assert_eq!(moves.items.len(), line.moves);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_registry_is_told_from_a_simple_model_by_nothing(deeds in vec(deed(), 1..80)) {
        runtime().block_on(live(deeds));
    }
}
