//! Given scikit-learn's weights, its probabilities come out.

mod plant;

use millwright_ml::{
    CsvTable, FittedPipeline, InputParts, NumericColumn, PipelineParts, TextParts,
};
use millwright_tensor::Rows;
use plant::{ask, data, features, json, numbers, texts};
use serde_json::Value;

fn floats(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().expect("an array").iter();
    numbers.map(|number| number.as_f64().expect("a number")).collect()
}

fn strings(value: &Value) -> Vec<String> {
    let texts = value.as_array().expect("an array").iter();
    texts.map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// The pipeline that scikit-learn fitted; its scales are folded into the weights.
fn pipeline(fitted: &Value) -> FittedPipeline {
    let coefficients = fitted["coef"].as_array().expect("a matrix");
    let coefficients = coefficients.iter().map(floats).collect::<Vec<_>>();
    let d = coefficients[0].len();
    let scales = fitted.get("scale").map_or(vec![1.0; d], floats);
    let weight = |j: usize| coefficients.iter().map(move |row| row[j]);
    let weights = (0..d).flat_map(|j| weight(j).map(move |w| (j, w)));
    let parts = PipelineParts {
        input: input(fitted),
        hidden: vec![],
        classes: strings(&fitted["classes"]),
        weights: weights.map(|(j, weight)| (weight / scales[j]) as f32).collect(),
        intercept: floats(&fitted["intercept"]).into_iter().map(|b| b as f32).collect(),
    };
    FittedPipeline::from_parts(parts).expect("parts that fit")
}

fn input(fitted: &Value) -> InputParts {
    if let Some(words) = fitted.get("vocabulary") {
        let vocabulary = strings(words).into_iter().map(String::into_boxed_str).collect();
        return InputParts::Text(TextParts::words("text", vocabulary));
    }
    let (medians, means) = (floats(&fitted["median"]), floats(&fitted["mean"]));
    let moments = medians.into_iter().zip(means);
    let column = |(name, (median, mean))| NumericColumn { name, median, mean, range: (mean, mean) };
    InputParts::Numeric {
        columns: strings(&fitted["columns"]).into_iter().zip(moments).map(column).collect(),
    }
}

/// The held-out rows of a set.
fn held_out(table: &CsvTable, fitted: &FittedPipeline) -> Rows {
    let names = &fitted.manifest().signature.inputs[0].elements;
    let places = names.iter().map(|name| table.column(name).expect("a known column"));
    let (places, fold) = (places.collect::<Vec<_>>(), table.column("fold").expect("a fold"));
    let mut cells = Vec::new();
    let read = table.for_each(|row| {
        if row.cell(fold) == "test" {
            cells.extend(places.iter().map(|place| row.cell(*place).to_owned()));
        }
        Ok::<_, millwright_ml::TableError>(())
    });
    read.expect("a sound table");
    if features(table) == plant::text("text") {
        return texts(&cells);
    }
    let values = cells.iter().map(|cell| cell.parse().unwrap_or(f64::NAN));
    numbers(places.len(), &values.collect::<Vec<_>>())
}

fn agrees(csv: &str, weights: &str) {
    let fitted = json(weights);
    let pipeline = pipeline(&fitted);
    let table = plant::open(&data(csv));
    let found = ask(&pipeline, &held_out(&table, &pipeline));
    let expected = fitted["probabilities"].as_array().expect("a matrix").iter().flat_map(floats);
    let expected = expected.collect::<Vec<_>>();
    assert_eq!(found.len(), expected.len());
    let off = found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e).abs());
    let worst = off.fold(0.0, f64::max);
    println!("{csv}: off by {worst:e} at most");
    assert!(worst <= 1e-5, "{csv}: off by {worst:e}");
}

#[test]
fn digits_get_the_probabilities_of_scikit_learn() {
    agrees("digits.csv", "weights/digits.json");
}

#[test]
fn printing_defects_get_the_probabilities_of_scikit_learn() {
    agrees("bands.csv", "weights/bands.json");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn chemical_yields_get_the_probabilities_of_scikit_learn() {
    agrees("fetched/chemical.csv", "fetched/weights/chemical.json");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn work_orders_get_the_probabilities_of_scikit_learn() {
    agrees("fetched/excavators.csv", "fetched/weights/excavators.json");
}
