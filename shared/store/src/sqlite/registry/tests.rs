use millwright_domain::{
    AliasName, Code, Evaluation, Expected, Fault, InputSpec, Lineage, LogisticSpec, ModelSignature,
    NewVersion, PipelineSpec, SetAlias, SetTags, Split, StopReason, TrainingSpec, TrainingSummary,
};
use sqlx::{AssertSqlSafe, Row};
use tempfile::TempDir;

use super::*;

async fn registry() -> (SqliteRegistry, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = SqliteRegistry::open(&folder.path().join("registry.sqlite")).await;
    (registry.expect("opened"), folder)
}

async fn commit(registry: &SqliteRegistry, change: Change) -> Result<Committed, StoreError> {
    registry.commit(&Principal::anonymous(), change).await
}

fn artifact(media_type: String) -> Change {
    let digest = Digest::of(media_type.as_bytes());
    Change::StoreArtifact(Artifact { digest, size_bytes: 1, media_type })
}

/// A version of `model` whose label is `label`.
fn version(model: &str, key: &str, label: String) -> Change {
    let pipeline = PipelineSpec {
        target: "fault".to_owned(),
        input: InputSpec::words("note"),
        reduction: None,
        logistic: LogisticSpec::default(),
    };
    let spec = TrainingSpec {
        pipeline,
        split: Split::Fraction(0.2),
        validation: None,
        table: None,
        seed: 1,
    };
    let summary = TrainingSummary {
        n_train: 1,
        n_test: 0,
        n_without_target: 0,
        n_validation: 0,
        n_features: 1,
        reduction: None,
        iterations: 1,
        converged: true,
        stopped: StopReason::default(),
        loss: 0.5,
        constant_columns: vec![],
        imputed_cells: 0,
        curve: vec![],
    };
    let evaluation =
        Evaluation { n_test: 0, accuracy: 0.0, macro_f1: 0.0, log_loss: 0.0, confusion: vec![] };
    let lineage = Lineage {
        dataset: Digest::of(b"data"),
        spec,
        job: "job".parse().expect("an id"),
        library: "millwright 0.1.0".to_owned(),
        summary,
    };
    Change::CreateVersion(Box::new(NewVersion {
        model: model.parse().expect("a name"),
        artifact: Digest::of(b"a"),
        signature: ModelSignature { inputs: vec![], outputs: vec![] },
        classes: vec![label],
        evaluation,
        lineage,
        idempotency_key: key.to_owned(),
    }))
}

/// 40 models of 5 versions, each with an alias and a tag.
async fn populate(registry: &SqliteRegistry) {
    commit(registry, artifact("a".to_owned())).await.expect("stored");
    for i in 0..40 {
        let model = format!("m{i}");
        for k in 0..5 {
            let new = version(&model, &format!("{i}-{k}"), "good".to_owned());
            commit(registry, new).await.expect("created");
        }
        let name: ModelName = model.parse().expect("a name");
        let (alias, expected) = (AliasName::production(), Expected::Any);
        let set = SetAlias { model: name.clone(), alias, version: Version::FIRST, expected };
        commit(registry, Change::SetAlias(set)).await.expect("set");
        let set = [("line".parse().expect("a key"), "2".parse().expect("a value"))].into();
        let set = SetTags { model: name, version: None, set, remove: [].into() };
        commit(registry, Change::SetTags(set)).await.expect("set");
    }
}

#[tokio::test]
async fn every_query_finds_its_rows_by_an_index() {
    let (registry, _folder) = registry().await;
    populate(&registry).await;
    for sql in sql::ALL {
        let plan = query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let steps = plan.fetch_all(&registry.database.writer).await.expect("planned");
        for step in steps {
            let step: String = step.get("detail");
            // The wanted tags of a request are no table: they are read to their end.
            let scans = step.starts_with("SCAN ") && !step.contains("VIRTUAL TABLE");
            assert!(!scans && !step.contains("TEMP B-TREE"), "{sql}\n{step}");
        }
    }
}

#[tokio::test]
async fn a_page_of_large_versions_ends_early_and_goes_on() {
    let (registry, _folder) = registry().await;
    commit(&registry, artifact("a".to_owned())).await.expect("stored");
    for key in ["1", "2", "3", "4"] {
        let large = version("press", key, "x".repeat(5 << 20));
        commit(&registry, large).await.expect("created");
    }
    let name: ModelName = "press".parse().expect("a name");
    let first = registry.versions(&name, None, PageSize::MOST).await.expect("read");
    assert_eq!((first.items.len(), first.next), (2, Version::new(3)));
    let rest = registry.versions(&name, first.next, PageSize::MOST).await.expect("read");
    assert_eq!((rest.items.len(), rest.next), (2, None));
}

#[tokio::test]
async fn a_full_disk_refuses_the_change_and_still_reads() {
    let (registry, _folder) = registry().await;
    // SQLite's own way to a full disk: the limit is raised to what is in use at least.
    let fill = query("PRAGMA max_page_count = 1").execute(&registry.database.writer);
    fill.await.expect("limited");
    let refused = commit(&registry, artifact("x".repeat(1 << 20))).await;
    assert_eq!(refused.expect_err("full").code(), Code::ResourceExhausted);
    assert_eq!(registry.revision().await.expect("read"), 0);
    commit(&registry, artifact("small".to_owned())).await.expect("this still fits");
    assert_eq!(registry.events_after(0, 9).await.expect("read").len(), 1);
}
