//! Aliases and their history.

use millwright_proto::registry::DeleteAliasRequest;
use tonic::Code;

use crate::{
    calls::{get, header, model, moves, production, set, versions},
    running::Registry,
};

#[tokio::test]
async fn an_alias_points_where_it_was_set() {
    let registry = Registry::start().await;
    versions(&registry.client, 2).await;
    for target in [1, 2] {
        let alias = set(&registry.client, production(target, None)).await.expect("set").alias;
        let alias = alias.expect("an alias");
        assert_eq!((alias.version, &alias.artifact), (target, &Some(header(b"a"))));
        assert_eq!(get(&registry.client, "press").await.expect("there").version, target);
        let press = model(&registry.client, "press").await.expect("there");
        assert_eq!(press.aliases, [alias]);
    }
}

#[tokio::test]
async fn an_alias_moves_only_from_where_it_was_expected() {
    let registry = Registry::start().await;
    versions(&registry.client, 2).await;
    for (target, expected, moves, why) in [
        (1, 2, false, "it does not exist"),
        (1, 0, true, "it does not exist"),
        (2, 0, false, "it exists"),
        (2, 2, false, "it points to 1"),
        (2, 1, true, "it points to 1"),
    ] {
        let outcome = set(&registry.client, production(target, Some(expected))).await;
        let code = outcome.err().map(|refused| refused.code());
        assert_eq!(code, if moves { None } else { Some(Code::Aborted) }, "{why}");
    }
}

#[tokio::test]
async fn history_tells_every_move_newest_first() {
    let registry = Registry::start().await;
    versions(&registry.client, 2).await;
    let mut revisions = Vec::new();
    for target in [1, 2, 2, 1] {
        let set = set(&registry.client, production(target, None)).await.expect("set");
        revisions.insert(0, set.revision);
    }
    // Setting it where it points already is no move: the answer tells the move that put it there.
    assert_eq!(revisions[1], revisions[2]);
    revisions.remove(1);
    let moves = moves(&registry.client).await;
    let told: Vec<_> = moves.iter().map(|one| (one.from_version, one.to_version)).collect();
    assert_eq!(told, [(2, 1), (1, 2), (0, 1)]);
    assert_eq!(moves.iter().map(|one| one.revision).collect::<Vec<_>>(), revisions);
    assert!(moves.iter().all(|one| one.moved_by == "anonymous" && one.moved_at.is_some()));
}

#[tokio::test]
async fn a_deleted_alias_points_nowhere() {
    let registry = Registry::start().await;
    versions(&registry.client, 2).await;
    set(&registry.client, production(1, None)).await.expect("set");
    let asked = |expected_version| DeleteAliasRequest {
        model: "press".to_owned(),
        alias: "production".to_owned(),
        expected_version,
    };
    let mut client = registry.client.clone();
    let refused = client.delete_alias(asked(Some(2))).await.expect_err("it points to 1");
    assert_eq!(refused.code(), Code::Aborted);
    let gone = client.delete_alias(asked(Some(1))).await.expect("deleted").into_inner();
    let missing = get(&registry.client, "press").await.expect_err("deleted");
    assert!(missing.message().contains("alias press@production"), "{missing}");
    let again = client.delete_alias(asked(None)).await.expect_err("deleted already");
    assert_eq!(again.code(), Code::NotFound);
    let last = &moves(&registry.client).await[0];
    assert_eq!((last.revision, last.from_version, last.to_version), (gone.revision, 1, 0));
}
