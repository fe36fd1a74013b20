//! A trainer that is killed at any iteration ends its jobs with the bytes of one that is not.
//!
//! `MILLWRIGHT_KILLS` says how often it is killed; `.ci/long` asks for more.

use millwright_domain::{Digest, JobState, MiniBatchSpec, NewJob, Solver, TrainingJob};

use crate::{
    checkpoints::Beside,
    plant::{DIGITS, ended, long_job, until_or_ended, upload},
};

/// Kills where nobody asks for more.
const FEW: u64 = 6;
/// Kills of one job.
const OF_A_JOB: u64 = 3;
/// A job runs so many iterations, and is killed after at most a third of them each time.
const ITERATIONS: u32 = 240;

fn kills() -> u64 {
    match std::env::var("MILLWRIGHT_KILLS") {
        Ok(text) => text.parse().expect("a number of kills"),
        Err(_) => FEW,
    }
}

/// A recipe for round `n`: each solver in turn.
fn job(dataset: Digest, n: u64) -> NewJob {
    let mut job = long_job(dataset, ITERATIONS);
    let solvers =
        [Solver::Lbfgs, Solver::Adam(MiniBatchSpec::ADAM), Solver::Sgd(MiniBatchSpec::SGD)];
    job.spec.pipeline.logistic.solver = solvers[(n % 3) as usize];
    job.spec.seed = n;
    job
}

/// Numbers that are the same in every run (Steele, Lea and Flood 2014, SplitMix64).
fn draw(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[tokio::test]
async fn a_killed_trainer_ends_its_jobs_with_the_same_bytes() {
    let beside = Beside::start().await;
    for round in 0..kills().div_ceil(OF_A_JOB) {
        let program = beside.trainer();
        let digits = upload(&program.client(), DIGITS).await;
        let whole = program.client().create_job(job(digits, round)).await.expect("it is queued");
        let whole = ended(&program.client(), &whole.id).await;
        let cut = program.client().create_job(job(digits, round)).await.expect("it is queued");
        let (mut program, mut iteration) = (program, 0);
        for kill in 0..OF_A_JOB {
            iteration += draw(round * OF_A_JOB + kill) as u32 % (ITERATIONS / 3);
            let done = |job: &TrainingJob| job.progress.is_some_and(|p| p.iteration >= iteration);
            until_or_ended(&program.client(), &cut.id, done).await;
            program.kill();
            program = beside.trainer();
        }
        let cut = ended(&program.client(), &cut.id).await;
        assert_eq!(cut.state, JobState::Succeeded, "{:?}", cut.failure);
        let [whole, cut] = [beside.artifact(&whole).await, beside.artifact(&cut).await];
        assert_eq!(whole, cut, "round {round}");
    }
}
