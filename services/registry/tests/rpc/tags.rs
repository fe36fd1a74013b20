//! What people note of models and versions.

use std::collections::BTreeMap;

use millwright_proto::registry::{ListModelsRequest, SetTagsRequest, SetTagsResponse};
use tonic::{Code, Status};

use crate::{
    calls::{create, field, get, model, version, versions},
    running::{Client, Registry},
};

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn note(
    client: &Client,
    version: u64,
    set: &[(&str, &str)],
    remove: &[&str],
) -> Result<SetTagsResponse, Status> {
    let remove = remove.iter().map(|key| (*key).to_owned()).collect();
    let asked = SetTagsRequest { model: "press".to_owned(), version, set: tags(set), remove };
    Ok(client.clone().set_tags(asked).await?.into_inner())
}

#[tokio::test]
async fn tags_are_told_with_what_they_were_noted_of() {
    let registry = Registry::start().await;
    let client = &registry.client;
    versions(client, 1).await;
    let first = note(client, 0, &[("line", "2"), ("owner", "梅")], &[]).await.expect("set");
    assert_eq!(first.tags, tags(&[("line", "2"), ("owner", "梅")]));
    let second = note(client, 0, &[("line", "3")], &["owner", "absent"]).await.expect("set");
    assert_eq!(second.tags, tags(&[("line", "3")]));
    assert!(second.revision > first.revision);
    assert_eq!(note(client, 0, &[], &["owner"]).await.expect("as it is"), second);
    note(client, 1, &[("shift", "night")], &[]).await.expect("set");
    assert_eq!(model(client, "press").await.expect("there").tags, second.tags);
    assert_eq!(get(client, "press@1").await.expect("there").tags, tags(&[("shift", "night")]));
}

#[tokio::test]
async fn models_are_listed_by_their_tags() {
    let registry = Registry::start().await;
    let client = &registry.client;
    versions(client, 1).await;
    create(client, version("oven", b"a", "other")).await.expect("created");
    note(client, 0, &[("line", "2")], &[]).await.expect("set");
    for (by, names) in [(&[][..], &["oven", "press"][..]), (&[("line", "2")], &["press"])] {
        let asked = ListModelsRequest { tags: tags(by), ..ListModelsRequest::default() };
        let listed = client.clone().list_models(asked).await.expect("listed").into_inner();
        let listed: Vec<_> = listed.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(listed, names, "{by:?}");
    }
}

#[tokio::test]
async fn a_tag_that_is_none_is_refused() {
    let registry = Registry::start().await;
    let client = &registry.client;
    versions(client, 1).await;
    for (set, remove, named) in [
        (&[("Line", "2")][..], &[][..], "set"),
        (&[("line", "2\n")], &[], "set[\"line\"]"),
        (&[], &["no key"], "remove"),
    ] {
        let refused = note(client, 0, set, remove).await.expect_err(named);
        assert_eq!(refused.code(), Code::InvalidArgument, "{named}");
        assert_eq!(field(&refused).as_deref(), Some(named));
    }
    let refused = note(client, 2, &[("line", "2")], &[]).await.expect_err("no such version");
    assert_eq!(refused.code(), Code::NotFound);
}
