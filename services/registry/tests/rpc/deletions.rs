//! Versions and models that are deleted.

use millwright_proto::registry::{DeleteModelRequest, ListModelsRequest};
use tonic::Code;

use crate::{
    calls::{create, delete, get, numbers, production, set, version, versions},
    running::Registry,
};

#[tokio::test]
async fn what_an_alias_points_to_is_kept_until_the_alias_is_gone() {
    let registry = Registry::start().await;
    let client = &registry.client;
    versions(client, 2).await;
    set(client, production(2, None)).await.expect("set");
    let name = DeleteModelRequest { name: "press".to_owned() };
    let model = client.clone().delete_model(name).await.map(|_| 0);
    for refused in [delete(client, 2).await, model] {
        let refused = refused.expect_err("pointed to");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("press@production"), "{refused}");
    }
    delete(client, 1).await.expect("nothing points to it");
    assert_eq!(delete(client, 1).await.expect_err("gone already").code(), Code::NotFound);
    assert_eq!(numbers(client).await, [2]);
    assert_eq!(get(client, "press@1").await.expect_err("deleted").code(), Code::NotFound);
}

#[tokio::test]
async fn a_deleted_model_is_gone_and_its_numbers_are_not_given_again() {
    let registry = Registry::start().await;
    let client = &registry.client;
    versions(client, 2).await;
    let name = || DeleteModelRequest { name: "press".to_owned() };
    client.clone().delete_model(name()).await.expect("deleted");
    let again = client.clone().delete_model(name()).await.expect_err("gone already");
    assert_eq!(again.code(), Code::NotFound);
    let listed = client.clone().list_models(ListModelsRequest::default()).await;
    assert_eq!(listed.expect("listed").into_inner().models, []);
    let taken = create(client, version("press", b"a", "key1")).await.expect_err("its key is taken");
    assert_eq!(taken.code(), Code::AlreadyExists);
    let next = create(client, version("press", b"a", "later")).await.expect("created");
    assert_eq!(next.version, 3);
}
