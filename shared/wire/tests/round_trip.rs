//! What is told is what is heard.

use millwright_domain::{
    Analyzer, ClassWeight, CurvePoint, DocumentFrequency, Encoding, FormatHints, Header, InputSpec,
    Keep, LogisticSpec, Metric, MiniBatchSpec, MixedSpec, NgramRange, NumericSpec, PipelineSpec,
    ReductionMethod, ReductionSpec, ReductionSummary, Scale, Schedule, Scores, Solver, Split,
    StopReason, TableFormat, TargetMetric, TextSpec, Thousands, TrainingSpec, TrainingSummary,
    ValidationSpec, VectorizerSpec, Weighting,
};
use millwright_wire::{FromWire, ToWire};

fn specs() -> Vec<TrainingSpec> {
    let vectorizer = VectorizerSpec {
        weighting: Weighting::Tfidf,
        analyzer: Analyzer::Char,
        ngrams: NgramRange { min: 2, max: 4 },
        min_df: DocumentFrequency::Share(0.01),
        max_df: DocumentFrequency::Count(90),
        max_features: Some(5000),
    };
    let text = TextSpec { column: "故障描述".to_owned(), vectorizer };
    let numeric = NumericSpec { columns: vec!["压力".to_owned()], scale: Scale::None };
    let batches =
        MiniBatchSpec { batch_size: 32, learning_rate: 0.5, schedule: Schedule::InverseTime };
    let target = Some(TargetMetric { metric: Metric::MacroF1, value: 0.9 });
    let inputs = [
        (InputSpec::words("note"), Solver::Lbfgs),
        (InputSpec::Numeric(numeric.clone()), Solver::Sgd(batches)),
        (InputSpec::Mixed(MixedSpec { text, numeric }), Solver::Adam(batches)),
    ];
    let spec = |(input, solver)| TrainingSpec {
        pipeline: PipelineSpec {
            target: "班组".to_owned(),
            input,
            reduction: Some(ReductionSpec {
                method: ReductionMethod::TruncatedSvd,
                keep: Keep::Components(50),
            }),
            logistic: LogisticSpec {
                l2: 0.5,
                max_iter: 7,
                tolerance: 1e-3,
                class_weight: ClassWeight::Balanced,
                solver,
            },
        },
        split: Split::Column("fold".to_owned()),
        validation: Some(ValidationSpec { share: 0.1, target, patience: Some(3) }),
        table: Some(TableFormat { thousands: Some('.'), delimiter: ';', ..format() }),
        seed: u64::MAX,
    };
    inputs.map(spec).to_vec()
}

fn format() -> TableFormat {
    TableFormat {
        encoding: Encoding::Gb18030,
        decimal: millwright_domain::DecimalMark::Comma,
        header: Header::Absent,
        missing: vec!["k.A.".to_owned()],
        ..TableFormat::default()
    }
}

#[test]
fn recipes() {
    for spec in specs() {
        assert_eq!(TrainingSpec::from_wire(spec.to_wire()).expect("heard"), spec);
    }
}

#[test]
fn what_a_caller_leaves_out_takes_its_default() {
    let mut wire = specs()[0].to_wire();
    wire.validation = None;
    wire.table = None;
    let pipeline = wire.pipeline.as_mut().expect("set");
    (pipeline.reduction, pipeline.logistic_regression) = (None, None);
    let heard = TrainingSpec::from_wire(wire).expect("heard");
    assert_eq!(heard.pipeline.logistic, LogisticSpec::default());
    assert_eq!((heard.validation, heard.table, heard.pipeline.reduction), (None, None, None));
}

#[test]
fn a_wrong_part_of_a_recipe_is_named() {
    let mut spec = specs()[2].clone();
    spec.pipeline.logistic.l2 = -1.0;
    let error = TrainingSpec::from_wire(spec.to_wire()).expect_err("negative");
    assert!(error.to_string().starts_with("l2: "), "{error}");
    let mut wire = specs()[0].to_wire();
    wire.table.as_mut().expect("set").encoding = "ebcdic".to_owned();
    let error = TrainingSpec::from_wire(wire).expect_err("unknown");
    assert!(error.to_string().starts_with("table.encoding: "), "{error}");
}

#[test]
fn hints() {
    let nothing = FormatHints::default();
    for hints in [nothing, format().to_hints()] {
        assert_eq!(FormatHints::from_wire(hints.to_wire()).expect("heard"), hints);
    }
    let none = FormatHints { thousands: Some(Thousands::None), ..FormatHints::default() };
    assert_eq!(FormatHints::from_wire(none.to_wire()).expect("heard"), none);
}

#[test]
fn summaries() {
    let validation = Some(Scores { accuracy: 0.9, macro_f1: 0.8, log_loss: 0.3 });
    let summary = TrainingSummary {
        n_train: 80,
        n_test: 20,
        n_without_target: 1,
        n_validation: 8,
        n_features: 1189,
        reduction: Some(ReductionSummary { n_components: 485, explained_variance: 0.9501 }),
        iterations: 12,
        converged: false,
        stopped: StopReason::Patience,
        loss: 0.25,
        constant_columns: vec!["line".to_owned()],
        imputed_cells: 3,
        curve: vec![CurvePoint { iteration: 1, loss: 0.7, validation }],
    };
    assert_eq!(TrainingSummary::from_wire(summary.to_wire()).expect("heard"), summary);
    let mut wire = summary.to_wire();
    wire.curve = vec![wire.curve[0]; 257];
    let error = TrainingSummary::from_wire(wire).expect_err("too long");
    assert!(error.to_string().starts_with("curve: "), "{error}");
}
