//! Calling jobs off.

use futures::StreamExt;
use millwright_domain::{Code, Digest, Fault, JobState, ModelName, NewJob, Phase};
use millwright_store::{JobStore, SqliteJobs};

use crate::plant::{
    DIGITS, Plant, SMALL, client, ended, endless_job, jobs, leftovers, model, registry_on,
    reserved, small_job, trainer, until, upload,
};

fn other_model() -> ModelName {
    "press.other".parse().expect("a name")
}

/// A quick job: when it has ended, its worker has done with the one before.
fn next_job(dataset: Digest) -> NewJob {
    NewJob { model: other_model(), ..small_job(dataset) }
}

#[tokio::test]
async fn a_running_job_is_called_off_at_once_and_leaves_nothing() {
    let plant = Plant::start().await;
    let trainer = plant.trainer();
    let [digits, small] = [upload(&trainer, DIGITS).await, upload(&trainer, SMALL).await];
    let job = trainer.create_job(endless_job(digits)).await.expect("it is queued");
    let saved = |_| !leftovers(plant.folder.path(), None).is_empty();
    until(&trainer, &job.id, saved).await;
    let watch = trainer.watch_job(&job.id).await.expect("the job is known");

    let cancelled = trainer.cancel_job(&job.id).await.expect("it runs");
    assert_eq!((cancelled.state, cancelled.progress), (JobState::Cancelled, None));
    let told = watch.map(|update| update.expect("it is followed")).collect::<Vec<_>>().await;
    assert_eq!(told.last(), Some(&cancelled), "whoever follows it is told");
    assert_eq!(trainer.cancel_job(&job.id).await.expect("called off before"), cancelled);

    let next = trainer.create_job(next_job(small)).await.expect("it is queued");
    assert_eq!(ended(&trainer, &next.id).await.state, JobState::Succeeded);
    assert_eq!(leftovers(plant.folder.path(), Some(&next.id)), Vec::<String>::new());
    assert_eq!(trainer.job(&job.id).await.expect("its record stays"), cancelled);
    let none = plant.registry().model(&model()).await.expect_err("nothing was registered");
    assert_eq!(none.code(), Code::NotFound);
}

#[tokio::test]
async fn a_waiting_job_is_called_off_at_once_and_never_runs() {
    let plant = Plant::start().await;
    let trainer = plant.trainer();
    let [digits, small] = [upload(&trainer, DIGITS).await, upload(&trainer, SMALL).await];
    let first = trainer.create_job(endless_job(digits)).await.expect("it is queued");
    let waiting = trainer.create_job(small_job(small)).await.expect("it is queued");
    let watch = trainer.watch_job(&waiting.id).await.expect("the job is known");
    let cancelled = trainer.cancel_job(&waiting.id).await.expect("it waits");
    assert_eq!((cancelled.state, cancelled.started_at), (JobState::Cancelled, None));
    let told = watch.map(|update| update.expect("it is followed")).collect::<Vec<_>>().await;
    assert_eq!(told.last(), Some(&cancelled));

    trainer.cancel_job(&first.id).await.expect("it runs or waits");
    let next = trainer.create_job(next_job(small)).await.expect("it is queued");
    assert_eq!(ended(&trainer, &next.id).await.state, JobState::Succeeded);
    let states = jobs(&trainer).await.into_iter().map(|job| job.state).collect::<Vec<_>>();
    assert_eq!(states, [JobState::Succeeded, JobState::Cancelled, JobState::Cancelled]);
    assert!(plant.registry().model(&model()).await.is_err(), "nothing was registered");
}

#[tokio::test]
async fn a_job_that_waits_for_the_registry_is_called_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let (socket, address) = reserved();
    let trainer = trainer(folder.path(), &address).await;
    let trainer = client(&trainer);
    let small = upload(&trainer, SMALL).await;
    let job = trainer.create_job(small_job(small)).await.expect("it is queued");
    until(&trainer, &job.id, |progress| progress.phase == Phase::Registering).await;
    let cancelled = trainer.cancel_job(&job.id).await.expect("nothing is registered yet");
    assert_eq!(cancelled.state, JobState::Cancelled);

    let listener = socket.listen(64).expect("the port is its own");
    let registry = registry_on(listener, folder.path());
    let next = trainer.create_job(next_job(small)).await.expect("it is queued");
    assert_eq!(ended(&trainer, &next.id).await.state, JobState::Succeeded);
    let registry = millwright_client::RegistryClient::connect_lazy(&registry.address);
    let none = registry.expect("an address").model(&model()).await;
    assert_eq!(none.expect_err("nothing was registered").code(), Code::NotFound);
    assert_eq!(leftovers(folder.path(), Some(&next.id)), Vec::<String>::new());
}

#[tokio::test]
async fn a_job_that_is_about_to_register_its_version_is_not_called_off() {
    let plant = Plant::start().await;
    let trainer = plant.trainer();
    let digits = upload(&trainer, DIGITS).await;
    let job = trainer.create_job(endless_job(digits)).await.expect("it is queued");
    let before = until(&trainer, &job.id, |progress| progress.iteration >= 1).await;
    // As its worker does a moment before it registers.
    let store = SqliteJobs::open(&plant.folder.path().join("trainer/trainer.sqlite")).await;
    store.expect("a store").seal(&job.id).await.expect("it runs");
    let refused = trainer.cancel_job(&job.id).await.expect_err("it is too late");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let before = before.progress.expect("it runs").iteration;
    until(&trainer, &job.id, |progress| progress.iteration > before).await;
}

#[tokio::test]
async fn a_job_that_has_ended_is_not_called_off() {
    let plant = Plant::start().await;
    let trainer = plant.trainer();
    let small = upload(&trainer, SMALL).await;
    let job = trainer.create_job(small_job(small)).await.expect("it is queued");
    let succeeded = ended(&trainer, &job.id).await;
    let refused = trainer.cancel_job(&job.id).await.expect_err("it has ended");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    assert_eq!(trainer.job(&job.id).await.expect("it is there"), succeeded);
    let unknown = "no-such-job".parse().expect("an id");
    let refused = trainer.cancel_job(&unknown).await.expect_err("no job");
    assert_eq!(refused.code(), Code::NotFound, "{refused}");
}
