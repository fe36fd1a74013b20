//! A pipeline to bytes, the same bytes every time.

use std::io::Write;

use super::{ArtifactError, tensor, writer::Tensors};
use crate::{
    Manifest,
    golden::Golden,
    manifest::format_of,
    model::Model,
    steps::{NumericSteps, TermIndex, Vectorizer},
    texts::Texts,
};

/// Writes the artefact of a pipeline.
pub(crate) fn write(
    manifest: &Manifest,
    model: &Model,
    golden: &Golden,
    out: &mut dyn Write,
) -> Result<(), ArtifactError> {
    let head = &model.head;
    let texts = golden.texts().collect::<Texts>();
    let index = model.steps.text().map(|text| text.vocabulary.index()).transpose();
    let index = index.map_err(|_| ArtifactError::Vocabulary)?;
    let mut tensors = Tensors::default();
    tensors.add(tensor::WEIGHTS, &[head.n_features(), head.n_outputs()], head.weights());
    tensors.add(tensor::INTERCEPT, &[head.n_outputs()], head.intercept());
    for (layer, names) in model.hidden.layers() {
        tensors.add(names.weights, &[layer.n_features(), layer.n_outputs()], layer.weights());
        tensors.add(names.bias, &[layer.n_outputs()], layer.intercept());
    }
    add_answers(&mut tensors, model, golden);
    if let Some((text, index)) = model.steps.text().zip(index.as_ref()) {
        add_text(&mut tensors, text, index);
        tensors.texts(tensor::GOLDEN_TEXTS, &texts);
    }
    if let Some(steps) = model.steps.numbers() {
        add_numbers(&mut tensors, steps);
        let d = steps.means.len();
        tensors.add(tensor::GOLDEN_NUMBERS, &[golden.rows.len(), d], golden.numbers(d));
    }
    tensors.write(json(manifest, model)?, out)
}

pub(super) fn add_answers<'a>(tensors: &mut Tensors<'a>, model: &Model, golden: &'a Golden) {
    let shape = [golden.rows.len(), model.classes.len()];
    tensors.add(tensor::GOLDEN_ANSWERS, &shape, &golden.answers);
}

fn add_text<'a>(tensors: &mut Tensors<'a>, text: &'a Vectorizer, index: &'a TermIndex) {
    tensors.texts(tensor::VOCABULARY, text.vocabulary.terms());
    add_index(tensors, index, text.terms_per_text);
    if let Some(idf) = &text.idf {
        tensors.add(tensor::IDF, &[idf.len()], &idf[..]);
    }
}

/// What there is of every vocabulary beside its terms.
pub(super) fn add_index<'a>(tensors: &mut Tensors<'a>, index: &'a TermIndex, terms_per_text: f32) {
    tensors.add(tensor::STARTS, &[index.starts().len()], index.starts());
    tensors.add(tensor::PLACES, &[index.places().len()], index.places());
    tensors.add(tensor::TERMS_PER_TEXT, &[1], vec![terms_per_text]);
}

fn add_numbers<'a>(tensors: &mut Tensors<'a>, steps: &'a NumericSteps) {
    tensors.add(tensor::MEDIANS, &[steps.medians.len()], &steps.medians);
    tensors.add(tensor::MEANS, &[steps.means.len()], &steps.means);
}

/// The manifest of a file that is written now: what was read in an older format is written in the
/// latest that `model` needs.
pub(super) fn json(manifest: &Manifest, model: &Model) -> Result<String, ArtifactError> {
    let manifest = Manifest { format: format_of(&model.hidden), ..manifest.clone() };
    serde_json::to_string(&manifest).map_err(|_| ArtifactError::Manifest)
}
