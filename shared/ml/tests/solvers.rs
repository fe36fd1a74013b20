//! Every solver finds the same minimum, and says so where there is none.

mod plant;

use std::fmt::Write;

use millwright_domain::{
    ClassWeight, Code, Fault, MiniBatchSpec, Schedule, Solver, StopReason, TrainingSpec,
    TrainingSummary,
};
use millwright_ml::{CsvTable, FittedPipeline};
use plant::{ask, data, features, fit, noise, numbers, numeric, open, recipe, table, text};
use tempfile::TempDir;

const SOLVERS: [Solver; 3] =
    [Solver::Lbfgs, Solver::Sgd(MiniBatchSpec::SGD), Solver::Adam(MiniBatchSpec::ADAM)];

fn with_solver(spec: TrainingSpec, solver: Solver) -> TrainingSpec {
    let mut spec = spec;
    spec.pipeline.logistic.solver = solver;
    spec.pipeline.logistic.max_iter = solver.default_max_iter();
    spec
}

fn summary(table: &CsvTable, spec: &TrainingSpec) -> TrainingSummary {
    fit(table, spec).expect("a sound recipe").manifest.summary
}

/// SGD and Adam, as they are by default, come within 1 % of the least objective.
fn reach_the_minimum(table: &CsvTable, spec: &TrainingSpec) {
    let of = |solver| summary(table, &with_solver(spec.clone(), solver));
    let [lbfgs, others @ ..] = SOLVERS.map(of);
    assert_eq!(lbfgs.stopped, StopReason::Tolerance);
    for other in others {
        let above = other.loss / lbfgs.loss - 1.0;
        println!("{above:e} above {} after {} epochs", lbfgs.loss, other.iterations);
        assert!((-1e-6..0.01).contains(&above), "{above:e} above {}", lbfgs.loss);
    }
}

fn reach_the_minimum_on(file: &str) {
    let table = open(&data(file));
    reach_the_minimum(&table, &recipe(features(&table)));
}

#[test]
fn every_solver_reaches_the_minimum_on_digits() {
    reach_the_minimum_on("digits.csv");
}

#[test]
fn every_solver_reaches_the_minimum_on_printing_defects() {
    reach_the_minimum_on("bands.csv");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn every_solver_reaches_the_minimum_on_chemical_yields() {
    reach_the_minimum_on("fetched/chemical.csv");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn every_solver_reaches_the_minimum_on_work_orders() {
    reach_the_minimum_on("fetched/excavators.csv");
}

/// Notes whose words, some of them rare, tell three classes apart.
fn notes() -> (CsvTable, TempDir) {
    let mut csv = "note,label,fold\n".to_owned();
    for (i, draw) in noise(600, 3).into_iter().enumerate() {
        let (word, fold) = ((draw.abs() * 40.0) as u32, ["train", "train", "test"][i % 3]);
        let class = (word + u32::from(draw > 0.5)) % 3;
        writeln!(csv, "w{word} v{} often,c{class},{fold}", word * word % 7).expect("memory");
    }
    table(csv)
}

#[test]
fn every_solver_reaches_the_minimum_on_words_with_balanced_classes() {
    let (table, _folder) = notes();
    let mut spec = recipe(text("note"));
    spec.pipeline.logistic.class_weight = ClassWeight::Balanced;
    reach_the_minimum(&table, &spec);
}

#[test]
fn every_schedule_goes_down() {
    let table = open(&data("bands.csv"));
    for schedule in [Schedule::Constant, Schedule::InverseTime, Schedule::Cosine] {
        for solver in [
            Solver::Sgd(MiniBatchSpec { schedule, ..MiniBatchSpec::SGD }),
            Solver::Adam(MiniBatchSpec { schedule, ..MiniBatchSpec::ADAM }),
        ] {
            let mut spec = with_solver(recipe(features(&table)), solver);
            spec.pipeline.logistic.max_iter = 20;
            let curve = summary(&table, &spec).curve;
            assert_eq!(curve.len(), 20, "{solver:?}");
            assert!(curve[19].loss < curve[0].loss && curve[19].loss < 0.6, "{solver:?}");
        }
    }
}

/// Digits with other labels.
fn relabelled(label: impl Fn(&str) -> String) -> (CsvTable, TempDir) {
    let digits = std::fs::read_to_string(data("digits.csv")).expect("the data set is there");
    let mut lines = digits.lines();
    let mut csv = format!("{}\n", lines.next().expect("a header"));
    for line in lines {
        let mut cells = line.rsplitn(3, ',');
        let (fold, old, rest) = (cells.next(), cells.next(), cells.next());
        let new = label(old.unwrap_or_default());
        writeln!(csv, "{},{new},{}", rest.unwrap_or_default(), fold.unwrap_or_default())
            .expect("memory");
    }
    table(csv)
}

/// Held-out log losses of scikit-learn 1.9.1:
/// `make_pipeline(StandardScaler(), LogisticRegression(class_weight=…, tol=1e-10, max_iter=10**5))`.
#[test]
fn balanced_classes_weigh_what_they_weigh_in_scikit_learn() {
    let eight = |digit: &str| if digit == "8" { "eight" } else { "other" }.to_owned();
    let most = |digit: &str| if digit < "2" { digit } else { "2" }.to_owned();
    for (label, uniform, balanced) in [
        (&eight as &dyn Fn(&str) -> String, 0.09625373739346779, 0.1331328134342531),
        (&most, 0.10076668812822406, 0.10230934463341161),
    ] {
        let (table, _folder) = relabelled(label);
        for (weight, bar) in [(ClassWeight::Uniform, uniform), (ClassWeight::Balanced, balanced)] {
            let mut spec = recipe(features(&table));
            spec.pipeline.logistic.class_weight = weight;
            spec.pipeline.logistic.tolerance = 1e-8;
            let found = fit(&table, &spec).expect("a sound recipe").manifest.evaluation.log_loss;
            assert!((found - bar).abs() < 1e-5, "{weight:?}: {found} for {bar}");
        }
    }
}

#[test]
fn no_solver_penalises_the_intercepts() {
    // One row in ten, and a penalty that leaves next to nothing but the intercept to say so.
    let (table, _folder) = relabelled(|digit| (digit == "8").to_string());
    let mut spec = recipe(features(&table));
    spec.pipeline.logistic.l2 = 2000.0;
    reach_the_minimum(&table, &spec);
}

const PAIRS: &str =
    "x,label,fold\n1,a,train\n2,a,train\n3,b,train\n4,b,train\n1,a,test\n4,b,test\n";

#[test]
fn one_feature_is_enough() {
    let (table, _folder) = table(PAIRS);
    for solver in SOLVERS {
        let trained = fit(&table, &with_solver(recipe(numeric(&["x"])), solver)).expect("sound");
        assert_eq!(trained.manifest.evaluation.accuracy, 1.0, "{solver:?}");
    }
}

#[test]
fn classes_without_a_penalty_between_them_run_to_the_limit() {
    let (table, _folder) = table(PAIRS);
    for solver in SOLVERS {
        let mut spec = with_solver(recipe(numeric(&["x"])), solver);
        spec.pipeline.logistic.l2 = 0.0;
        spec.pipeline.logistic.max_iter = 8;
        // The least loss is 0, at weights without bounds: there is no minimum to converge to.
        spec.pipeline.logistic.tolerance = f64::MIN_POSITIVE;
        let summary = summary(&table, &spec);
        assert_eq!((summary.stopped, summary.converged), (StopReason::IterationLimit, false));
        assert!(summary.iterations == 8 && summary.loss.is_finite(), "{solver:?}");
    }
}

#[test]
fn a_class_with_one_row_is_learnt_too() {
    let csv = "x,label,fold\n1,a,train\n2,a,train\n9,b,train\n5,c,train\n5,c,train\n1,a,test\n";
    let (table, _folder) = table(csv);
    for weight in [ClassWeight::Uniform, ClassWeight::Balanced] {
        for solver in SOLVERS {
            let mut spec = with_solver(recipe(numeric(&["x"])), solver);
            spec.pipeline.logistic.class_weight = weight;
            let trained = fit(&table, &spec).expect("a sound recipe");
            let pipeline = FittedPipeline::load(&trained.artifact).expect("a sound artefact");
            let answer = ask(&pipeline, &numbers(1, &[9.5]));
            assert!(answer[1] > answer[0] && answer[1] > answer[2], "{solver:?}: {answer:?}");
        }
    }
}

/// Message, and field, of the error that training ends with.
fn overflow(table: &CsvTable, spec: &TrainingSpec) -> (String, String) {
    let Err(error) = fit(table, spec) else { panic!("a loss beyond all numbers") };
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    (error.to_string(), error.violation().expect("the field is named").field)
}

#[test]
fn steps_that_lead_beyond_all_numbers_name_the_learning_rate() {
    let (table, _folder) = table(PAIRS);
    let learning_rate = 1e300;
    for solver in [
        Solver::Sgd(MiniBatchSpec { learning_rate, ..MiniBatchSpec::SGD }),
        Solver::Adam(MiniBatchSpec { learning_rate, ..MiniBatchSpec::ADAM }),
    ] {
        let (told, field) = overflow(&table, &with_solver(recipe(numeric(&["x"])), solver));
        assert!(told.starts_with("after 1 iterations the loss is not a finite number"), "{told}");
        assert_eq!(field, "learning_rate");
    }
}

#[test]
fn a_penalty_beyond_all_numbers_is_named() {
    // As many weights as it takes: 300 words in 150 classes.
    let mut csv = "note,label,fold\n".to_owned();
    (0..300).for_each(|i| writeln!(csv, "word{i},{},train", i % 150).expect("memory"));
    let (table, _folder) = table(csv + "word1,1,test\n");
    for solver in SOLVERS {
        let mut spec = with_solver(recipe(text("note")), solver);
        spec.pipeline.logistic.l2 = f64::MAX;
        let (told, field) = overflow(&table, &spec);
        assert!(told.starts_with("after 0 iterations the loss is not a finite number"), "{told}");
        assert_eq!(field, "l2");
    }
}
