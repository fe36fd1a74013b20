//! Creating and following jobs.

use futures::StreamExt;
use millwright_domain::{Code, Digest, Fault, InputSpec, JobState, NewJob, Version};
use sqlx::{Connection, SqliteConnection, query_scalar, sqlite::SqliteConnectOptions};

use crate::plant::{
    DIGITS, Plant, SMALL, ended, endless_job, jobs, model, registered, small_job, upload,
};

#[tokio::test]
async fn a_job_registers_one_version_that_says_where_it_comes_from() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), SMALL).await;
    let job = plant.trainer().create_job(small_job(dataset)).await.expect("it is queued");
    let job = ended(&plant.trainer(), &job.id).await;
    assert_eq!((job.state, job.version), (JobState::Succeeded, Some(Version::FIRST)), "{job:?}");
    assert_eq!(plant.versions(&model()).await, [1]);

    let version = registered(&plant.registry(), &job).await;
    assert_eq!((version.lineage.dataset, &version.lineage.job), (dataset, &job.id));
    assert_eq!((version.lineage.spec.seed, &version.lineage.spec.table), (42, &job.spec.table));
    assert!(job.spec.table.is_some(), "how the bytes were read");
    assert_eq!((version.evaluation.n_test, version.lineage.summary.n_train), (2, 8));
    assert_eq!(version.classes.len(), 2);
    let bytes = plant.registry().download_artifact(&version.artifact).await.expect("undamaged");
    assert_eq!(Digest::of(&bytes), version.artifact.digest);
}

#[tokio::test]
async fn a_job_is_sealed_before_its_version_is_recorded() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), SMALL).await;
    let job = plant.trainer().create_job(small_job(dataset)).await.expect("it is queued");
    assert_eq!(ended(&plant.trainer(), &job.id).await.state, JobState::Succeeded);
    let file = plant.folder.path().join("trainer/trainer.sqlite");
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut database = SqliteConnection::connect_with(&options).await.expect("a database");
    let sealed = query_scalar("SELECT started_at <= sealed_at AND sealed_at <= ended_at FROM jobs");
    assert_eq!(sealed.fetch_one(&mut database).await.ok(), Some(true));
}

#[tokio::test]
async fn a_text_column_is_learnt_from() {
    let plant = Plant::start().await;
    let mut job = small_job(upload(&plant.trainer(), SMALL).await);
    job.spec.pipeline.input = InputSpec::words("note");
    let job = plant.trainer().create_job(job).await.expect("it is queued");
    assert_eq!(ended(&plant.trainer(), &job.id).await.state, JobState::Succeeded);
}

#[tokio::test]
async fn the_same_key_gives_the_same_job() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), SMALL).await;
    let keyed = |seed| {
        let mut job = small_job(dataset);
        job.spec.seed = seed;
        NewJob { idempotency_key: Some("nightly".to_owned()), ..job }
    };
    let first = plant.trainer().create_job(keyed(1)).await.expect("it is queued");
    let second = plant.trainer().create_job(keyed(1)).await.expect("it is known");
    assert_eq!(first.id, second.id);
    let other = plant.trainer().create_job(keyed(2)).await.expect_err("another request");
    assert_eq!(other.code(), Code::AlreadyExists, "{other}");
    ended(&plant.trainer(), &first.id).await;
    assert_eq!(jobs(&plant.trainer()).await.len(), 1);
    assert_eq!(plant.versions(&model()).await, [1]);
}

#[tokio::test]
async fn a_job_that_cannot_be_is_refused_and_names_the_field() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), SMALL).await;
    let unknown = small_job(Digest::of(b"never uploaded"));
    let error = plant.trainer().create_job(unknown).await.expect_err("no such data set");
    assert_eq!(error.code(), Code::NotFound, "{error}");

    let mut no_target = small_job(dataset);
    no_target.spec.pipeline.target = "klass".to_owned();
    let mut text = small_job(dataset);
    text.spec.pipeline.input = InputSpec::numbers(vec!["note".to_owned()]);
    let mut tolerance = small_job(dataset);
    tolerance.spec.pipeline.logistic.tolerance = -1.0;
    for (job, field) in [
        (no_target, "spec.pipeline.target"),
        (text, "spec.pipeline.numeric.columns[0]"),
        (tolerance, "tolerance"),
    ] {
        let error = plant.trainer().create_job(job).await.expect_err(field);
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        let violation = error.violation().expect("a field is named");
        assert!(violation.field.ends_with(field), "{violation:?}");
    }
    assert_eq!(jobs(&plant.trainer()).await, []);
}

#[tokio::test]
async fn a_job_that_fails_says_why() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), b"pressure,class\n1,ok\n2,ok\n3,ok\n4,ok\n5,ok\n").await;
    let job = plant.trainer().create_job(small_job(dataset)).await.expect("it is queued");
    let job = ended(&plant.trainer(), &job.id).await;
    let why = job.failure.expect("a reason");
    assert_eq!((job.state, job.version), (JobState::Failed, None));
    assert!(why.contains("one class"), "{why}");
    let none = plant.registry().model(&model()).await.expect_err("nothing was registered");
    assert_eq!(none.code(), Code::NotFound);
}

#[tokio::test]
async fn a_job_whose_artifact_the_registry_never_takes_fails() {
    let plant = Plant::limited(|registry, _| registry.max_artifact_bytes = 1000).await;
    let dataset = upload(&plant.trainer(), SMALL).await;
    let job = plant.trainer().create_job(small_job(dataset)).await.expect("it is queued");
    let job = ended(&plant.trainer(), &job.id).await;
    let why = job.failure.expect("a reason");
    assert_eq!(job.state, JobState::Failed);
    assert!(why.contains("1000 bytes"), "{why}");
}

#[tokio::test]
async fn a_watch_tells_rising_iterations() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), DIGITS).await;
    let job = plant.trainer().create_job(endless_job(dataset)).await.expect("it is queued");
    let updates = plant.trainer().watch_job(&job.id).await.expect("the job is known");
    let iterations = updates.filter_map(async |update| {
        let progress = update.expect("it is followed").progress;
        progress.map(|progress| progress.iteration)
    });
    let told = iterations.take(6).collect::<Vec<_>>().await;
    assert!(told.is_sorted() && told.last() > Some(&1), "{told:?}");
}

#[tokio::test]
async fn a_watch_ends_with_the_version() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), SMALL).await;
    let job = plant.trainer().create_job(small_job(dataset)).await.expect("it is queued");
    let updates = plant.trainer().watch_job(&job.id).await.expect("the job is known");
    let told = updates.map(|update| update.expect("it is followed")).collect::<Vec<_>>().await;
    let last = told.last().expect("something is told");
    assert_eq!((last.state, last.version), (JobState::Succeeded, Some(Version::FIRST)));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let plant = Plant::start().await;
    let id = "no-such-job".parse().expect("an id");
    assert_eq!(plant.trainer().job(&id).await.expect_err("no job").code(), Code::NotFound);
    let watch = plant.trainer().watch_job(&id).await;
    assert_eq!(watch.err().map(|error| error.code()), Some(Code::NotFound));
}
