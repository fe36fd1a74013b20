//! Rows beyond the memory that they may take are read from a file, and nothing else changes.

mod plant;

use std::{fmt::Write, io, ops::ControlFlow, path::Path};

use millwright_domain::{
    Code, Fault, MiniBatchSpec, Phase, Progress, Solver, TrainingSpec, ValidationSpec,
};
use millwright_ml::{CsvTable, TrainError, Trained, TrainingInput, train};
use plant::{Nobody, job, noise, numeric, recipe, table, text};
use rayon::ThreadPoolBuilder;
use tempfile::TempDir;

/// More rows than a chunk holds.
const ROWS: usize = 20_000;

/// Two numbers and a note that tell three classes apart, some of the time.
fn many() -> (CsvTable, TempDir) {
    let mut csv = "x,y,note,label,fold\n".to_owned();
    for (i, pair) in noise(2 * ROWS, 17).chunks(2).enumerate() {
        let (x, y) = (pair[0], pair[1]);
        let (word, class) = ((y * 50.0) as i32, ((x + y) * 1.5) as i32);
        let fold = if i % 10 == 0 { "test" } else { "train" };
        writeln!(csv, "{x},{y},w{word} v{},c{class},{fold}", i % 9).expect("memory");
    }
    table(csv)
}

fn trained(table: &CsvTable, spec: &TrainingSpec, memory: usize, threads: usize) -> Trained {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let input = TrainingInput { memory, ..job(spec) };
    pool.install(|| train(table, input, &mut Nobody)).expect("a sound recipe")
}

fn specs() -> Vec<TrainingSpec> {
    let watched = ValidationSpec { share: 0.1, target: None, patience: Some(2) };
    let solvers =
        [Solver::Lbfgs, Solver::Sgd(MiniBatchSpec::SGD), Solver::Adam(MiniBatchSpec::ADAM)];
    let of = |solver| {
        [numeric(&["x", "y"]), text("note")].map(|input| {
            let mut spec = TrainingSpec { validation: Some(watched), ..recipe(input) };
            spec.pipeline.logistic.solver = solver;
            spec.pipeline.logistic.max_iter = 4;
            spec
        })
    };
    // Without watched rows, terms are kept as they were counted where there is memory for them.
    let mut counted = recipe(text("note"));
    counted.pipeline.logistic.max_iter = 4;
    solvers.into_iter().flat_map(of).chain([counted]).collect()
}

#[test]
fn no_amount_of_memory_or_threads_changes_a_bit() {
    let (table, _folder) = many();
    for spec in specs() {
        let all = trained(&table, &spec, usize::MAX, 2);
        for (memory, threads) in [(0, 1), (0, 3), (200_000, 2)] {
            let other = trained(&table, &spec, memory, threads);
            let solver = spec.pipeline.logistic.solver;
            assert_eq!(other, all, "{solver:?} with {memory} bytes and {threads} threads");
        }
    }
}

#[test]
fn a_scratch_folder_that_is_not_there_is_told_only_where_it_is_needed() {
    let (table, _folder) = many();
    let spec = recipe(numeric(&["x"]));
    let scratch = Path::new("there/is/no/such/folder");
    let roomy = TrainingInput { scratch, ..job(&spec) };
    train(&table, roomy, &mut Nobody).expect("memory is enough");
    let tight = TrainingInput { memory: 1000, ..roomy };
    let error = train(&table, tight, &mut Nobody).expect_err("neither memory nor folder");
    assert_eq!((error.code(), error.violation()), (Code::Internal, None));
    assert!(!error.to_string().contains("such"), "no path is told: {error}");
}

#[test]
fn a_full_disk_is_told_as_one() {
    let error = TrainError::from(io::Error::from(io::ErrorKind::StorageFull));
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert!(error.to_string().contains("is the disk full?"), "{error}");
}

#[test]
fn nothing_is_left_in_the_scratch_folder() {
    let (table, _folder) = many();
    let scratch = tempfile::tempdir().expect("a folder");
    let mut spec = recipe(numeric(&["x", "y"]));
    spec.pipeline.logistic.max_iter = 2;
    let input = TrainingInput { scratch: scratch.path(), memory: 0, ..job(&spec) };
    train(&table, input, &mut Nobody).expect("a sound recipe");
    let left = std::fs::read_dir(scratch.path()).expect("the folder is there");
    assert_eq!(left.count(), 0);
}

#[test]
fn whoever_listens_is_asked_while_rows_are_read_and_scored() {
    let (table, _folder) = many();
    let mut spec = recipe(numeric(&["x", "y"]));
    spec.pipeline.logistic.max_iter = 1;
    let mut asked = Vec::new();
    let mut listen = |progress: Progress| {
        asked.push(progress.phase);
        ControlFlow::Continue(())
    };
    train(&table, job(&spec), &mut listen).expect("a sound recipe");
    // A megabyte at least is read between two questions, and the phase is told once.
    for (phase, passes) in [(Phase::Reading, 2), (Phase::Scoring, 1)] {
        let questions = asked.iter().filter(|at| **at == phase).count();
        assert!(questions > passes, "{phase:?}: {questions}");
    }
}
