//! Versions without an alias, which are served because somebody asked for them.

use std::collections::BTreeMap;

use millwright_client::RetryPolicy;
use millwright_domain::{Code, Fault};
use millwright_proto::inference::{
    ModelRepositoryParameter, RepositoryIndexRequest, RepositoryModelLoadRequest,
    RepositoryModelUnloadRequest, model_repository_parameter::ParameterChoice,
    repository_index_response::ModelIndex,
};
use tempfile::TempDir;
use tonic::Status;

use crate::{
    registry::{Registry, pipeline},
    serving::{Predictor, request, soon},
};

/// A registry with two versions of `press`, the second of which has no alias, and a predictor.
async fn plant() -> (Registry, TempDir, Predictor) {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    let first = registry.keep(pipeline(1));
    registry.register("press", (1, &first));
    registry.point("press", "production", (1, &first));
    registry.register("press", (2, &registry.keep(pipeline(2))));
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_serving("press", 1).await;
    (registry, folder, predictor)
}

fn version(number: u64) -> BTreeMap<String, ModelRepositoryParameter> {
    let choice = ParameterChoice::StringParam(number.to_string());
    let parameter = ModelRepositoryParameter { parameter_choice: Some(choice) };
    BTreeMap::from([("version".to_owned(), parameter)])
}

async fn load(predictor: &Predictor, model: &str, number: u64) -> Result<(), Status> {
    let (model_name, parameters) = (model.to_owned(), version(number));
    let request = RepositoryModelLoadRequest { model_name, parameters, ..Default::default() };
    soon(predictor.open_inference().repository_model_load(request)).await.map(drop)
}

async fn unload(predictor: &Predictor, number: Option<u64>) -> Result<(), Status> {
    let parameters = number.map(version).unwrap_or_default();
    let model_name = "press".to_owned();
    let request = RepositoryModelUnloadRequest { model_name, parameters, ..Default::default() };
    soon(predictor.open_inference().repository_model_unload(request)).await.map(drop)
}

/// The digest that answers to a version, or the status that it is refused with.
async fn answers(predictor: &Predictor, reference: &str) -> Result<String, Code> {
    let hasty = predictor.client.clone().with_retry(RetryPolicy::NEVER);
    let answer = soon(hasty.predict(request(reference, 1))).await.map_err(|error| error.code())?;
    Ok(answer.version.expect("named").digest)
}

/// State and reason of a version, as the index lists it.
async fn listed(predictor: &Predictor, number: u64) -> Option<ModelIndex> {
    let mut client = predictor.open_inference();
    let index = client.repository_index(RepositoryIndexRequest::default()).await.expect("told");
    let models = index.into_inner().models;
    models.into_iter().find(|listed| listed.version == number.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_served_once_it_was_asked_for_and_after_a_restart() {
    let (mut registry, folder, predictor) = plant().await;
    assert_eq!(answers(&predictor, "press@2").await, Err(Code::FailedPrecondition));
    load(&predictor, "press", 2).await.expect("it is served");
    let second = registry.keep(pipeline(2)).digest;
    assert_eq!(answers(&predictor, "press@2").await, Ok(second.clone()));
    predictor.stop().await;
    registry.go_away();
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_ready().await;
    assert_eq!(answers(&predictor, "press@2").await, Ok(second));
    unload(&predictor, Some(2)).await.expect("no alias needs it");
    assert_eq!(answers(&predictor, "press@2").await, Err(Code::FailedPrecondition));
    predictor.stop().await;
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_ready().await;
    assert_eq!(answers(&predictor, "press@2").await, Err(Code::FailedPrecondition));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_asked_for_stays_when_its_alias_leaves_it() {
    let (registry, _folder, predictor) = plant().await;
    load(&predictor, "press", 1).await.expect("it is served already");
    let second = registry.keep(pipeline(2));
    registry.point("press", "production", (2, &second));
    predictor.until_serving("press", 2).await;
    assert_eq!(answers(&predictor, "press@1").await, Ok(registry.keep(pipeline(1)).digest));
    unload(&predictor, None).await.expect("what was asked for goes");
    assert_eq!(answers(&predictor, "press@1").await, Err(Code::FailedPrecondition));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_an_alias_needs_is_not_unloaded() {
    let (_registry, _folder, predictor) = plant().await;
    for number in [Some(1), None] {
        let refused = unload(&predictor, number).await.expect_err("an alias points to it");
        assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
        assert!(refused.message().contains("production"), "{refused}");
    }
    answers(&predictor, "press").await.expect("it stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_is_said_and_listed_with_its_reason() {
    let (registry, _folder, predictor) = plant().await;
    registry.register("press", (3, &registry.keep("no artifact")));
    let refused = load(&predictor, "press", 3).await.expect_err("it is unfit");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
    let third = listed(&predictor, 3).await.expect("it is listed");
    assert_eq!(third.state, "UNAVAILABLE");
    assert!(refused.message().contains(&third.reason) && !third.reason.is_empty(), "{refused}");
    unload(&predictor, Some(3)).await.expect("nothing needs it");
    assert_eq!(listed(&predictor, 3).await, None);
    let unknown = load(&predictor, "press", 9).await.expect_err("there is none");
    assert_eq!(unknown.code(), tonic::Code::NotFound, "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_alias_points_to_unfit_bytes_is_listed_with_its_reason() {
    let (registry, _folder, predictor) = plant().await;
    registry.point("press", "production", (3, &registry.keep("no artifact")));
    let told = predictor.until(("press", "production"), |served| !served.problem.is_empty()).await;
    let third = listed(&predictor, 3).await.expect("it is listed");
    assert_eq!((third.state.as_str(), third.reason), ("UNAVAILABLE", told.problem));
    let first = listed(&predictor, 1).await.expect("it answers still");
    assert_eq!((first.state.as_str(), first.reason.as_str()), ("READY", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_away_is_loaded_when_it_is_there_again() {
    let (registry, _folder, predictor) = plant().await;
    let third = registry.keep(pipeline(3));
    registry.register("press", (3, &third));
    let whole = registry.replace(&third, bytes::Bytes::from_static(b"damaged"));
    let refused = load(&predictor, "press", 3).await.expect_err("its bytes are damaged");
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused}");
    registry.replace(&third, whole);
    // A try of its own accord may be under way still with what was damaged.
    soon(async { while load(&predictor, "press", 3).await.is_err() {} }).await;
    assert_eq!(answers(&predictor, "press@3").await, Ok(third.digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_version_goes_away() {
    let (registry, _folder, predictor) = plant().await;
    load(&predictor, "press", 2).await.expect("it is served");
    registry.delete_version("press", 2);
    soon(async { while listed(&predictor, 2).await.is_some() {} }).await;
    assert!(answers(&predictor, "press@2").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_deleted_behind_its_back_goes_away() {
    let (mut registry, folder, predictor) = plant().await;
    load(&predictor, "press", 2).await.expect("it is served");
    predictor.stop().await;
    registry.go_away();
    registry.forget();
    registry.point("press", "production", (1, &registry.keep(pipeline(1))));
    registry.come_back().await;
    // The registry was restored from before the second version: its revisions begin anew.
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    soon(async { while listed(&predictor, 2).await.is_some() {} }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_versions_are_loaded_on_request_than_may_be() {
    let (registry, _folder, predictor) = plant().await;
    let artifact = registry.keep(pipeline(3));
    for number in 3..=66 {
        registry.register("press", (number, &artifact));
        load(&predictor, "press", number).await.expect("it is served");
    }
    let refused = load(&predictor, "press", 2).await.expect_err("the limit");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
    assert!(refused.message().contains("64"), "{refused}");
    unload(&predictor, Some(3)).await.expect("no alias needs it");
    load(&predictor, "press", 2).await.expect("there is room");
}
