//! A predictor and the changes that its registry tells.

use millwright_domain::{Code, Fault};
use tempfile::TempDir;

use crate::{
    registry::{Registry, pipeline},
    serving::{Predictor, soon},
};

async fn plant() -> (Registry, TempDir, Predictor) {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    registry.point("press", "production", (1, &registry.keep(pipeline(1))));
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_serving("press", 1).await;
    (registry, folder, predictor)
}

async fn until_not_found(predictor: &Predictor, reference: &str) {
    let is_found = async || match predictor.predict(reference).await {
        Err(error) => error.code() != Code::NotFound,
        Ok(_) => true,
    };
    soon(async { while is_found().await {} }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_was_away_is_followed_from_where_it_was() {
    let (mut registry, _folder, predictor) = plant().await;
    registry.go_away();
    predictor.predict("press").await.expect("it goes on");
    registry.point("press", "production", (2, &registry.keep(pipeline(2))));
    predictor.predict("press").await.expect("it goes on");
    registry.come_back().await;
    predictor.until_serving("press", 2).await;
    let watches = registry.books().watches.clone();
    assert_eq!((watches.first(), watches.last()), (Some(&None), Some(&Some(1))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_follows_from_where_it_was() {
    let (registry, folder, predictor) = plant().await;
    predictor.stop().await;
    registry.point("press", "production", (2, &registry.keep(pipeline(2))));
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_serving("press", 2).await;
    assert_eq!(registry.books().watches.last(), Some(&Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_was_restored_is_asked_for_everything() {
    let (mut registry, _folder, predictor) = plant().await;
    registry.point("saw", "production", (1, &registry.keep(pipeline(2))));
    predictor.until_serving("saw", 1).await;
    registry.go_away();
    registry.forget();
    registry.point("press", "production", (1, &registry.keep(pipeline(3))));
    registry.come_back().await;
    until_not_found(&predictor, "saw").await;
    let restored = registry.keep(pipeline(3)).digest;
    let is_it = |served: &millwright_proto::predictor::ServedModel| {
        served.serving.as_ref().is_some_and(|version| version.digest == restored)
    };
    predictor.until(("press", "production"), is_it).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_not_found() {
    let (registry, _folder, predictor) = plant().await;
    registry.point("press", "staging", (1, &registry.keep(pipeline(1))));
    predictor.until(("press", "staging"), |served| served.signature.is_some()).await;
    registry.delete_alias("press", "staging");
    until_not_found(&predictor, "press@staging").await;
    predictor.predict("press").await.expect("the other alias stays");
    registry.delete_alias("press", "production");
    registry.delete_model("press");
    until_not_found(&predictor, "press").await;
}
