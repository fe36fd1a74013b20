//! The trainer, while it trains.

use std::{io::Cursor, path::Path, time::Duration};

use futures::StreamExt;
use millwright_client::{RegistryClient, TrainerClient};
use millwright_domain::{
    Digest, FormatHints, InputSpec, JobState, LogisticSpec, MiniBatchSpec, ModelRef, NewJob,
    PipelineSpec, Selector, Solver, Split, TrainingJob, TrainingSpec,
};

use crate::{Chance, kill_amid, kills, program::Server, start};

/// Longest time between a start and a kill: a job takes longer.
const LONGEST_MILLIS: u64 = 600;
/// Enough for a second or two of training.
const ROWS: u64 = 20_000;
/// Kills while one job runs.
const KILLS_PER_JOB: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_trainer_ends_its_jobs_with_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start("registry", folder.path(), &[]);
    let address = server.address("registry");
    let registry = RegistryClient::connect_lazy(&address).expect("an address");
    let mut chance = Chance::of(5);
    let mut amid = 0;
    for round in 0..kills().div_ceil(KILLS_PER_JOB) {
        let spec = spec(round);
        let undisturbed = uninterrupted(folder.path(), &address, &spec).await;
        let (job, struck) = interrupted(folder.path(), &address, &spec, &mut chance).await;
        amid += struck;
        let digests = [undisturbed, job].map(|job| artifact(&registry, job));
        let [first, second] = futures::future::join_all(digests).await.try_into().expect("two");
        assert_eq!(first, second, "round {round}");
    }
    assert!(amid > 0, "no kill came before the end of a job");
    println!("{amid} of {} kills came before the end of their job", kills());
}

/// The digest of what `job` registered.
async fn artifact(registry: &RegistryClient, job: TrainingJob) -> Digest {
    assert_eq!(job.state, JobState::Succeeded, "{:?}", job.failure);
    let selector = Selector::Version(job.version.expect("registered"));
    let reference = ModelRef { name: job.model, selector };
    registry.version(&reference).await.expect("registered").artifact.digest
}

async fn uninterrupted(folder: &Path, registry: &str, spec: &TrainingSpec) -> TrainingJob {
    let (server, trainer) = trainer(folder, registry);
    let job = create(&trainer, spec).await;
    let ended = end_of(&trainer, &job).await;
    drop(server);
    ended
}

/// The job after its kills, and how many of these came before its end.
async fn interrupted(
    folder: &Path,
    registry: &str,
    spec: &TrainingSpec,
    chance: &mut Chance,
) -> (TrainingJob, u64) {
    let (mut server, mut client) = trainer(folder, registry);
    let job = create(&client, spec).await;
    let mut amid = 0;
    for _ in 0..KILLS_PER_JOB {
        let instant = Duration::from_micros(chance.below(LONGEST_MILLIS * 1000));
        kill_amid(server, std::future::pending(), instant).await;
        (server, client) = trainer(folder, registry);
        let now = client.job(&job.id).await.expect("acknowledged");
        amid += u64::from(!now.state.has_ended());
    }
    (end_of(&client, &job).await, amid)
}

fn trainer(folder: &Path, registry: &str) -> (Server, TrainerClient) {
    let server = start("trainer", folder, &["--registry", registry]);
    let client = TrainerClient::connect_lazy(&server.address("trainer")).expect("an address");
    (server, client)
}

async fn create(trainer: &TrainerClient, spec: &TrainingSpec) -> TrainingJob {
    let file = Cursor::new(runs());
    let dataset = trainer.upload_dataset(file, FormatHints::default(), |_| ()).await;
    let new = NewJob {
        model: "press.defect".parse().expect("a name"),
        dataset: dataset.expect("a table").digest,
        spec: spec.clone(),
        idempotency_key: None,
    };
    trainer.create_job(new).await.expect("a job")
}

async fn end_of(trainer: &TrainerClient, job: &TrainingJob) -> TrainingJob {
    let states = trainer.watch_job(&job.id).await.expect("the job is kept");
    let states = states.map(|state| state.expect("the watch goes on to the end"));
    states.collect::<Vec<_>>().await.pop().expect("its state now, at least")
}

/// Runs of a press in four classes that overlap.
fn runs() -> Vec<u8> {
    let mut chance = Chance::of(6);
    let mut csv = "speed,humidity,pressure,label\n".to_owned();
    for i in 0..ROWS {
        let class = i % 4;
        let [a, b, c] = [0; 3].map(|_| (chance.below(1000) + 150 * class) as f64 / 10.0);
        csv += &format!("{a},{b},{c},class {class}\n");
    }
    csv.into_bytes()
}

/// Recipes that take about a second, each solver in turn.
fn spec(round: u64) -> TrainingSpec {
    let solvers =
        [Solver::Adam(MiniBatchSpec::ADAM), Solver::Sgd(MiniBatchSpec::SGD), Solver::Lbfgs];
    let solver = solvers[(round % 3) as usize];
    let logistic = LogisticSpec { solver, tolerance: 1e-14, max_iter: 400, ..Default::default() };
    let pipeline = PipelineSpec {
        target: "label".to_owned(),
        input: InputSpec::numbers(vec![]),
        reduction: None,
        logistic,
    };
    let split = Split::Fraction(0.2);
    TrainingSpec { pipeline, split, validation: None, table: None, seed: round }
}
