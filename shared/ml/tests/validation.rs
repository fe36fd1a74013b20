//! Validation rows are watched and not fitted, held-out rows neither.

mod plant;

use std::fmt::Write;

use millwright_domain::{
    Fault, Metric, MiniBatchSpec, Solver, StopReason, TargetMetric, TrainingSpec, ValidationSpec,
};
use millwright_ml::{CsvTable, FittedPipeline};
use plant::{ask, data, features, fit, noise, numbers, numeric, open, recipe, table};
use tempfile::TempDir;

const WATCHED: ValidationSpec = ValidationSpec { share: 0.25, target: None, patience: None };

fn bands(validation: Option<ValidationSpec>) -> (CsvTable, TrainingSpec) {
    let table = open(&data("bands.csv"));
    let spec = TrainingSpec { validation, ..recipe(features(&table)) };
    (table, spec)
}

#[test]
fn nothing_is_cut_unless_asked_for() {
    let (table, spec) = bands(None);
    let summary = fit(&table, &spec).expect("a sound recipe").manifest.summary;
    assert_eq!((summary.n_train, summary.n_validation, summary.n_test), (292, 0, 73));
    assert!(summary.curve.iter().all(|point| point.validation.is_none()));
}

#[test]
fn a_seeded_part_of_the_training_rows_is_watched() {
    let (table, mut spec) = bands(Some(WATCHED));
    let first = fit(&table, &spec).expect("a sound recipe");
    let summary = &first.manifest.summary;
    assert_eq!((summary.n_train, summary.n_validation, summary.n_test), (219, 73, 73));
    assert_eq!(first.manifest.evaluation.n_test, 73);
    assert!(summary.curve.iter().all(|point| point.validation.is_some()));
    let scores = summary.curve[0].validation.expect("validation rows");
    assert!((0.0..=1.0).contains(&scores.accuracy) && scores.log_loss > 0.0);
    assert_eq!(first, fit(&table, &spec).expect("a sound recipe"));
    spec.seed += 1;
    let other = fit(&table, &spec).expect("a sound recipe").manifest.summary;
    assert_ne!(summary.curve[0].validation, other.curve[0].validation, "other rows are watched");
}

/// Forty rows on a ladder, of which row `moved` has another number.
fn ladder(moved: Option<usize>) -> (CsvTable, TempDir) {
    let mut csv = "x,label,fold\n3,low,test\n30,high,test\n".to_owned();
    for i in 0..40 {
        let x = if moved == Some(i) { 100 - i } else { i };
        let label = if i < 20 { "low" } else { "high" };
        writeln!(csv, "{x},{label},train").expect("memory");
    }
    table(csv)
}

#[test]
fn watched_rows_teach_nothing() {
    let spec = TrainingSpec { validation: Some(WATCHED), ..recipe(numeric(&["x"])) };
    let answer = |moved| {
        let (table, _folder) = ladder(moved);
        let trained = fit(&table, &spec).expect("a sound recipe");
        let pipeline = FittedPipeline::load(&trained.artifact).expect("a sound artefact");
        ask(&pipeline, &numbers(1, &[0.0, 19.5, 25.0]))
    };
    let original = answer(None);
    let idle = (0..40).filter(|row| answer(Some(*row)) == original).count();
    assert_eq!(idle, 10, "only the watched quarter may change without being noticed");
}

#[test]
fn a_target_that_is_met_ends_training() {
    let (table, spec) = bands(Some(WATCHED));
    let curve = fit(&table, &spec).expect("a sound recipe").manifest.summary.curve;
    let reached = curve[2].validation.expect("validation rows");
    for (metric, value) in [
        (Metric::Accuracy, reached.accuracy),
        (Metric::MacroF1, reached.macro_f1),
        (Metric::LogLoss, reached.log_loss),
    ] {
        let target = TargetMetric { metric, value };
        let first = curve.iter().find(|point| target.is_met(&point.validation.expect("scores")));
        let validation = ValidationSpec { target: Some(target), ..WATCHED };
        let (_, spec) = bands(Some(validation));
        let summary = fit(&table, &spec).expect("a sound recipe").manifest.summary;
        assert_eq!(summary.stopped, StopReason::TargetMetric, "{metric:?}");
        assert!(!summary.converged);
        assert_eq!(Some(summary.iterations), first.map(|point| point.iteration));
        assert_eq!(summary.curve.last(), first, "nothing came after it");
    }
}

/// Labels that the numbers do not tell: whatever is learnt of them is wrong elsewhere.
fn nonsense() -> (CsvTable, TempDir) {
    let columns = (0..30).map(|j| format!("x{j}")).collect::<Vec<_>>().join(",");
    let mut csv = format!("{columns},label,fold\n");
    for (i, row) in noise(80 * 30, 5).chunks(30).enumerate() {
        row.iter().for_each(|x| write!(csv, "{x},").expect("memory"));
        writeln!(csv, "c{},{}", i % 2, if i % 8 == 0 { "test" } else { "train" }).expect("memory");
    }
    table(csv)
}

#[test]
fn patience_ends_training_and_goes_back_to_the_best_iteration() {
    let (table, _folder) = nonsense();
    for solver in
        [Solver::Lbfgs, Solver::Sgd(MiniBatchSpec::SGD), Solver::Adam(MiniBatchSpec::ADAM)]
    {
        let validation = ValidationSpec { patience: Some(4), ..WATCHED };
        let mut spec = TrainingSpec { validation: Some(validation), ..recipe(numeric(&[])) };
        spec.pipeline.logistic.solver = solver;
        spec.pipeline.logistic.l2 = 1e-3;
        let patient = fit(&table, &spec).expect("a sound recipe").manifest;
        assert_eq!(patient.summary.stopped, StopReason::Patience, "{solver:?}");
        let loss =
            |point: &millwright_domain::CurvePoint| point.validation.expect("scores").log_loss;
        let curve = &patient.summary.curve;
        let best = curve.iter().min_by(|a, b| loss(a).total_cmp(&loss(b))).expect("points");
        assert_eq!(patient.summary.iterations, best.iteration + 4);
        assert_eq!((curve.len() as u32, patient.summary.loss), (best.iteration + 4, best.loss));
        // The same weights as if it had been told to stop there; SGD's rates would differ.
        if solver == Solver::Lbfgs {
            spec.validation = Some(WATCHED);
            spec.pipeline.logistic.max_iter = best.iteration;
            let stopped = fit(&table, &spec).expect("a sound recipe").manifest;
            assert_eq!(stopped.evaluation, patient.evaluation);
        }
    }
}

#[test]
fn a_class_of_which_nothing_would_be_watched_is_refused() {
    let csv = "x,label,fold\n1,a,train\n2,a,train\n3,a,train\n9,b,train\n1,a,test\n9,b,test\n";
    let (table, _folder) = table(csv);
    let spec = TrainingSpec { validation: Some(WATCHED), ..recipe(numeric(&["x"])) };
    let error = fit(&table, &spec).expect_err("class b has one row");
    assert_eq!(error.violation().expect("the field is named").field, "validation");
    assert!(error.to_string().contains("a class has 1 training rows"), "{error}");
}
