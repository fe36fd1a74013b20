//! Watches.

use std::path::Path;

use futures::future::join_all;
use millwright_domain::{Digest, NewVersion, Principal};
use millwright_proto::registry::{
    VersionDeleted, WatchModelsRequest, WatchModelsResponse, watch_models_response::Event,
};
use millwright_store::{Change, RegistryStore, SqliteRegistry};
use tonic::{Code, Status, Streaming};

use crate::{
    calls::{create, delete, production, set, upload, version, versions},
    running::{Client, Registry},
};

async fn watch(client: &Client) -> Streaming<WatchModelsResponse> {
    client.clone().watch_models(WatchModelsRequest::default()).await.expect("followed").into_inner()
}

async fn next(told: &mut Streaming<WatchModelsResponse>) -> Result<(u64, Event), Status> {
    let message = told.message().await?.expect("a watch does not end in good order");
    Ok((message.revision, message.event.expect("something is told")))
}

/// Names and latest versions of a snapshot that comes in one part.
async fn snapshot(told: &mut Streaming<WatchModelsResponse>) -> (u64, Vec<(String, u64)>) {
    let (revision, Event::Snapshot(part)) = next(told).await.expect("told") else {
        panic!("the snapshot comes first");
    };
    assert!(part.complete);
    let models = part.models.into_iter().map(|model| (model.name, model.latest_version));
    (revision, models.collect())
}

#[tokio::test]
async fn a_watch_tells_the_state_then_each_change() {
    let registry = Registry::start().await;
    versions(&registry.client, 2).await;
    let mut told = watch(&registry.client).await;
    let (revision, models) = snapshot(&mut told).await;
    assert_eq!(models, [("press".to_owned(), 2)]);

    let created = create(&registry.client, version("oven", b"a", "other")).await.expect("created");
    let moved = set(&registry.client, production(2, None)).await.expect("set");
    // Neither of these changes anything that a watch tells.
    upload(&registry.client, b"b").await.expect("uploaded");
    set(&registry.client, production(2, None)).await.expect("set again");
    set(&registry.client, production(1, None)).await.expect("set");

    let (first, event) = next(&mut told).await.expect("told");
    assert_eq!(event, Event::VersionCreated(created));
    let (second, event) = next(&mut told).await.expect("told");
    let Event::AliasMoved(alias) = event else { panic!("not a move: {event:?}") };
    assert_eq!((alias.model.as_str(), alias.alias), ("press", moved.alias));
    let (third, event) = next(&mut told).await.expect("told");
    let Event::AliasMoved(alias) = event else { panic!("not a move: {event:?}") };
    assert_eq!(alias.alias.map(|alias| alias.version), Some(1));
    assert!(revision < first && first < second && second < third);
    assert_eq!(second, moved.revision);
}

#[tokio::test]
async fn a_watch_of_an_empty_registry_begins_with_an_empty_snapshot() {
    let registry = Registry::start().await;
    assert_eq!(snapshot(&mut watch(&registry.client).await).await, (0, vec![]));
}

#[tokio::test]
async fn watches_that_begin_amid_changes_miss_none_and_repeat_none() {
    const VERSIONS: u64 = 40;
    let registry = Registry::start().await;
    versions(&registry.client, 0).await;
    let client = &registry.client;
    let changes = async {
        for i in 1..=VERSIONS {
            create(client, version("press", b"a", &format!("key{i}"))).await.expect("created");
        }
    };
    let watches = (0..24).map(|_| count_up_to(client, VERSIONS));
    futures::join!(changes, join_all(watches));
}

/// Watches, again and again from the beginning, until `last` was told.
async fn count_up_to(client: &Client, last: u64) {
    let mut latest = 0;
    while latest < last {
        let mut told = watch(client).await;
        let (mut revision, models) = snapshot(&mut told).await;
        latest = models.first().map_or(0, |(_, latest)| *latest);
        let again = last.min(latest + 7);
        while latest < again {
            let (next_revision, event) = next(&mut told).await.expect("told");
            let Event::VersionCreated(created) = event else { panic!("not a version") };
            assert_eq!(created.version, latest + 1, "no gap, no repetition");
            assert!(next_revision > revision);
            (latest, revision) = (created.version, next_revision);
        }
    }
}

#[tokio::test]
async fn a_caller_who_reads_late_is_told_everything_in_order() {
    let registry = Registry::start().await;
    versions(&registry.client, 0).await;
    let mut told = watch(&registry.client).await;
    for i in 1..=100 {
        let asked = version("press", b"a", &format!("key{i}"));
        create(&registry.client, asked).await.expect("created");
    }
    snapshot(&mut told).await;
    for i in 1..=100 {
        let (_, event) = next(&mut told).await.expect("told");
        let Event::VersionCreated(created) = event else { panic!("not a version") };
        assert_eq!(created.version, i);
    }
}

#[tokio::test]
async fn a_large_snapshot_comes_in_parts() {
    const MODELS: usize = 501;
    let folder = tempfile::tempdir().expect("a folder");
    fill(&folder.path().join("registry"), MODELS).await;
    let registry = Registry::start_on(folder).await;
    let mut told = watch(&registry.client).await;
    let mut sizes = Vec::new();
    loop {
        let (_, event) = next(&mut told).await.expect("told");
        let Event::Snapshot(part) = event else { panic!("the snapshot is not complete") };
        sizes.push(part.models.len());
        if part.complete {
            break;
        }
    }
    assert_eq!(sizes, [500, 1]);
}

/// Registers `n` models, quicker than over the wire.
async fn fill(folder: &Path, n: usize) {
    use millwright_domain::{Artifact, ModelSignature};
    use millwright_wire::required;

    std::fs::create_dir_all(folder).expect("a folder");
    let store = SqliteRegistry::open(&folder.join("registry.sqlite")).await.expect("opened");
    let who = Principal::anonymous();
    let digest = Digest::of(b"a");
    let artifact = Artifact { digest, size_bytes: 1, media_type: "text/plain".to_owned() };
    store.commit(&who, Change::StoreArtifact(artifact)).await.expect("stored");
    for i in 0..n {
        let asked = version("press", b"a", &format!("key{i}"));
        let new = NewVersion {
            model: format!("m{i}").parse().expect("a name"),
            artifact: digest,
            signature: ModelSignature { inputs: vec![], outputs: vec![] },
            classes: asked.classes,
            evaluation: required("evaluation", asked.evaluation).expect("valid"),
            lineage: required("lineage", asked.lineage).expect("valid"),
            idempotency_key: asked.idempotency_key,
        };
        store.commit(&who, Change::CreateVersion(Box::new(new))).await.expect("created");
    }
}

async fn watch_from(
    client: &Client,
    after_revision: u64,
) -> Result<Streaming<WatchModelsResponse>, Status> {
    let asked = WatchModelsRequest { after_revision: Some(after_revision) };
    Ok(client.clone().watch_models(asked).await?.into_inner())
}

#[tokio::test]
async fn a_watch_goes_on_from_a_revision() {
    let registry = Registry::start().await;
    versions(&registry.client, 3).await;
    let (revision, _) = snapshot(&mut watch(&registry.client).await).await;
    let mut told = watch_from(&registry.client, revision - 2).await.expect("it goes on");
    for number in [2, 3] {
        let (_, Event::VersionCreated(created)) = next(&mut told).await.expect("told") else {
            panic!("not a version")
        };
        assert_eq!(created.version, number);
    }
    delete(&registry.client, 1).await.expect("deleted");
    let (last, event) = next(&mut told).await.expect("told");
    let gone = VersionDeleted { model: "press".to_owned(), version: 1 };
    assert_eq!((last, event), (revision + 1, Event::VersionDeleted(gone)));
    let mut told = watch_from(&registry.client, last).await.expect("nothing was missed");
    set(&registry.client, production(2, None)).await.expect("set");
    assert_eq!(next(&mut told).await.expect("told").0, last + 1);
}

#[tokio::test]
async fn a_watch_from_a_revision_that_never_was_is_refused() {
    let registry = Registry::start().await;
    versions(&registry.client, 1).await;
    let refused = watch_from(&registry.client, 99).await.expect_err("restored from a backup?");
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_stop_ends_watches_and_tells_them_to_go_elsewhere() {
    let registry = Registry::start().await;
    let mut told = watch(&registry.client).await;
    snapshot(&mut told).await;
    // Returns only when the drain is over; a watch that stayed open would hold it up for 30 s.
    tokio::time::timeout(std::time::Duration::from_secs(10), registry.stop())
        .await
        .expect("the open watch does not hold it up");
    assert_eq!(next(&mut told).await.expect_err("it stopped").code(), Code::Unavailable);
}
