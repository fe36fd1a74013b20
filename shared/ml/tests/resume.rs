//! A run that was cut off and resumed gives the artefact of one that was not.

mod plant;

use std::{
    io::{Cursor, ErrorKind},
    ops::ControlFlow,
};

use millwright_domain::{
    Code, Digest, Fault, MiniBatchSpec, Progress, Solver, TrainingSpec, ValidationSpec,
};
use millwright_ml::{
    Checkpoint, CheckpointError, CsvTable, TrainError, Trained, TrainingInput, TrainingObserver,
    train,
};
use plant::{Nobody, data, features, fit, job, numeric, open, recipe, table};

const SOLVERS: [Solver; 3] =
    [Solver::Lbfgs, Solver::Sgd(MiniBatchSpec::SGD), Solver::Adam(MiniBatchSpec::ADAM)];

/// Keeps every checkpoint that it is offered, and cancels at one.
struct Keeper {
    kept: Vec<Vec<u8>>,
    most: usize,
}

impl TrainingObserver for Keeper {
    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> ControlFlow<()> {
        let mut bytes = Cursor::new(vec![]);
        checkpoint.write(&mut bytes).expect("there is room");
        self.kept.push(bytes.into_inner());
        assert!(checkpoint.iteration() > 0);
        if self.kept.len() < self.most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

fn kept(table: &CsvTable, spec: &TrainingSpec) -> (Trained, Vec<Vec<u8>>) {
    let mut keeper = Keeper { kept: vec![], most: usize::MAX };
    let trained = train(table, job(spec), &mut keeper).expect("a sound recipe");
    (trained, keeper.kept)
}

fn resumed(table: &CsvTable, job: TrainingInput<'_>, from: &[u8]) -> Result<Trained, TrainError> {
    let checkpoint = Checkpoint::decode(from).expect("a sound checkpoint");
    train(table, TrainingInput { resume: Some(&checkpoint), ..job }, &mut Nobody)
}

fn short(solver: Solver, table: &CsvTable) -> TrainingSpec {
    let mut spec = recipe(features(table));
    spec.pipeline.logistic.solver = solver;
    spec.pipeline.logistic.max_iter = 25;
    spec
}

#[test]
fn a_run_that_is_cut_off_anywhere_gives_the_same_artefact() {
    let table = open(&data("bands.csv"));
    for solver in SOLVERS {
        for patience in [None, Some(3)] {
            let watched = ValidationSpec { share: 0.2, target: None, patience };
            let validation = patience.map(|_| watched);
            let spec = TrainingSpec { validation, ..short(solver, &table) };
            let (trained, checkpoints) = kept(&table, &spec);
            assert_eq!(checkpoints.len(), trained.manifest.summary.iterations as usize);
            for (i, checkpoint) in checkpoints.iter().enumerate() {
                let again = resumed(&table, job(&spec), checkpoint).expect("a sound recipe");
                assert_eq!(again, trained, "{solver:?}, resumed after {}", i + 1);
            }
        }
    }
}

#[test]
fn a_run_that_is_cut_off_again_and_again_ends_the_same() {
    let table = open(&data("bands.csv"));
    for solver in SOLVERS {
        let spec = short(solver, &table);
        let mut checkpoint = None::<Checkpoint>;
        let trained = loop {
            let mut keeper = Keeper { kept: vec![], most: 2 };
            let input = TrainingInput { resume: checkpoint.as_ref(), ..job(&spec) };
            match train(&table, input, &mut keeper) {
                Ok(trained) => break trained,
                Err(error) => assert!(matches!(error, TrainError::Cancelled), "{error}"),
            }
            let latest = keeper.kept.last().expect("two checkpoints before it was cut off");
            checkpoint = Some(Checkpoint::decode(latest).expect("a sound checkpoint"));
        };
        assert_eq!(trained, fit(&table, &spec).expect("a sound recipe"), "{solver:?}");
    }
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let table = open(&data("bands.csv"));
    let spec = short(Solver::Lbfgs, &table);
    let (_, checkpoints) = kept(&table, &spec);
    let other_spec = TrainingSpec { seed: 43, ..spec.clone() };
    let other_data = TrainingInput { dataset: Digest::of(b"other"), ..job(&spec) };
    for (job, of) in [(job(&other_spec), "another recipe"), (other_data, "another data set")] {
        let error = resumed(&table, job, &checkpoints[0]).expect_err("another run");
        assert_eq!(error.code(), Code::FailedPrecondition);
        assert!(error.to_string().contains(of), "{error}");
    }
    let narrow = plant::table("x,label,fold\n1,a,train\n2,b,train\n1,a,test\n");
    let error = resumed(&narrow.0, job(&spec), &checkpoints[0]).expect_err("another table");
    assert_eq!(error.code(), Code::InvalidArgument, "its columns are missing: {error}");
}

#[test]
fn the_same_name_for_a_table_of_another_size_is_found_out() {
    let spec = recipe(numeric(&[]));
    let (narrow, _folder) = table("x,label,fold\n1,a,train\n2,b,train\n1,a,test\n");
    let (wide, _other) = table("x,y,label,fold\n1,1,a,train\n2,1,b,train\n1,1,a,test\n");
    let (_, checkpoints) = kept(&narrow, &spec);
    let error = resumed(&wide, job(&spec), &checkpoints[0]).expect_err("another size");
    assert!(error.to_string().contains("a model of another size"), "{error}");
}

#[test]
fn what_a_checkpoint_is_written_to_says_why_it_is_full() {
    let table = open(&data("bands.csv"));
    let (_, kept) = kept(&table, &short(Solver::Lbfgs, &table));
    let (checkpoint, length) = (Checkpoint::decode(&kept[0]).expect("sound"), kept[0].len());
    for room in [4, 60, 100, length - 1] {
        let failed = checkpoint.write(&mut Cursor::new(vec![0; room].as_mut_slice()));
        assert_eq!(
            failed.expect_err("it has no room").kind(),
            ErrorKind::WriteZero,
            "{room} bytes"
        );
    }
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let (table, _folder) = table("x,label,fold\n1,a,train\n2,b,train\n1,a,test\n");
    for solver in SOLVERS {
        let mut spec = recipe(numeric(&["x"]));
        spec.pipeline.logistic.solver = solver;
        spec.pipeline.logistic.max_iter = 3;
        let (_, checkpoints) = kept(&table, &spec);
        let sound = checkpoints.last().expect("three iterations");
        assert!(Checkpoint::decode(sound).is_ok());
        for length in 0..sound.len() {
            assert!(Checkpoint::decode(&sound[..length]).is_err(), "cut after {length}");
        }
        for bit in 0..8 * sound.len() {
            let mut flipped = sound.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Checkpoint::decode(&flipped).is_err(), "bit {bit}");
        }
        let longer = [sound.as_slice(), b"0"].concat();
        assert_eq!(Checkpoint::decode(&longer).err(), Some(CheckpointError::Damaged));
    }
}

#[test]
fn what_claims_to_be_large_allocates_nothing() {
    // A right digest over a length that is not there.
    let body = [&[0xff; 9][..], &[0x01]].concat();
    let digest = Digest::of(&body).to_string();
    let forged = [b"mwtrain2".as_slice(), digest.as_bytes(), &body].concat();
    assert_eq!(Checkpoint::decode(&forged).err(), Some(CheckpointError::Format));
}
