//! Versions and models.

use millwright_proto::registry::{ListModelsRequest, ModelVersion};
use tonic::Code;

use crate::{
    calls::{create, get, header, model, numbers, upload, version, versions},
    running::Registry,
};

#[tokio::test]
async fn a_version_is_told_as_it_was_registered() {
    let registry = Registry::start().await;
    upload(&registry.client, b"a").await.expect("uploaded");
    let asked = version("press", b"a", "job-1");
    let created = create(&registry.client, asked.clone()).await.expect("created");
    let told = ModelVersion {
        model: asked.model,
        version: 1,
        artifact: Some(header(b"a")),
        signature: asked.signature,
        classes: asked.classes,
        evaluation: asked.evaluation,
        lineage: created.lineage.clone(),
        created_at: created.created_at,
        created_by: "anonymous".to_owned(),
        tags: [].into(),
    };
    assert_eq!(created, told);
    assert_eq!(created.lineage.as_ref().map(|lineage| &*lineage.job_id), Some("job-1"));
    assert!(created.created_at.is_some());
    assert_eq!(get(&registry.client, "press@1").await.expect("there"), created);
}

#[tokio::test]
async fn versions_are_numbered_and_listed_newest_first() {
    let registry = Registry::start().await;
    versions(&registry.client, 3).await;
    create(&registry.client, version("oven", b"a", "other")).await.expect("created");
    assert_eq!(numbers(&registry.client).await, [3, 2, 1]);
    let press = model(&registry.client, "press").await.expect("there");
    assert_eq!(press.latest_version, 3);
    let listed = registry.client.clone().list_models(ListModelsRequest::default()).await;
    let models = listed.expect("listed").into_inner().models;
    let names: Vec<_> = models.iter().map(|model| &*model.name).collect();
    assert_eq!(names, ["oven", "press"]);
}

#[tokio::test]
async fn a_job_that_is_run_twice_registers_once() {
    let registry = Registry::start().await;
    upload(&registry.client, b"a").await.expect("uploaded");
    let first = create(&registry.client, version("press", b"a", "job-1")).await.expect("created");
    let again = create(&registry.client, version("press", b"a", "job-1")).await.expect("again");
    assert_eq!(again, first);
    let refused = create(&registry.client, version("oven", b"a", "job-1")).await;
    assert_eq!(refused.expect_err("another model").code(), Code::AlreadyExists);
    assert_eq!(numbers(&registry.client).await, [1]);
}

#[tokio::test]
async fn a_version_needs_its_artifact() {
    let registry = Registry::start().await;
    let refused = create(&registry.client, version("press", b"a", "job-1")).await;
    let refused = refused.expect_err("not uploaded");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("upload it first"), "{refused}");
    assert!(model(&registry.client, "press").await.is_err(), "no model without a version");
}
