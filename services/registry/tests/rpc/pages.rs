//! Lists, a page at a time.

use millwright_proto::registry::{ListAliasHistoryRequest, ListModelsRequest};
use tonic::Code;

use crate::{
    calls::{create, field, page, production, set, upload, version, versions},
    running::Registry,
};

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let registry = Registry::start().await;
    let client = &registry.client;
    versions(client, 5).await;
    let (mut numbers, mut token) = (Vec::new(), String::new());
    loop {
        let page = page(client, 2, &token).await.expect("listed");
        assert!(page.versions.len() <= 2);
        numbers.extend(page.versions.iter().map(|version| version.version));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn a_page_has_100_entries_unless_asked_otherwise_and_1000_at_most() {
    let registry = Registry::start().await;
    let client = &registry.client;
    upload(client, b"a").await.expect("uploaded");
    for i in 0..101 {
        let name = format!("m{i}");
        create(client, version(&name, b"a", &name)).await.expect("created");
    }
    for (page_size, n, more) in
        [(0, 100, true), (7, 7, true), (101, 101, false), (9999, 101, false)]
    {
        let asked = ListModelsRequest { page_size, ..ListModelsRequest::default() };
        let page = client.clone().list_models(asked).await.expect("listed").into_inner();
        let found = (page.models.len(), !page.next_page_token.is_empty());
        assert_eq!(found, (n, more), "{page_size}");
    }
}

#[tokio::test]
async fn a_token_of_another_list_is_refused_by_its_name() {
    let registry = Registry::start().await;
    let client = &registry.client;
    versions(client, 3).await;
    create(client, version("oven", b"a", "other")).await.expect("created");
    for target in [1, 2] {
        set(client, production(target, None)).await.expect("set");
    }
    let token = page(client, 2, "").await.expect("listed").next_page_token;
    let moves = ListAliasHistoryRequest {
        model: "press".to_owned(),
        page_token: token.clone(),
        ..Default::default()
    };
    let models = ListModelsRequest { page_token: token.clone(), ..Default::default() };
    for (refused, why) in [
        (page(client, 2, "0").await.err(), "too short"),
        (page(client, 2, &token.replace('2', "3")).await.err(), "edited"),
        (client.clone().list_alias_history(moves).await.err(), "a list of versions"),
        (client.clone().list_models(models).await.err(), "a list of versions"),
    ] {
        let refused = refused.expect(why);
        assert_eq!(refused.code(), Code::InvalidArgument, "{why}");
        assert_eq!(field(&refused).as_deref(), Some("page_token"), "{why}");
    }
}
