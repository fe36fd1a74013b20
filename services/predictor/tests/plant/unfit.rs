//! Versions that cannot be served.

use bytes::Bytes;
use millwright_proto::predictor::ServedModel;
use tempfile::TempDir;

use crate::{
    registry::{Registry, pipeline},
    serving::{Predictor, number},
};

async fn plant() -> (Registry, TempDir, Predictor) {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    registry.point("press", "production", (1, &registry.keep(pipeline(1))));
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_serving("press", 1).await;
    (registry, folder, predictor)
}

fn has_problem(served: &ServedModel) -> bool {
    !served.problem.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfit_version_leaves_the_old_one_serving_until_the_next_one() {
    let (registry, _folder, predictor) = plant().await;
    let unfit = registry.keep("no artifact");
    registry.point("press", "production", (2, &unfit));
    let press = predictor.until(("press", "production"), has_problem).await;
    assert_eq!((number(&press), press.wanted_version), (1, 2), "{}", press.problem);
    predictor.predict("press").await.expect("the old one answers");
    registry.point("press", "production", (3, &registry.keep(pipeline(3))));
    predictor.until_serving("press", 3).await;
    let press = predictor.until(("press", "production"), |_| true).await;
    assert!(press.problem.is_empty(), "{}", press.problem);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_arrives_damaged_is_tried_again() {
    let (registry, _folder, predictor) = plant().await;
    let next = registry.keep(pipeline(2));
    let whole = registry.replace(&next, Bytes::from_static(b"damaged"));
    registry.point("press", "production", (2, &next));
    let press = predictor.until(("press", "production"), has_problem).await;
    assert_eq!(number(&press), 1);
    assert!(press.problem.contains("damaged"), "{}", press.problem);
    registry.replace(&next, whole);
    predictor.until_serving("press", 2).await;
}
