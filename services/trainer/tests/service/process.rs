//! The process: its health, its end, its folder.

use std::time::Duration;

use futures::TryStreamExt;
use millwright_client::{HealthClient, Serving};
use millwright_domain::{Code, Fault, JobState};
use tokio::{net::TcpListener, time::timeout};

use crate::plant::{DIGITS, Plant, client, endless_job, jobs, until, upload};

/// Far less than the job takes.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn health_says_what_serves() {
    let plant = Plant::start().await;
    let health = HealthClient::connect_lazy("trainer", &plant.trainer.address);
    let health = health.expect("an address");
    let serving = health.check("millwright.trainer.v1.TrainerService").await;
    assert_eq!(serving.expect("it answers"), Serving::Yes);
    let unknown = health.check("millwright.predictor.v1.PredictorService").await;
    assert_eq!(unknown.expect_err("it is none").code(), Code::NotFound);
}

#[tokio::test]
async fn a_stop_waits_neither_for_training_nor_for_watches() {
    let plant = Plant::start().await;
    let dataset = upload(&plant.trainer(), DIGITS).await;
    let job = plant.trainer().create_job(endless_job(dataset)).await.expect("it is queued");
    until(&plant.trainer(), &job.id, |progress| progress.iteration >= 1).await;
    let watch = plant.trainer().watch_job(&job.id).await.expect("the job is known");
    let watch = tokio::spawn(watch.try_for_each(async |_| Ok(())));

    let Plant { folder, registry, trainer } = plant;
    timeout(SOON, trainer.stop()).await.expect("it stops soon");
    let ended = watch.await.expect("the watch ends").expect_err("the job has not ended");
    assert_eq!(ended.code(), Code::Unavailable, "{ended}");

    let trainer = crate::plant::trainer(folder.path(), &registry.address).await;
    let job = client(&trainer).job(&job.id).await.expect("it is not lost");
    assert!(matches!(job.state, JobState::Queued | JobState::Running), "{job:?}");
    timeout(SOON, trainer.stop()).await.expect("it stops soon");
}

#[tokio::test]
async fn a_second_trainer_on_the_folder_is_refused() {
    let plant = Plant::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let config = millwright_trainer::Config::new(plant.folder.path(), &plant.registry.address);
    let second = millwright_trainer::serve(listener, config, std::future::ready(()));
    // The first one has the folder once it answers.
    jobs(&plant.trainer()).await;
    let error = second.await.expect_err("the folder is in use");
    assert!(error.to_string().contains("in use"), "{error}");
}
