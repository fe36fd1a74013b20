//! Jobs outlive the trainer, and wait for the registry.

use std::path::Path;

use millwright_client::TrainerClient;
use millwright_domain::{JobState, Phase, Progress, TrainingJob, Version};
use millwright_store::{JobOutcome, JobStore, SqliteJobs};
use sqlx::{
    AssertSqlSafe, Connection, SqliteConnection, query, query_scalar, sqlite::SqliteConnectOptions,
};

use crate::plant::{
    DIGITS, Plant, SMALL, bind, client, ended, long_job, model, registry_on, reserved, small_job,
    trainer, until, until_or_ended, upload,
};

fn fitting(progress: Progress) -> bool {
    progress.phase == Phase::Fitting && progress.iteration >= 1
}

#[tokio::test]
async fn a_job_outlives_a_killed_trainer() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), DIGITS).await;
    let job = plant.trainer().create_job(long_job(dataset, 100)).await.expect("it is queued");
    // If it is done before anybody sees it run, it has outlived the trainer all the same.
    let is_fitting = |job: &TrainingJob| job.progress.is_some_and(fitting);
    until_or_ended(&plant.trainer(), &job.id, is_fitting).await;

    let plant = plant.after_a_kill(|_| {}).await;
    let job = ended(&plant.trainer(), &job.id).await;
    assert_eq!((job.state, job.version), (JobState::Succeeded, Some(Version::FIRST)));
    assert_eq!(plant.versions(&model()).await, [1]);
}

#[tokio::test]
async fn a_trainer_that_is_killed_between_registering_and_recording_it_registers_once() {
    let Plant { folder, registry, trainer: first } = Plant::start().await;
    let dataset = upload(&client(&first), SMALL).await;
    let job = client(&first).create_job(small_job(dataset)).await.expect("it is queued");
    assert_eq!(ended(&client(&first), &job.id).await.version, Some(Version::FIRST));
    first.stop().await;

    still_running(&folder.path().join("trainer/trainer.sqlite")).await;
    let trainer = trainer(folder.path(), &registry.address).await;
    let plant = Plant { folder, registry, trainer };
    assert_eq!(ended(&plant.trainer(), &job.id).await.version, Some(Version::FIRST));
    assert_eq!(plant.versions(&model()).await, [1]);
}

/// Forgets how the only job ended, as a kill just before that would.
async fn still_running(database: &Path) {
    let options = SqliteConnectOptions::new().filename(database);
    let mut database = SqliteConnection::connect_with(&options).await.expect("a database");
    let guard = query_scalar::<_, String>("SELECT sql FROM sqlite_schema WHERE type = 'trigger'");
    let guard = guard.fetch_one(&mut database).await.expect("ended jobs are guarded");
    for change in [
        "DROP TRIGGER ended_jobs_stay",
        "UPDATE jobs SET state = 'running', version = NULL, ended_at = NULL",
        &guard,
    ] {
        let change = query(AssertSqlSafe(change)).execute(&mut database).await;
        change.expect("nobody else has it open");
    }
}

#[tokio::test]
async fn a_trained_job_waits_for_the_registry() {
    let folder = tempfile::tempdir().expect("a folder");
    let (socket, address) = reserved();
    let trainer = trainer(folder.path(), &address).await;
    let dataset = upload(&client(&trainer), SMALL).await;
    let job = client(&trainer).create_job(small_job(dataset)).await.expect("it is queued");
    let registering = |progress: Progress| progress.phase == Phase::Registering;
    let job = until(&client(&trainer), &job.id, registering).await;
    assert_eq!(job.state, JobState::Running);

    let listener = socket.listen(64).expect("the port is its own");
    let _registry = registry_on(listener, folder.path());
    let job = ended(&client(&trainer), &job.id).await;
    assert_eq!((job.state, job.version), (JobState::Succeeded, Some(Version::FIRST)));
}

#[tokio::test]
async fn a_trainer_that_cannot_record_an_end_ends_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let (socket, registry) = reserved();
    let listener = bind().await;
    let address = listener.local_addr().expect("bound").to_string();
    let config = millwright_trainer::Config::new(folder.path(), &registry);
    let served = millwright_trainer::serve(listener, config, std::future::pending());
    let served = tokio::spawn(served);

    let trainer = TrainerClient::connect_lazy(&address).expect("an address");
    let dataset = upload(&trainer, SMALL).await;
    let job = trainer.create_job(small_job(dataset)).await.expect("it is queued");
    until(&trainer, &job.id, |progress| progress.phase == Phase::Registering).await;
    let store = SqliteJobs::open(&folder.path().join("trainer/trainer.sqlite")).await;
    let otherwise = JobOutcome::Failed("by another hand".to_owned());
    store.expect("a store").finish(&job.id, otherwise).await.expect("it runs");
    let listener = socket.listen(64).expect("the port is its own");
    let _registry = registry_on(listener, folder.path());
    let error = served.await.expect("no panic").expect_err("the end is another already");
    assert!(error.to_string().contains("cannot be recorded"), "{error}");
}
