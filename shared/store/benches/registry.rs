//! What a registry of 10,000 models with 20 versions each takes for a page of its models, a move of
//! an alias, and a watch that goes on: 10 ms at most each.
//!
//! `cargo bench -p millwright-store` fills a database in a temporary folder first, for a minute.

use std::{path::Path, time::SystemTime};

use criterion::{Criterion, criterion_group, criterion_main};
use millwright_domain::{
    AliasName, Expected, ModelName, PageSize, Principal, SetAlias, Tags, Version,
};
use millwright_store::{Change, RegistryStore, SqliteRegistry};
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::runtime::Runtime;

const MODELS: u32 = 10_000;
const VERSIONS: u32 = 20;

/// As many rows as commits would make, in one transaction.
async fn fill(path: &Path) {
    drop(SqliteRegistry::open(path).await.expect("opened"));
    let options = SqliteConnectOptions::new().filename(path);
    let mut database = SqliteConnection::connect_with(&options).await.expect("connected");
    let fill = include_str!("fill.sql")
        .replace("$MODELS", &MODELS.to_string())
        .replace("$VERSIONS", &VERSIONS.to_string());
    database.execute(AssertSqlSafe(fill)).await.expect("filled");
    database.close().await.expect("closed");
}

fn name(i: u32) -> ModelName {
    format!("m{i:05}").parse().expect("a name")
}

fn registry(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("registry.sqlite");
    runtime.block_on(fill(&path));
    let store = runtime.block_on(SqliteRegistry::open(&path)).expect("opened");
    let mut group = criterion.benchmark_group("10,000 models × 20 versions");

    let after = name(MODELS / 2);
    let tags: Tags = [("line".parse().expect("a key"), "7".parse().expect("a value"))].into();
    for (what, tags) in [("a page of 100 models", Tags::new()), ("a page of 100 by a tag", tags)] {
        group.bench_function(what, |bencher| {
            bencher.iter(|| {
                let page = store.models(&tags, Some(&after), PageSize::DEFAULT);
                assert_eq!(runtime.block_on(page).expect("read").items.len(), 100);
            });
        });
    }
    group.bench_function("a page of 20 versions", |bencher| {
        bencher.iter(|| {
            let page = store.versions(&after, None, PageSize::DEFAULT);
            assert_eq!(runtime.block_on(page).expect("read").items.len(), VERSIONS as usize);
        });
    });
    let (who, mut moves) = (Principal::anonymous(), 0);
    group.bench_function("a move of an alias", |bencher| {
        bencher.iter(|| {
            moves += 1;
            let version = Version::new(1 + moves % 2).expect("not 0");
            let (alias, expected) = (AliasName::production(), Expected::Any);
            let set = SetAlias { model: after.clone(), alias, version, expected };
            runtime.block_on(store.commit(&who, Change::SetAlias(set))).expect("moved");
        });
    });
    let last = runtime.block_on(store.revision()).expect("read");
    group.bench_function("a watch that goes on with 10 changes", |bencher| {
        bencher.iter(|| {
            let latest = runtime.block_on(store.revision()).expect("read");
            let events = runtime.block_on(store.events_after(latest - 10, 10)).expect("read");
            assert_eq!(events.len(), 10);
            assert!(latest >= last);
        });
    });
    group.bench_function("what nobody needs", |bencher| {
        let before = SystemTime::now();
        bencher.iter(|| runtime.block_on(store.unneeded(before, 256)).expect("read"));
    });
    group.finish();
}

criterion_group!(benches, registry);
criterion_main!(benches);
