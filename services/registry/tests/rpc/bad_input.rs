//! What callers may get wrong: each is refused, and the field is named.

use millwright_proto::registry::{
    ColumnSpec, CreateModelVersionRequest, DownloadArtifactRequest, Evaluation,
    ListAliasHistoryRequest, ModelSignature, SetAliasRequest,
};
use tonic::Code;

use crate::{
    calls::{create, download, field, get, model, numbers, production, set, version, versions},
    running::Registry,
};

#[tokio::test]
async fn a_version_with_a_wrong_field_is_refused() {
    let registry = Registry::start().await;
    versions(&registry.client, 1).await;
    let valid = || version("press", b"a", "k");
    let nan = Evaluation { accuracy: f64::NAN, ..Evaluation::default() };
    type Request = CreateModelVersionRequest;
    for (asked, named) in [
        (Request { model: "Press".to_owned(), ..valid() }, "model"),
        (Request { model: "../etc".to_owned(), ..valid() }, "model"),
        (Request { model: "m".repeat(129), ..valid() }, "model"),
        (Request { artifact_digest: "a".to_owned(), ..valid() }, "artifact_digest"),
        (Request { signature: None, ..valid() }, "signature"),
        (Request { evaluation: None, ..valid() }, "evaluation"),
        (Request { evaluation: Some(nan), ..valid() }, "evaluation.accuracy"),
        (Request { lineage: None, ..valid() }, "lineage"),
        (Request { idempotency_key: String::new(), ..valid() }, "idempotency_key"),
        (Request { idempotency_key: "k".repeat(129), ..valid() }, "idempotency_key"),
    ] {
        let refused = create(&registry.client, asked).await.expect_err(named);
        assert_eq!(refused.code(), Code::InvalidArgument, "{named}");
        assert_eq!(field(&refused).as_deref(), Some(named));
    }
    assert_eq!(numbers(&registry.client).await, [1]);
}

#[tokio::test]
async fn a_version_that_is_too_large_is_refused() {
    let registry = Registry::start().await;
    versions(&registry.client, 1).await;
    let column = |name: usize, elements| ColumnSpec {
        name: "n".repeat(name),
        datatype: "FP32".to_owned(),
        elements,
        ..ColumnSpec::default()
    };
    let signed = |inputs, outputs| CreateModelVersionRequest {
        signature: Some(ModelSignature { inputs, outputs }),
        ..version("press", b"a", "k")
    };
    let labelled = |classes| CreateModelVersionRequest { classes, ..version("press", b"a", "k") };
    let deep = ColumnSpec { row_shape: vec![1; 17], ..column(1, vec![]) };
    let many = |n| vec![String::new(); n];
    let long = |n| vec!["l".repeat(n)];
    for (asked, named) in [
        (labelled(many(65_537)), "classes"),
        (labelled(long(1025)), "classes"),
        (signed(vec![column(1025, vec![])], vec![]), "signature.inputs.name"),
        (signed(vec![column(1, vec![]); 1025], vec![]), "signature.inputs"),
        (signed(vec![], vec![deep]), "signature.outputs"),
        (signed(vec![column(1, many(32_769)); 2], vec![]), "signature.inputs.elements"),
        (signed(vec![], vec![column(1, long(1025))]), "signature.outputs.elements"),
    ] {
        let refused = create(&registry.client, asked).await.expect_err(named);
        assert_eq!(refused.code(), Code::InvalidArgument, "{named}");
        assert_eq!(field(&refused).as_deref(), Some(named));
    }
    let largest = CreateModelVersionRequest {
        classes: long(1024),
        ..signed(vec![column(1024, many(65_536))], vec![column(1, long(1024))])
    };
    create(&registry.client, largest).await.expect("within the bounds");
}

#[tokio::test]
async fn an_alias_with_a_wrong_field_is_refused() {
    let registry = Registry::start().await;
    versions(&registry.client, 1).await;
    for (asked, named) in [
        (SetAliasRequest { model: String::new(), ..production(1, None) }, "model"),
        (SetAliasRequest { alias: "Prod".to_owned(), ..production(1, None) }, "alias"),
        (SetAliasRequest { alias: "a.b".to_owned(), ..production(1, None) }, "alias"),
        (production(0, None), "version"),
    ] {
        let refused = set(&registry.client, asked).await.expect_err(named);
        assert_eq!(refused.code(), Code::InvalidArgument, "{named}");
        assert_eq!(field(&refused).as_deref(), Some(named));
    }
}

#[tokio::test]
async fn a_reference_that_is_none_is_refused() {
    let registry = Registry::start().await;
    for reference in ["", "press@0", "press@", "press@1@2", "Press", "@1"] {
        let refused = get(&registry.client, reference).await.expect_err(reference);
        assert_eq!(refused.code(), Code::InvalidArgument, "{reference}");
        assert_eq!(field(&refused).as_deref(), Some("model_ref"), "{reference}");
    }
    let refused = model(&registry.client, "a/b").await.expect_err("no name");
    assert_eq!(field(&refused).as_deref(), Some("name"));
    let asked = ListAliasHistoryRequest::default();
    let refused = registry.client.clone().list_alias_history(asked).await.expect_err("no name");
    assert_eq!(field(&refused).as_deref(), Some("model"));
    let asked = DownloadArtifactRequest { digest: "sha256:../../etc/passwd".to_owned(), offset: 0 };
    let refused = registry.client.clone().download_artifact(asked).await.expect_err("a path");
    assert_eq!(field(&refused).as_deref(), Some("digest"));
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let registry = Registry::start().await;
    versions(&registry.client, 1).await;
    let client = &registry.client;
    let absent = crate::calls::digest(b"absent");
    for (refused, named) in [
        (get(client, "oven@1").await.err(), "model oven"),
        (get(client, "press@2").await.err(), "version press@2"),
        (get(client, "press").await.err(), "alias press@production"),
        (model(client, "oven").await.err(), "model oven"),
        (set(client, production(2, None)).await.err(), "version press@2"),
        (download(client, absent.clone()).await.err(), absent.as_str()),
    ] {
        let refused = refused.expect(named);
        assert_eq!(refused.code(), Code::NotFound, "{named}");
        assert!(refused.message().contains(named), "{refused}");
    }
}
