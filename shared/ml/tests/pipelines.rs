//! Whole pipelines against scikit-learn's, as `tests/data/transformers.py` recorded them.

mod plant;

use millwright_domain::{
    InputSpec, Keep, MixedSpec, NumericSpec, ReductionMethod, ReductionSpec, Scale, TextSpec,
    TrainingSpec, VectorizerSpec,
};
use millwright_ml::{CsvTable, FittedPipeline, Predictor, TableError};
use millwright_tensor::{Column, Datatype, Rows};
use plant::{ask, data, fit, json, open, recipe};
use serde::de::DeserializeOwned;
use serde_json::Value;

const NUMBERS: [&str; 3] = ["pressure", "vibration", "age"];

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("as the script writes it")
}

fn weighed_characters() -> TextSpec {
    let recorded = json("transformers.json");
    let vectorizer = read(&recorded["vectorizers"]["weighed characters"]["spec"]);
    TextSpec { column: "note".to_owned(), vectorizer }
}

/// Input columns by the script's name for them.
fn input(name: &str) -> InputSpec {
    let numeric = |scale| NumericSpec { columns: NUMBERS.map(str::to_owned).to_vec(), scale };
    let mixed = |scale| MixedSpec { text: weighed_characters(), numeric: numeric(scale) };
    match name {
        "text" => InputSpec::Text(weighed_characters()),
        "standard" => InputSpec::Numeric(numeric(Scale::Standard)),
        "none" => InputSpec::Numeric(numeric(Scale::None)),
        "mixed" => InputSpec::Mixed(mixed(Scale::Standard)),
        _ => InputSpec::Mixed(mixed(Scale::None)),
    }
}

fn reduction(case: &Value) -> Option<ReductionSpec> {
    let keep = match case["keep"]["components"].as_u64() {
        Some(n) => Keep::Components(n as u32),
        None => Keep::Variance(case["keep"]["variance"].as_f64()?),
    };
    let method: ReductionMethod = read(&case["method"]);
    Some(ReductionSpec { method, keep })
}

/// Trained on until the gradient is small beside what is compared.
fn converged(input: InputSpec, reduction: Option<ReductionSpec>) -> TrainingSpec {
    let mut spec = recipe(input);
    spec.pipeline.reduction = reduction;
    spec.pipeline.logistic.tolerance = 1e-9;
    spec.pipeline.logistic.max_iter = 20_000;
    spec
}

/// The held-out notes under the signature of `pipeline`.
fn held_out(table: &CsvTable, pipeline: &FittedPipeline) -> Rows {
    let fold = table.column("fold").expect("a fold");
    let (mut n, mut columns) = (0, vec![]);
    for input in &pipeline.manifest().signature.inputs {
        let places = input.elements.iter().map(|name| table.column(name).expect("a column"));
        let places = places.collect::<Vec<_>>();
        let mut cells = Vec::new();
        let read = table.for_each(|row| {
            if row.cell(fold) == "test" {
                cells.extend(places.iter().map(|place| row.cell(*place).to_owned()));
            }
            Ok::<_, TableError>(())
        });
        read.expect("a sound table");
        n = cells.len() / places.len();
        let numbers = cells.iter().map(|cell| cell.parse().unwrap_or(f64::NAN));
        columns.push(match input.datatype {
            Datatype::Bytes => Column::var(&cells).expect("a few texts"),
            _ => Column::fp64(places.len(), &numbers.collect::<Vec<_>>()),
        });
    }
    Rows::new(n, columns).expect("one value a row")
}

/// Trains on the notes and compares the answers to the held-out ones.
fn answers_as_recorded(case: &Value) {
    let name = format!("{} {} {}", case["features"], case["method"], case["keep"]);
    let table = open(&data("notes.csv"));
    let features = case["features"].as_str().expect("a name");
    let trained = fit(&table, &converged(input(features), reduction(case)));
    let artifact = trained.expect("a sound recipe").artifact;
    let pipeline = FittedPipeline::load(&artifact).expect("a sound artefact");
    let found = ask(&pipeline, &held_out(&table, &pipeline));
    let expected = read::<Vec<Vec<f64>>>(&case["probabilities"]).concat();
    assert_eq!(found.len(), expected.len(), "{name}");
    let off = found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e).abs());
    let worst = off.fold(0.0, f64::max);
    println!("{name}: off by {worst:e}");
    assert!(worst < 1e-5, "{name}: off by {worst:e}");
}

#[test]
fn text_numbers_and_both_are_answered_as_by_scikit_learn() {
    let recorded = json("transformers.json");
    recorded["pipelines"].as_array().expect("pipelines").iter().for_each(answers_as_recorded);
}

#[test]
fn components_are_answered_as_by_scikit_learn() {
    let recorded = json("transformers.json");
    recorded["reductions"].as_array().expect("pipelines").iter().for_each(answers_as_recorded);
}

#[test]
fn a_mixed_pipeline_has_one_input_a_column() {
    let table = open(&data("notes.csv"));
    let mut spec = recipe(input("mixed"));
    let InputSpec::Mixed(mixed) = &mut spec.pipeline.input else { panic!("a mixed input") };
    // Every column of numbers, since none is named.
    mixed.numeric.columns.clear();
    let trained = fit(&table, &spec).expect("a sound recipe");
    assert_eq!(trained.manifest.spec.pipeline.input, input("mixed"), "columns are resolved");
    let inputs = &trained.manifest.signature.inputs;
    let told = inputs.iter().map(|i| (i.name.as_str(), i.datatype, i.width(), i.optional));
    assert!(told.eq([
        ("note", Datatype::Bytes, 1, false),
        ("pressure", Datatype::Fp32, 1, true),
        ("vibration", Datatype::Fp32, 1, true),
        ("age", Datatype::Fp32, 1, true),
    ]));
    assert!(inputs.iter().all(|i| i.row_shape.is_empty() && i.elements == [i.name.clone()]));
    assert!(trained.manifest.summary.imputed_cells > 0);
    let pipeline = FittedPipeline::load(&trained.artifact).expect("a sound artefact");
    assert_eq!(pipeline.golden_rows().columns().len(), 4);
    assert!(pipeline.flops_per_row() > 0);
}

/// Trains on the work orders and compares with what scikit-learn's same pipeline reached.
fn reaches_the_bar(name: &str) {
    let table = open(&data("fetched/excavators.csv"));
    let bars = &json("transformers.json")["excavators"][name];
    let vectorizer: VectorizerSpec = read(&bars["spec"]);
    let input = InputSpec::Text(TextSpec { column: "text".to_owned(), vectorizer });
    let manifest = fit(&table, &recipe(input)).expect("a sound recipe").manifest;
    assert_eq!(Some(manifest.summary.n_features), bars["n_features"].as_u64(), "{name}");
    for (figure, found) in
        [("accuracy", manifest.evaluation.accuracy), ("log_loss", manifest.evaluation.log_loss)]
    {
        let bar = bars[figure].as_f64().expect("a figure");
        println!("{name}: {figure} {found} for {bar}");
        assert!((found - bar).abs() <= 0.01, "{name}: {figure} {found} for {bar}");
    }
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn weighed_words_of_work_orders_reach_the_bar() {
    reaches_the_bar("weighed words");
    reaches_the_bar("weighed runs of words");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn runs_of_characters_of_work_orders_reach_the_bar() {
    reaches_the_bar("counted characters");
    reaches_the_bar("weighed characters");
}
