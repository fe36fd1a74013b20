//! Artefacts of older formats are read, answer as they did, and are written in the new one.

mod plant;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use millwright_ml::FittedPipeline;
use millwright_tensor::{Column, Rows};
use plant::{ask, numbers, texts};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/artifacts").join(name)
}

fn artifact(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect("the file is there")
}

/// Loads an artefact of `format`, mapped too, and compares with what was answered when it was made.
fn answers_as_it_did((format, name): (u32, &str), rows: &Rows, expected: &[f32]) {
    let old = FittedPipeline::load(&artifact(name)).expect("a sound artefact");
    let file = File::open(path(name)).expect("the file is there");
    let mapped = FittedPipeline::open(&file).expect("a sound artefact");
    assert_eq!((old.manifest().format, mapped.manifest()), (format, old.manifest()));
    let rewritten = old.encode().expect("a small pipeline");
    assert_eq!(mapped.encode().expect("a small pipeline"), rewritten);
    let new = FittedPipeline::load(&rewritten).expect("a sound artefact");
    assert_eq!(new.manifest().format, 3);
    assert_eq!(new.manifest().spec, old.manifest().spec);
    for pipeline in [old, mapped, new] {
        let found = ask(&pipeline, rows);
        let near = found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-6);
        assert!(near && found.len() == expected.len(), "{found:?} for {expected:?}");
    }
}

#[test]
fn counted_words_of_format_1_answer_as_they_did() {
    let rows = texts(&["pump leaks", "", "液压泵 ok ok", "unknown"]);
    let expected =
        [0.68670297, 0.31329706, 0.49010226, 0.5098977, 0.411278, 0.588722, 0.49010226, 0.5098977];
    answers_as_it_did((1, "format-1-text.safetensors"), &rows, &expected);
}

#[test]
fn numbers_of_format_1_answer_as_they_did() {
    let rows = numbers(2, &[1.0, 10.0, f64::NAN, 9.5, 8.0, f64::NAN]);
    let expected = [0.36008948, 0.6399105, 0.34241578, 0.6575842, 0.699115, 0.30088502];
    answers_as_it_did((1, "format-1-numeric.safetensors"), &rows, &expected);
}

#[test]
fn counted_words_of_format_2_answer_as_they_did() {
    let rows = texts(&["pump leaks", "", "液压泵 ok ok", "unknown"]);
    let expected =
        [0.67279273, 0.3272073, 0.540405, 0.45959502, 0.21892862, 0.78107136, 0.540405, 0.45959502];
    answers_as_it_did((2, "format-2-text.safetensors"), &rows, &expected);
}

#[test]
fn weighed_characters_beside_numbers_of_format_2_answer_as_they_did() {
    let notes = Column::var(["pump leaks", "", "液压泵 ok"]).expect("a few texts");
    let speeds = Column::fp64(1, &[1.0, f64::NAN, 8.0]);
    let ages = Column::fp64(1, &[10.0, 9.5, f64::NAN]);
    let rows = Rows::new(3, [notes, speeds, ages]).expect("three rows");
    let expected = [0.9155883, 0.08441168, 0.66199815, 0.33800185, 0.31102446, 0.6889755];
    answers_as_it_did((2, "format-2-mixed.safetensors"), &rows, &expected);
}
