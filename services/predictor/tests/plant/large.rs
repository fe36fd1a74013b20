//! An artifact that a predictor does not hold in memory.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use millwright_client::ClientError;
use millwright_ml::{StreamedParts, TermRule, TermSource};
use millwright_proto::{
    predictor::{NamedColumn, PredictRequest, Texts, named_column::Values},
    registry::Artifact,
};
use tempfile::TempDir;

use crate::{registry::Registry, serving::Predictor};

const N_CLASSES: usize = 256;
/// More than 64 MiB of weights.
const N_TERMS: usize = 66_000;
/// Bytes after which a download is cut.
const CUT: usize = 40 << 20;

/// Words that speak for one class each.
struct Words;

impl TermSource for Words {
    fn n_terms(&self) -> usize {
        N_TERMS
    }

    fn term(&self, i: usize) -> String {
        format!("w{i:06}")
    }

    fn weights(&self, i: usize, row: &mut [f32]) {
        row.fill(0.0);
        row[i % N_CLASSES] = 9.0;
    }
}

/// A registry with one large version, and a folder for a predictor.
async fn plant() -> (Registry, TempDir, Artifact) {
    let parts = StreamedParts {
        column: "note".to_owned(),
        rule: TermRule::default(),
        terms: Words,
        classes: (0..N_CLASSES).map(|c| format!("c{c}")).collect(),
        intercept: vec![0.0; N_CLASSES],
    };
    let mut bytes = Vec::new();
    parts.write(&mut bytes).expect("parts that fit");
    let registry = Registry::start().await;
    let artifact = registry.keep(bytes);
    registry.point("press", "production", (1, &artifact));
    (registry, tempfile::tempdir().expect("a folder"), artifact)
}

async fn label(predictor: &Predictor, note: &str) -> Result<String, ClientError> {
    let texts = Texts { values: vec![note.to_owned()] };
    let column = NamedColumn { name: "note".to_owned(), values: Some(Values::Texts(texts)) };
    let (model_ref, columns) = ("press".to_owned(), vec![column]);
    let request = PredictRequest { model_ref, columns, ..PredictRequest::default() };
    let answer = predictor.client.predict(request).await?;
    Ok(answer.predictions[0].label.clone())
}

async fn answers(predictor: &Predictor) {
    predictor.until_serving("press", 1).await;
    for (note, expected) in [("w000700 unknown", "c188"), ("w065999", "c207"), ("", "c0")] {
        assert_eq!(label(predictor, note).await.expect("it answers"), expected, "{note}");
    }
}

/// The file in which the artifact is kept.
fn file(folder: &Path, artifact: &Artifact) -> PathBuf {
    let hex = artifact.digest.trim_start_matches("sha256:");
    folder.join("predictor/artifacts/sha256").join(&hex[..2]).join(hex)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_where_it_was_cut() {
    let (registry, folder, _) = plant().await;
    registry.books().cut = Some(CUT);
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    answers(&predictor).await;
    assert_eq!(registry.books().offsets, [0, CUT as u64]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_damaged_is_fetched_again() {
    let (registry, folder, artifact) = plant().await;
    let path = file(folder.path(), &artifact);
    let damages: [fn(&File); 2] = [
        |file| file.write_all_at(b"damage", 50 << 20).expect("written"),
        |file| file.set_len(CUT as u64).expect("cut"),
    ];
    for (i, damage) in damages.into_iter().enumerate() {
        let predictor = Predictor::start(folder.path(), &registry.address).await;
        answers(&predictor).await;
        predictor.stop().await;
        assert_eq!(registry.books().offsets.len(), i + 1, "once for each damage");
        damage(&File::options().write(true).open(&path).expect("it was kept"));
    }
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    answers(&predictor).await;
    assert_eq!(registry.books().offsets, [0; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_from_its_file_when_the_registry_is_away() {
    let (mut registry, folder, _) = plant().await;
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    answers(&predictor).await;
    predictor.stop().await;
    registry.go_away();
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    answers(&predictor).await;
}
