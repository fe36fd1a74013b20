//! What a training run tells, and what its model answers.

mod plant;

use std::ops::ControlFlow;

use millwright_domain::{InputSpec, Phase, Progress, Split, StopReason};
use millwright_ml::{FittedPipeline, Predictor, TrainError, train};
use plant::{data, features, fit, job, numbers, numeric, open, recipe, table, text, texts};

const TABLE: &str = "\
x,same,label,fold
1,7,low,train
2,7,low,train
,7,low,train
8,7,high,train
9,7,high,train
5,7, ,train
1,7,low,test
9,7,high,test
";

#[test]
fn the_summary_says_what_was_met() {
    let (table, _folder) = table(TABLE);
    let manifest = fit(&table, &recipe(numeric(&[]))).expect("a sound recipe").manifest;
    let summary = &manifest.summary;
    assert_eq!((summary.n_train, summary.n_test, summary.n_without_target), (5, 2, 1));
    assert_eq!((summary.n_features, summary.imputed_cells), (2, 1));
    assert_eq!(summary.constant_columns, ["same"]);
    assert!(summary.converged && summary.loss > 0.0);
    assert_eq!(manifest.spec.pipeline.input, numeric(&["x", "same"]), "columns are resolved");
    assert_eq!(manifest.classes, ["high", "low"]);
    assert_eq!((manifest.evaluation.accuracy, manifest.evaluation.n_test), (1.0, 2));
}

#[test]
fn a_loaded_model_answers_under_its_signature() {
    let (table, _folder) = table(TABLE);
    let trained = fit(&table, &recipe(numeric(&[]))).expect("a sound recipe");
    let pipeline = FittedPipeline::load(&trained.artifact).expect("a sound artefact");
    assert_eq!(pipeline.manifest(), &trained.manifest);
    let answer = pipeline.predict(&numbers(2, &[1.0, 7.0, 9.0, f64::NAN])).expect("two rows");
    let [labels, probabilities] = answer.columns() else { panic!("two outputs") };
    assert_eq!((labels.bytes(0), labels.bytes(1)), (&b"low"[..], &b"high"[..]));
    let sums = probabilities.to_f32().collect::<Vec<_>>();
    assert!(sums.chunks(2).all(|row| (row[0] + row[1] - 1.0).abs() < 1e-6));
    let input = &pipeline.manifest().signature.inputs[0];
    assert_eq!((input.name.as_str(), input.optional), ("features", true));
    assert_eq!(input.elements, ["x", "same"]);
}

#[test]
fn texts_without_known_words_are_answered_too() {
    let csv = "note,label,fold\npump leaks,bad,train\nall well,good,train\nall well,good,test\n";
    let (table, _folder) = table(csv);
    let trained = fit(&table, &recipe(text("note"))).expect("a sound recipe");
    let pipeline = FittedPipeline::load(&trained.artifact).expect("a sound artefact");
    let answer = pipeline.predict(&texts(&["PUMP", "", "stranger"])).expect("three rows");
    assert_eq!(answer.columns()[0].bytes(0), b"bad");
    assert_eq!(answer.columns()[0].bytes(1), answer.columns()[0].bytes(2));
}

#[test]
fn held_out_rows_teach_nothing() {
    // Other values in the held-out rows, and other words: the same weights, other scores.
    for (input, csv, others) in [
        (numeric(&["x"]), TABLE.to_owned(), TABLE.replace("9,7,high,test", "-500,7,high,test")),
        (
            text("note"),
            "note,label,fold\naa,u,train\nbb,v,train\nbb,v,test\n".to_owned(),
            "note,label,fold\naa,u,train\nbb,v,train\naa cc,v,test\n".to_owned(),
        ),
    ] {
        let answers = [csv, others].map(|csv| {
            let (table, _folder) = table(csv);
            let trained = fit(&table, &recipe(input.clone())).expect("a sound recipe");
            let loss = trained.manifest.evaluation.log_loss;
            let pipeline = FittedPipeline::load(&trained.artifact).expect("a sound artefact");
            let rows = match &input {
                InputSpec::Text(_) => texts(&["aa", "bb cc"]),
                _ => numbers(1, &[2.0, 7.0]),
            };
            (pipeline.predict(&rows).expect("sound rows"), loss)
        });
        assert_eq!(answers[0].0, answers[1].0);
        assert_ne!(answers[0].1, answers[1].1);
    }
}

#[test]
fn progress_is_told_phase_by_phase_and_the_loss_falls() {
    let table = open(&data("digits.csv"));
    let mut spec = recipe(features(&table));
    spec.split = Split::Fraction(0.2);
    let mut seen = Vec::<Progress>::new();
    let mut listen = |progress: Progress| {
        // It is told again, unchanged, when it is asked whether to go on.
        if seen.last() != Some(&progress) {
            seen.push(progress);
        }
        ControlFlow::Continue(())
    };
    let trained = train(&table, job(&spec), &mut listen).expect("a sound recipe");
    let summary = trained.manifest.summary;
    assert_eq!((summary.n_test, summary.n_train), (360, 1437), "as scikit-learn shares out");
    let phases = seen.iter().map(|progress| progress.phase).collect::<Vec<_>>();
    assert_eq!((phases[0], phases.last()), (Phase::Reading, Some(&Phase::Scoring)));
    let steps = seen.iter().filter(|progress| progress.iteration > 0).collect::<Vec<_>>();
    let fitting = steps.iter().filter(|progress| progress.phase == Phase::Fitting);
    assert_eq!(fitting.count(), summary.iterations as usize);
    assert!(steps.is_sorted_by(|a, b| a.loss >= b.loss && a.iteration <= b.iteration));
    assert!(steps.iter().all(|p| p.rows_per_second > 0.0 && p.seconds_left >= 0.0));
    let told = steps[..summary.iterations as usize].iter().map(|p| (p.iteration, p.loss));
    let curve = summary.curve.iter().map(|point| (point.iteration, point.loss));
    assert!(told.eq(curve), "a run this short keeps its whole curve");
    assert_eq!(summary.stopped, StopReason::Tolerance);
}

#[test]
fn whoever_listens_can_cancel_at_any_moment() {
    let (table, _folder) = table(TABLE);
    let spec = recipe(numeric(&[]));
    let mut questions = 0;
    let mut count = |_: Progress| {
        questions += 1;
        ControlFlow::Continue(())
    };
    train(&table, job(&spec), &mut count).expect("a sound recipe");
    for most in 0..questions {
        let mut asked = 0;
        let mut refuse = |_: Progress| {
            asked += 1;
            if asked > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome = train(&table, job(&spec), &mut refuse);
        assert!(matches!(outcome, Err(TrainError::Cancelled)), "at question {most}");
        assert_eq!(asked, most + 1, "nothing is done after the refusal");
    }
}
