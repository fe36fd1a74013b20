//! The bars: scikit-learn's figures on real data, same folds, same objective to convergence.

mod plant;

use std::fmt::Write;

use millwright_domain::Split;
use millwright_ml::Manifest;
use plant::{data, features, fit, json, open, recipe, table};

/// Trains on a set of `tests/data` and compares with what scikit-learn reached.
fn reaches_the_bar(file: &str, set: &str) -> Manifest {
    let table = open(&data(file));
    let manifest = fit(&table, &recipe(features(&table))).expect("a sound recipe").manifest;
    let Manifest { evaluation, summary, .. } = &manifest;
    assert!(summary.converged);
    // One row may differ, which on the smaller sets is more than 0.01.
    let row = 1.0 / evaluation.n_test as f64 + 1e-9;
    let bars = &json("reference.json")[set]["lr"];
    for (name, found, allowed) in
        [("accuracy", evaluation.accuracy, row.max(0.01)), ("log_loss", evaluation.log_loss, 0.01)]
    {
        let bar = bars[name].as_f64().expect("the reference has this figure");
        println!("{set}: {name} {found} for {bar}");
        assert!((found - bar).abs() <= allowed, "{set}: {name} {found} for {bar}");
    }
    manifest
}

/// Trained on to a gradient of 1e-8, the objective has one minimum, which scikit-learn found too.
fn reaches_the_minimum(file: &str, set: &str) {
    let table = open(&data(file));
    let mut spec = recipe(features(&table));
    spec.pipeline.logistic.tolerance = 1e-8;
    let manifest = fit(&table, &spec).expect("a sound recipe").manifest;
    assert!(manifest.summary.converged);
    let bar = json("reference.json")[set]["lr"]["log_loss"].as_f64().expect("a figure");
    let off = (manifest.evaluation.log_loss - bar).abs();
    println!("{set}: off by {off:e} after {} iterations", manifest.summary.iterations);
    assert!(off < 1e-5, "{set}: off by {off:e}");
}

#[test]
fn the_minimum_is_that_of_scikit_learn() {
    reaches_the_minimum("digits.csv", "digits");
    reaches_the_minimum("bands.csv", "bands");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn the_minimum_is_that_of_scikit_learn_with_gaps_and_with_words() {
    reaches_the_minimum("fetched/chemical.csv", "chemical");
    reaches_the_minimum("fetched/excavators.csv", "excavators");
}

#[test]
fn digits_are_read_as_well_as_by_scikit_learn() {
    let manifest = reaches_the_bar("digits.csv", "digits");
    assert_eq!(manifest.summary.constant_columns, ["p00", "p32", "p39"]);
    assert_eq!((manifest.summary.n_train, manifest.summary.n_test), (1437, 360));
}

#[test]
fn printing_defects_are_told_as_well_as_by_scikit_learn() {
    reaches_the_bar("bands.csv", "bands");
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn chemical_yields_are_told_as_well_as_by_scikit_learn() {
    let manifest = reaches_the_bar("fetched/chemical.csv", "chemical");
    assert!(manifest.summary.imputed_cells > 0);
}

#[test]
#[ignore = "needs tests/data/fetched: run .ci/fetch-data"]
fn work_orders_are_sorted_as_well_as_by_scikit_learn() {
    reaches_the_bar("fetched/excavators.csv", "excavators");
}

/// Accuracy on the rows that `repetition` puts into `fold`, of a model of all the others.
fn cross_validated(repetition: usize, fold: usize) -> f64 {
    let bands = std::fs::read_to_string(data("bands.csv")).expect("the data set is there");
    let mut lines = bands.lines();
    let header = lines.next().expect("a header");
    let mut csv = format!("{header},part\n");
    let column = |name: &str| header.split(',').position(|other| other == name).expect("a column");
    let place = column(&format!("r{repetition}"));
    for line in lines {
        let is_held_out = line.split(',').nth(place) == Some(&fold.to_string());
        writeln!(csv, "{line},{}", if is_held_out { "test" } else { "train" }).expect("memory");
    }
    let (table, _folder) = table(csv);
    let mut spec = recipe(features(&open(&data("bands.csv"))));
    spec.split = Split::Column("part".to_owned());
    assert_eq!(spec.pipeline.input.numeric().map(|numeric| numeric.columns.len()), Some(19));
    fit(&table, &spec).expect("a sound recipe").manifest.evaluation.accuracy
}

#[test]
fn ten_times_ten_folds_of_printing_defects_are_told_as_well_as_by_scikit_learn() {
    let folds = (0..10).flat_map(|repetition| (0..10).map(move |fold| (repetition, fold)));
    let total = folds.map(|(repetition, fold)| cross_validated(repetition, fold)).sum::<f64>();
    let (mean, bar) = (total / 100.0, 0.672);
    println!("bands, ten times ten folds: accuracy {mean} for {bar}");
    assert!((mean - bar).abs() <= 0.02, "{mean}");
}
