//! Principal components and truncated SVD: the bars, and what cannot be reduced.

mod plant;

use millwright_domain::{
    Code, Fault, InputSpec, Keep, ReductionMethod, ReductionSpec, TextSpec, TrainingSpec,
};
use millwright_ml::Manifest;
use plant::{data, features, fit, json, numeric, open, recipe, table, text};

fn reduced(input: InputSpec, method: ReductionMethod, keep: Keep) -> TrainingSpec {
    let mut spec = recipe(input);
    spec.pipeline.reduction = Some(ReductionSpec { method, keep });
    spec
}

fn pca(input: InputSpec, keep: Keep) -> TrainingSpec {
    reduced(input, ReductionMethod::Pca, keep)
}

/// Trains on the components that explain 0.95 of the variance, as scikit-learn did.
fn reaches_the_bar(file: &str, set: &str) {
    let table = open(&data(file));
    let spec = pca(features(&table), Keep::Variance(0.95));
    let Manifest { evaluation, summary, .. } = fit(&table, &spec).expect("a sound recipe").manifest;
    let bars = &json("reference.json")[set]["pca_lr"];
    let found = summary.reduction.expect("a reduction").n_components;
    assert_eq!(Some(u64::from(found)), bars["pca_components"].as_u64(), "{set}");
    // One row may differ, which on the smaller sets is more than 0.01.
    let allowed = (1.0 / evaluation.n_test as f64).max(0.01) + 1e-9;
    let bar = bars["accuracy"].as_f64().expect("a figure");
    println!("{set}: accuracy {} for {bar}, {found} components", evaluation.accuracy);
    assert!((evaluation.accuracy - bar).abs() <= allowed, "{set}: {}", evaluation.accuracy);
    let bar = bars["log_loss"].as_f64().expect("a figure");
    assert!((evaluation.log_loss - bar).abs() <= 1e-3, "{set}: {}", evaluation.log_loss);
}

#[test]
fn digits_are_read_from_as_many_components_as_by_scikit_learn() {
    reaches_the_bar("digits.csv", "digits");
}

#[test]
fn printing_defects_are_told_from_as_many_components_as_by_scikit_learn() {
    reaches_the_bar("bands.csv", "bands");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn chemical_yields_are_told_from_as_many_components_as_by_scikit_learn() {
    reaches_the_bar("fetched/chemical.csv", "chemical");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn the_words_of_work_orders_have_as_many_components_as_by_scikit_learn() {
    let table = open(&data("fetched/excavators.csv"));
    let spec = pca(text("text"), Keep::Variance(0.95));
    let summary = fit(&table, &spec).expect("a sound recipe").manifest.summary;
    let reduction = summary.reduction.expect("a reduction");
    assert_eq!((summary.n_features, reduction.n_components), (1189, 485));
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn many_runs_of_characters_have_the_components_that_scikit_learn_finds() {
    let (table, bars) =
        (open(&data("fetched/excavators.csv")), &json("transformers.json")["excavators_pca"]);
    let vectorizer = serde_json::from_value(bars["spec"].clone()).expect("a vectoriser");
    let input = InputSpec::Text(TextSpec { column: "text".to_owned(), vectorizer });
    let run = |keep| {
        let Manifest { summary, evaluation, .. } =
            fit(&table, &pca(input.clone(), keep)).expect("a sound recipe").manifest;
        assert_eq!(summary.n_features, 6781, "more than a dense matrix would be made of");
        (summary.reduction.expect("a reduction"), evaluation)
    };
    let (half, _) = run(Keep::Variance(0.5));
    assert_eq!(Some(u64::from(half.n_components)), bars["n_components"]["0.5"].as_u64());
    let (fifty, evaluation) = run(Keep::Components(50));
    for (found, bar, allowed) in [
        (fifty.explained_variance, "explained_by_50", 1e-8),
        (evaluation.accuracy, "accuracy_of_50", 0.01),
        (evaluation.log_loss, "log_loss_of_50", 1e-3),
    ] {
        let expected = bars[bar].as_f64().expect("a figure");
        assert!((found - expected).abs() <= allowed, "{bar}: {found} for {expected}");
    }
}

/// The message of the error that names `reduction`.
fn refusal(csv: &str, spec: &TrainingSpec) -> String {
    let (table, _folder) = table(csv);
    let error = fit(&table, spec).expect_err("what cannot be reduced");
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.violation().expect("the field is named").field, "reduction");
    error.to_string()
}

#[test]
fn what_cannot_be_reduced_is_told_with_the_setting() {
    let csv = "x,y,label,fold\n1,7,a,train\n2,8,b,train\n4,9,a,train\n2,8,b,test\n";
    let told = refusal(csv, &pca(numeric(&["x", "y"]), Keep::Components(3)));
    assert!(told.contains("3 training rows with 2 features"), "{told}");
    let told = refusal(csv, &pca(numeric(&["x", "y"]), Keep::Components(1025)));
    assert!(told.contains("from 1 to 1024"), "{told}");
    let same = "x,label,fold\n1,a,train\n1,b,train\n1,b,test\n";
    let told = refusal(same, &pca(numeric(&["x"]), Keep::Variance(0.9)));
    assert!(told.contains("no variance"), "{told}");
}

#[test]
fn components_without_variance_are_left_out() {
    let csv = "x,y,z,label,fold\n1,2,1,a,train\n2,4,1,b,train\n4,8,1,a,train\n3,6,1,b,test\n";
    for (method, keep) in [
        (ReductionMethod::Pca, Keep::Components(3)),
        (ReductionMethod::Pca, Keep::Variance(0.999_999)),
        (ReductionMethod::TruncatedSvd, Keep::Components(2)),
    ] {
        let (table, _folder) = table(csv);
        let trained = fit(&table, &reduced(numeric(&[]), method, keep)).expect("a sound recipe");
        let reduction = trained.manifest.summary.reduction.expect("a reduction");
        assert_eq!(reduction.n_components, 1, "{method:?} {keep:?}");
        assert!((reduction.explained_variance - 1.0).abs() < 1e-12);
    }
}
