//! The trainer's database of the previous release.

use std::{path::Path, time::Duration};

use millwright_domain::{
    DecimalMark, Distinct, Encoding, Header, JobId, JobState, LogisticSpec, NewJob, PageSize,
    Split, TableFormat, TrainingJob, VectorizerSpec,
};
use millwright_store::{JobOutcome, JobStore, SqliteJobs};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

/// What that release left; `folders/1/README.md` says how.
const FIRST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/folders/1/trainer/trainer.sqlite");
const DATASET: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

/// Rows as that release wrote them: a data set with tabs, and a job in each state.
const ROWS: [&str; 5] = [
    r#"INSERT INTO datasets VALUES (9, '$DATASET', 99, '{"n_rows":10,"columns":[{"name":"备注","kind":"text","n_missing":1,"first_text_line":2},{"name":"druck; \"bar\"","kind":"numeric","n_missing":0,"first_text_line":null}],"delimiter":"\t"}', 1790000000123456)"#,
    r#"INSERT INTO jobs VALUES (11, 'job-queued', 'nightly', 'press.defect', '$DATASET', '$SPEC', 'queued', NULL, NULL, 1790000000000011, NULL, NULL)"#,
    r#"INSERT INTO jobs VALUES (12, 'job-running', NULL, 'press.defect', '$DATASET', '$SPEC', 'running', NULL, NULL, 1790000000000012, 1790000000000013, NULL)"#,
    r#"INSERT INTO jobs VALUES (13, 'job-failed', NULL, 'press.defect', '$DATASET', '$SPEC', 'failed', 'one class', NULL, 1790000000000012, 1790000000000013, 1790000000000014)"#,
    r#"INSERT INTO jobs VALUES (14, 'job-done', NULL, 'press.defect', '$DATASET', '$SPEC', 'succeeded', NULL, 3, 1790000000000012, 1790000000000013, 1790000000000014)"#,
];
const SPEC: &str = r#"{"pipeline":{"target":"klasse","input":{"text":{"column":"备注"}},"logistic":{"l2":0.30000000000000004,"max_iter":50,"tolerance":1e-5}},"split":{"column":"fold"},"seed":18446744073709551615}"#;

async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(true);
    SqliteConnection::connect_with(&options).await.expect("connected")
}

async fn migrated(folder: &Path) -> SqliteJobs {
    let path = folder.join("trainer.sqlite");
    std::fs::copy(FIRST, &path).expect("copied");
    let mut raw = raw(&path).await;
    for row in ROWS {
        let row = row.replace("$DATASET", DATASET).replace("$SPEC", SPEC);
        sqlx::query(AssertSqlSafe(row)).execute(&mut raw).await.expect("as it was written");
    }
    raw.close().await.expect("closed");
    SqliteJobs::open(&path).await.expect("migrated")
}

/// How that release read every file, but for the delimiter.
fn as_then() -> TableFormat {
    TableFormat {
        encoding: Encoding::Utf8,
        delimiter: '\t',
        decimal: DecimalMark::Point,
        thousands: None,
        missing: vec![],
        header: Header::Present,
    }
}

async fn job(store: &SqliteJobs, id: &str) -> TrainingJob {
    let id: JobId = id.parse().expect("an id");
    store.job(&id).await.expect("read").expect("there")
}

#[tokio::test]
async fn data_sets_keep_how_they_were_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = migrated(folder.path()).await;
    let dataset = store.dataset(&DATASET.parse().expect("a digest")).await.expect("read");
    let table = dataset.expect("there").table;
    assert_eq!((table.format, table.contradictions), (as_then(), vec![]));
    let columns = table.columns.iter().map(|column| (&*column.name, column.first_text_line));
    assert_eq!(columns.collect::<Vec<_>>(), [("备注", Some(2)), ("druck; \"bar\"", None)]);
    assert!(table.columns.iter().all(|column| column.distinct == Distinct::MoreThan(0)));
    let all = store.datasets(None, PageSize::MOST).await.expect("read").items;
    assert_eq!(all.len(), 3);
}

#[tokio::test]
async fn jobs_keep_their_recipe_their_order_and_their_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = migrated(folder.path()).await;
    let queued = job(&store, "job-queued").await;
    let spec = &queued.spec;
    assert_eq!(spec.table, Some(as_then()));
    assert_eq!((spec.seed, &spec.split), (u64::MAX, &Split::Column("fold".to_owned())));
    let text = spec.pipeline.input.text().expect("a text");
    assert_eq!((&*text.column, &text.vectorizer), ("备注", &VectorizerSpec::default()));
    let logistic = LogisticSpec { l2: 0.1 + 0.2, max_iter: 50, ..LogisticSpec::default() };
    assert_eq!(spec.pipeline.logistic, logistic);

    let all = store.jobs(None, PageSize::MOST).await.expect("read").items;
    let newest = all.iter().take(4).map(|job| (job.id.as_str(), job.state)).collect::<Vec<_>>();
    assert_eq!(
        newest,
        [
            ("job-done", JobState::Succeeded),
            ("job-failed", JobState::Failed),
            ("job-running", JobState::Running),
            ("job-queued", JobState::Queued),
        ]
    );
    let done = job(&store, "job-done").await;
    assert_eq!(done.version.map(|version| version.get()), Some(3));
    assert_eq!(
        done.ended_at,
        Some(std::time::UNIX_EPOCH + Duration::from_micros(1790000000000014))
    );
    assert_eq!(job(&store, "job-failed").await.failure.as_deref(), Some("one class"));
    assert_eq!(all.len(), 8);
}

#[tokio::test]
async fn jobs_that_had_not_ended_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = migrated(folder.path()).await;
    let running = store.running().await.expect("read");
    assert_eq!(running.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(), ["job-running"]);
    store.cancel(&running[0].id).await.expect("called off");
    let claimed = store.claim().await.expect("the store answers").expect("one waits");
    assert_eq!(claimed.id.as_str(), "job-queued");

    // The request that made it says nothing of a format, and finds it again.
    let mut spec = claimed.spec.clone();
    spec.table = None;
    let idempotency_key = Some("nightly".to_owned());
    let (model, dataset) = (claimed.model.clone(), claimed.dataset);
    let again = NewJob { model, dataset, spec, idempotency_key };
    assert_eq!(store.create_job(again.clone(), None).await.expect("known"), claimed);
    let failed = JobOutcome::Failed("no registry".to_owned());
    store.finish(&claimed.id, failed).await.expect("ended");
    let new = NewJob { idempotency_key: None, ..again };
    let newest = store.create_job(new, None).await.expect("created");
    let first = store.jobs(None, PageSize::of(1)).await.expect("read").items;
    assert_eq!(first, [newest], "numbers go on where they were");
}
