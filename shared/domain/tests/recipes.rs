//! Recipes: what is refused, and what older software wrote.

use millwright_domain::{
    Analyzer, DocumentFrequency, Fault, InputSpec, Keep, LogisticSpec, Metric, MiniBatchSpec,
    MixedSpec, NgramRange, NumericSpec, PipelineSpec, ReductionMethod, ReductionSpec, Scale,
    Solver, Split, TableFormat, TargetMetric, TextSpec, TrainingSpec, ValidationSpec,
    VectorizerSpec, Weighting,
};

fn text() -> TextSpec {
    let vectorizer = VectorizerSpec {
        weighting: Weighting::Tfidf,
        analyzer: Analyzer::Char,
        ngrams: NgramRange { min: 1, max: 3 },
        ..VectorizerSpec::default()
    };
    TextSpec { column: "note".to_owned(), vectorizer }
}

fn numeric() -> NumericSpec {
    NumericSpec { columns: vec!["pressure".to_owned()], scale: Scale::None }
}

/// A recipe that says everything.
fn recipe() -> TrainingSpec {
    let keep = Keep::Variance(0.95);
    let target = Some(TargetMetric { metric: Metric::Accuracy, value: 0.95 });
    TrainingSpec {
        pipeline: PipelineSpec {
            target: "class".to_owned(),
            input: InputSpec::Mixed(MixedSpec { text: text(), numeric: numeric() }),
            reduction: Some(ReductionSpec { method: ReductionMethod::Pca, keep }),
            logistic: LogisticSpec {
                solver: Solver::Adam(MiniBatchSpec::ADAM),
                ..Default::default()
            },
        },
        split: Split::Fraction(0.2),
        validation: Some(ValidationSpec { share: 0.1, target, patience: Some(5) }),
        table: Some(TableFormat::default()),
        seed: 42,
    }
}

fn with_text(change: impl FnOnce(&mut VectorizerSpec)) -> TrainingSpec {
    let mut text = text();
    change(&mut text.vectorizer);
    with(|spec| spec.pipeline.input = InputSpec::Text(text))
}

fn with_batches(batches: MiniBatchSpec) -> TrainingSpec {
    with(|spec| spec.pipeline.logistic.solver = Solver::Sgd(batches))
}

fn with_keep(keep: Keep) -> TrainingSpec {
    let method = ReductionMethod::TruncatedSvd;
    with(|spec| spec.pipeline.reduction = Some(ReductionSpec { method, keep }))
}

fn with_metric(metric: Metric, value: f64) -> TrainingSpec {
    let target = Some(TargetMetric { metric, value });
    with(|spec| spec.validation = Some(ValidationSpec { share: 0.1, target, patience: None }))
}

fn with_table(change: impl FnOnce(&mut TableFormat)) -> TrainingSpec {
    let mut format = TableFormat::default();
    change(&mut format);
    with(|spec| spec.table = Some(format))
}

fn with(change: impl FnOnce(&mut TrainingSpec)) -> TrainingSpec {
    let mut spec = recipe();
    change(&mut spec);
    spec
}

#[test]
fn a_recipe_within_its_ranges_is_taken() {
    for spec in [recipe(), with_keep(Keep::Components(1024)), with_metric(Metric::LogLoss, 3.0)] {
        assert_eq!(spec.check(), Ok(()));
    }
}

#[test]
fn a_parameter_out_of_its_range_is_named() {
    let batches = MiniBatchSpec::SGD;
    let twice = MixedSpec {
        text: text(),
        numeric: NumericSpec { columns: vec!["note".to_owned()], ..numeric() },
    };
    for (spec, field) in [
        (with(|spec| spec.pipeline.target.clear()), "target"),
        (with(|spec| spec.pipeline.target = "note".to_owned()), "input"),
        (with(|spec| spec.pipeline.target = "pressure".to_owned()), "input"),
        (with(|spec| spec.pipeline.input = InputSpec::Mixed(twice)), "input"),
        (with(|spec| spec.split = Split::Fraction(1.0)), "split"),
        (with(|spec| spec.split = Split::Column("class".to_owned())), "split"),
        (with_text(|text| text.ngrams = NgramRange { min: 0, max: 1 }), "ngrams"),
        (with_text(|text| text.ngrams = NgramRange { min: 2, max: 1 }), "ngrams"),
        (with_text(|text| text.ngrams = NgramRange { min: 1, max: 17 }), "ngrams"),
        (with_text(|text| text.min_df = DocumentFrequency::Count(0)), "min_df"),
        (with_text(|text| text.max_df = DocumentFrequency::Share(f64::NAN)), "max_df"),
        (with_text(|text| text.max_features = Some(0)), "max_features"),
        (with_keep(Keep::Components(0)), "reduction"),
        (with_keep(Keep::Components(1025)), "reduction"),
        (with_keep(Keep::Variance(1.0)), "reduction"),
        (with_batches(MiniBatchSpec { batch_size: 0, ..batches }), "batch_size"),
        (with_batches(MiniBatchSpec { learning_rate: f64::INFINITY, ..batches }), "learning_rate"),
        (with(|spec| spec.pipeline.logistic.l2 = -1.0), "l2"),
        (with(|spec| spec.pipeline.logistic.max_iter = 0), "max_iter"),
        (with(|spec| spec.pipeline.logistic.tolerance = f64::NAN), "tolerance"),
        (with_metric(Metric::Accuracy, 1.5), "target_metric"),
        (with_metric(Metric::LogLoss, 0.0), "target_metric"),
        (with_table(|table| table.delimiter = 'x'), "delimiter"),
        (with_table(|table| table.thousands = Some('.')), "thousands"),
        (with_table(|table| table.missing = vec![String::new(); 65]), "missing"),
    ] {
        let error = spec.check().expect_err(field);
        assert_eq!(error.violation().map(|wrong| wrong.field).as_deref(), Some(field), "{error}");
    }
}

#[test]
fn what_is_stored_is_read_again() {
    let json = serde_json::to_string(&recipe()).expect("written");
    assert_eq!(serde_json::from_str::<TrainingSpec>(&json).expect("read"), recipe());
}

#[test]
fn recipes_of_version_0_1_are_read() {
    let json = r#"{
        "pipeline": {
            "target": "class",
            "input": {"text": {"column": "note"}},
            "logistic": {"l2": 1.0, "max_iter": 1000, "tolerance": 1e-5}
        },
        "split": {"fraction": 0.2},
        "seed": 42
    }"#;
    let pipeline = PipelineSpec {
        target: "class".to_owned(),
        input: InputSpec::words("note"),
        reduction: None,
        logistic: LogisticSpec::default(),
    };
    let split = Split::Fraction(0.2);
    let expected = TrainingSpec { pipeline, split, validation: None, table: None, seed: 42 };
    assert_eq!(serde_json::from_str::<TrainingSpec>(json).expect("read"), expected);
    let numeric =
        json.replace(r#"{"text": {"column": "note"}}"#, r#"{"numeric": {"columns": []}}"#);
    let read = serde_json::from_str::<TrainingSpec>(&numeric).expect("read");
    assert_eq!(read.pipeline.input, InputSpec::numbers(vec![]));
}
