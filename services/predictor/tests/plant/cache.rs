//! A predictor that was there before.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use millwright_client::RetryPolicy;
use millwright_domain::{Code, Fault};
use millwright_predictor::{Config, ServeError, serve};
use millwright_proto::registry::Artifact;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::yield_now};

use crate::{
    registry::{Registry, pipeline},
    serving::{Predictor, number, request, soon},
};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The file in which an artifact is kept.
fn file(folder: &Path, artifact: &Artifact) -> PathBuf {
    let hex = artifact.digest.trim_start_matches("sha256:");
    folder.join("predictor/artifacts/sha256").join(&hex[..2]).join(hex)
}

fn index(folder: &Path) -> PathBuf {
    folder.join("predictor/index")
}

/// Waits until the index in `folder` names `artifact`: what was told is written down a little later.
async fn until_noted(folder: &Path, artifact: &Artifact) {
    let notes = || fs::read_to_string(index(folder)).unwrap_or_default();
    soon(async {
        while !notes().contains(&artifact.digest) {
            yield_now().await;
        }
    })
    .await;
}

/// A registry with two models, and a folder in which a predictor has served both.
async fn used() -> (Registry, TempDir, [Artifact; 2]) {
    let (registry, folder) = (Registry::start().await, folder());
    let artifacts = [registry.keep(pipeline(1)), registry.keep(pipeline(2))];
    registry.point("press", "production", (1, &artifacts[0]));
    registry.point("saw", "production", (1, &artifacts[1]));
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_serving("press", 1).await;
    predictor.until_serving("saw", 1).await;
    predictor.stop().await;
    (registry, folder, artifacts)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_at_once_what_it_served_when_the_registry_is_away() {
    let (mut registry, folder, artifacts) = used().await;
    registry.go_away();
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_ready().await;
    let answer = predictor.predict("press").await.expect("it answers");
    assert_eq!(answer.version.expect("named").digest, artifacts[0].digest);
    predictor.predict("saw").await.expect("it answers");
    assert_eq!(registry.books().downloads.len(), 2, "each was fetched once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_loaded_from_the_cache_is_no_reason_to_write_the_index() {
    let (mut registry, folder, _) = used().await;
    registry.go_away();
    let written = || {
        let index = index(folder.path()).metadata().expect("it is there");
        (index.ino(), index.modified().expect("a time"))
    };
    let before = written();
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_ready().await;
    predictor.predict("press").await.expect("it answers");
    // All that is to be written is, then.
    predictor.stop().await;
    assert_eq!(written(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_artifact_is_fetched_again() {
    let (registry, folder, artifacts) = used().await;
    let path = file(folder.path(), &artifacts[0]);
    let mut bytes = fs::read(&path).expect("it was kept");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).expect("a folder of ours");
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_serving("press", 1).await;
    assert_eq!(registry.books().downloads[2..], [artifacts[0].digest.clone()]);
    assert_eq!(fs::read(path).expect("it is there"), pipeline(1), "and kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_artifact_keeps_nobody_else_from_serving_while_the_registry_is_away() {
    let (mut registry, folder, artifacts) = used().await;
    registry.go_away();
    fs::write(file(folder.path(), &artifacts[0]), b"damaged").expect("a folder of ours");
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_ready().await;
    predictor.predict("saw").await.expect("it answers");
    let hasty = predictor.client.clone().with_retry(RetryPolicy::NEVER);
    let error = hasty.predict(request("press", 1)).await.expect_err("it cannot");
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert!(error.retry_after().is_some(), "the registry may come back");
    let press = predictor.until(("press", "production"), |_| true).await;
    assert!(press.problem.contains("registry"), "{}", press.problem);
    registry.come_back().await;
    predictor.until_serving("press", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_lost_or_damaged_is_made_anew() {
    let (registry, folder, artifacts) = used().await;
    let path = index(folder.path());
    for damage in ["lost", "damaged"] {
        match damage {
            "lost" => fs::remove_file(&path).expect("it was written"),
            _ => fs::write(&path, b"millwright-index 1 sha256:00\n{}").expect("a folder of ours"),
        }
        let predictor = Predictor::start(folder.path(), &registry.address).await;
        predictor.until_serving("press", 1).await;
        predictor.stop().await;
        let written = fs::read_to_string(&path).expect("it is written");
        assert!(written.contains(&artifacts[0].digest), "{damage}");
        assert_eq!(registry.books().watches.last(), Some(&None), "it asks for everything");
    }
    assert_eq!(registry.books().downloads.len(), 2, "the artifacts were not lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_alias_needs_leaves_the_cache() {
    let (registry, folder, artifacts) = used().await;
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    for (version, seed) in [(2, 3), (3, 4)] {
        let next = registry.keep(pipeline(seed));
        registry.point("press", "production", (version, &next));
        predictor.until_serving("press", version).await;
        if version == 2 {
            until_noted(folder.path(), &next).await;
            assert!(file(folder.path(), &artifacts[0]).exists(), "a way back is kept");
        }
    }
    let gone = file(folder.path(), &artifacts[0]);
    soon(async {
        while gone.exists() {
            yield_now().await;
        }
    })
    .await;
    assert!(file(folder.path(), &artifacts[1]).exists(), "another model's stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_before_answers_after_a_restart_while_the_wanted_one_cannot() {
    let (mut registry, folder, artifacts) = used().await;
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    let unfit = registry.keep("no artifact");
    registry.point("press", "production", (2, &unfit));
    predictor.until(("press", "production"), |served| !served.problem.is_empty()).await;
    predictor.stop().await;
    registry.go_away();
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_ready().await;
    let press = predictor.until(("press", "production"), |_| true).await;
    assert_eq!((number(&press), press.wanted_version), (1, 2));
    let answer = predictor.predict("press").await.expect("it answers");
    assert_eq!(answer.version.expect("named").digest, artifacts[0].digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_another_predictor_has_is_refused() {
    let (registry, folder, _) = used().await;
    let first = Predictor::start(folder.path(), &registry.address).await;
    first.until_ready().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let config = Config::new(folder.path(), &registry.address);
    let refused = serve(listener, config, std::future::pending()).await;
    let Err(error @ ServeError::Store(_)) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().contains("in use by another process"), "{error}");
}
