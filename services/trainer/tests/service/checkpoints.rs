//! Jobs that are cut off go on from their checkpoint, if it is one.

use std::{fs, path::PathBuf};

use futures::StreamExt;
use millwright_client::{RegistryClient, TrainerClient};
use millwright_domain::{Digest, JobId, JobState, NewJob, Phase, Progress, TrainingJob};
use millwright_ml::Checkpoint;

use crate::{
    plant::{
        DIGITS, Plant, SMALL, bind, client, ended, endless_job, leftovers, long_job, registered,
        registry_on, small_job, until, until_or_ended, upload,
    },
    program::Program,
};

const ITERATIONS: u32 = 300;

/// A registry in this process, and a folder for trainers that are processes of their own.
pub(crate) struct Beside {
    pub(crate) folder: tempfile::TempDir,
    registry: crate::plant::Running,
}

impl Beside {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = registry_on(bind().await, folder.path());
        Self { folder, registry }
    }

    pub(crate) fn trainer(&self) -> Program {
        Program::start(self.folder.path(), &self.registry.address)
    }

    /// The digest of what `job` registered.
    pub(crate) async fn artifact(&self, job: &TrainingJob) -> Digest {
        let registry = RegistryClient::connect_lazy(&self.registry.address).expect("an address");
        registered(&registry, job).await.artifact.digest
    }

    fn checkpoint(&self, job: &JobId) -> PathBuf {
        self.folder.path().join("trainer/checkpoints").join(job.as_str())
    }

    fn iteration(&self, job: &JobId) -> u32 {
        let bytes = fs::read(self.checkpoint(job)).expect("a checkpoint");
        Checkpoint::decode(&bytes).expect("undamaged").iteration()
    }
}

/// A job like [`long_job`] whose weights begin elsewhere.
fn job(dataset: Digest, seed: u64) -> NewJob {
    let mut job = long_job(dataset, ITERATIONS);
    job.spec.seed = seed;
    job
}

async fn begin(trainer: &TrainerClient, new: NewJob) -> JobId {
    trainer.create_job(new).await.expect("it is queued").id
}

/// A job that was cut off after a checkpoint, and the seed that it has.
struct CutOff {
    id: JobId,
    seed: u64,
}

/// Creates jobs, with seeds from `first` on, until one was cut off by a kill and has a checkpoint: a
/// trainer may be done with a job before anybody sees it run.
async fn cut_off(beside: &Beside, first: u64) -> CutOff {
    for seed in first.. {
        let program = beside.trainer();
        let digits = upload(&program.client(), DIGITS).await;
        let id = begin(&program.client(), job(digits, seed)).await;
        let is_saved = |_: &TrainingJob| beside.checkpoint(&id).exists();
        until_or_ended(&program.client(), &id, is_saved).await;
        program.kill();
        if beside.checkpoint(&id).exists() {
            return CutOff { id, seed };
        }
    }
    unreachable!("seeds do not run out")
}

/// The iterations that are told of a job from now on, and its end.
async fn follow(trainer: &TrainerClient, id: &JobId) -> (Vec<u32>, TrainingJob) {
    let updates = trainer.watch_job(id).await.expect("the job is known");
    let told = updates.map(|update| update.expect("it is followed")).collect::<Vec<_>>().await;
    let iteration = |job: &TrainingJob| Some(job.progress?.iteration);
    let iterations = told.iter().filter_map(iteration).collect();
    (iterations, told.into_iter().next_back().expect("the end is told"))
}

#[tokio::test]
async fn a_job_goes_on_from_its_checkpoint_to_the_same_bytes() {
    let beside = Beside::start().await;
    let CutOff { id, seed } = cut_off(&beside, 0).await;
    let saved = beside.iteration(&id);
    let program = beside.trainer();
    let (iterations, first) = follow(&program.client(), &id).await;
    assert_eq!(first.state, JobState::Succeeded);
    // What is told before its worker has the checkpoint is 0.
    let began = iterations.iter().find(|iteration| **iteration > 0);
    assert!(began.is_none_or(|began| *began >= saved), "{saved}, then {iterations:?}");

    let again = begin(&program.client(), job(first.dataset, seed)).await;
    let again = ended(&program.client(), &again).await;
    assert_eq!(beside.artifact(&first).await, beside.artifact(&again).await);
    assert_eq!(leftovers(beside.folder.path(), Some(&again.id)), Vec::<String>::new());
    let log = program.kill();
    assert!(log.contains(&format!(r#""iteration":{saved}"#)), "it says where it goes on: {log}");
}

/// Spoils a checkpoint while no trainer runs: its job begins anew, says why, and ends with the bytes
/// of one that was never cut off.
async fn begins_anew(spoil: impl FnOnce(Vec<u8>) -> Vec<u8>, why: &str) {
    let beside = Beside::start().await;
    let CutOff { id, seed } = cut_off(&beside, 0).await;
    let checkpoint = beside.checkpoint(&id);
    let spoilt = spoil(fs::read(&checkpoint).expect("a checkpoint"));
    fs::write(&checkpoint, spoilt).expect("written");

    let program = beside.trainer();
    let first = ended(&program.client(), &id).await;
    let again = begin(&program.client(), job(first.dataset, seed)).await;
    let again = ended(&program.client(), &again).await;
    assert_eq!(beside.artifact(&first).await, beside.artifact(&again).await);
    assert_eq!(leftovers(beside.folder.path(), Some(&again.id)), Vec::<String>::new());
    let log = program.kill();
    assert!(log.contains("put aside") && log.contains(why), "{log}");
}

#[tokio::test]
async fn a_damaged_checkpoint_is_put_aside() {
    let flip = |mut bytes: Vec<u8>| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes
    };
    begins_anew(flip, "damaged").await;
}

#[tokio::test]
async fn a_torn_checkpoint_is_put_aside() {
    begins_anew(|bytes| bytes[..bytes.len() / 2].to_vec(), "damaged").await;
}

#[tokio::test]
async fn a_checkpoint_of_another_recipe_is_put_aside() {
    let elsewhere = Beside::start().await;
    let other = cut_off(&elsewhere, 1_000_000).await;
    let other = fs::read(elsewhere.checkpoint(&other.id)).expect("a checkpoint");
    begins_anew(|_| other, "another recipe").await;
}

#[tokio::test]
async fn a_stop_saves_a_last_checkpoint() {
    let plant = Plant::limited(|_, trainer| {
        trainer.checkpoint_every = std::time::Duration::from_secs(86_400);
    })
    .await;
    let digits = upload(&plant.trainer(), DIGITS).await;
    let id = begin(&plant.trainer(), endless_job(digits)).await;
    let fitted = |progress: Progress| progress.phase == Phase::Fitting && progress.iteration >= 5;
    until(&plant.trainer(), &id, fitted).await;
    let Plant { folder, trainer, .. } = plant;
    trainer.stop().await;
    let path = folder.path().join("trainer/checkpoints").join(id.as_str());
    let bytes = fs::read(path).expect("a checkpoint");
    let iteration = Checkpoint::decode(&bytes).expect("undamaged").iteration();
    assert!(iteration >= 5, "{iteration} is not the last");
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_saved_stops_no_training() {
    let plant = Plant::start().await;
    let digits = upload(&plant.trainer(), DIGITS).await;
    // A file is where the folder would be made.
    fs::write(plant.folder.path().join("trainer/checkpoints"), "in the way").expect("written");
    let id = begin(&plant.trainer(), job(digits, 1)).await;
    assert_eq!(ended(&plant.trainer(), &id).await.state, JobState::Succeeded);
}

#[tokio::test]
async fn what_no_job_needs_is_removed_at_the_start() {
    let plant = Plant::start().await;
    let small = upload(&plant.trainer(), SMALL).await;
    let done = begin(&plant.trainer(), small_job(small)).await;
    ended(&plant.trainer(), &done).await;
    let plant = plant
        .after_a_kill(|folder| {
            let checkpoints = folder.join("trainer/checkpoints");
            fs::create_dir_all(&checkpoints).expect("a folder");
            for name in [done.as_str(), "of-no-job", "half.new", &format!("{done}.aside")] {
                fs::write(checkpoints.join(name), "left").expect("written");
            }
            fs::write(folder.join("trainer/scratch/rows"), "left").expect("written");
        })
        .await;
    // It has tidied up once it answers.
    plant.trainer().job(&done).await.expect("it is there");
    assert_eq!(leftovers(plant.folder.path(), None), Vec::<String>::new());
    let trainer = client(&plant.trainer);
    assert_eq!(trainer.dataset(&small).await.expect("data sets are kept").digest, small);
}
