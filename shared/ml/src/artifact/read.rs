//! Bytes to a pipeline, checked.

use millwright_domain::{InputSpec, TextSpec, Weighting};
use millwright_tensor::{Column, Rows};
use serde::Deserialize;

use super::{
    ArtifactError,
    container::{Container, MOST_COPIED},
    source::Source,
    tensor, vocabulary,
};
use crate::{
    Head, Manifest, TermRule,
    cells::Cells,
    golden::{self, Golden},
    logistic::n_outputs,
    manifest::FORMAT,
    model::{Model, Steps},
    parts::{TERMS_PER_TEXT, check_rule, inputs, is_worth, numeric_steps},
    steps::{NumericSteps, Vectorizer},
};

/// The oldest format that is read.
const FIRST_FORMAT: u32 = 1;
/// Golden rows are a handful; a file that brings more would only cost time.
const MOST_GOLDEN_ROWS: usize = 64;

/// The pipeline that `source` holds; everything is checked but the golden answers.
pub(crate) fn read(source: Source<'_>) -> Result<(Manifest, Model, Golden), ArtifactError> {
    let file = Container::open(source)?;
    let manifest = manifest(file.manifest()?)?;
    let input = &manifest.spec.pipeline.input;
    if file.n_tensors() != n_tensors(input, manifest.format) {
        return Err(ArtifactError::Tensors);
    }
    let steps = (inputs(input)?, steps(&file, &manifest)?);
    let n_classes = manifest.classes.len();
    let model = Model::joined(steps, head(&file, n_classes)?, manifest.classes.clone())?;
    let golden = golden(&file, &model.steps, n_classes)?;
    let cells = match manifest.evaluation.n_test {
        0 => Some(0),
        _ => n_classes.checked_mul(n_classes),
    };
    if manifest.signature != model.signature || cells != Some(manifest.evaluation.confusion.len()) {
        return Err(ArtifactError::Contradiction);
    }
    file.forget()?;
    Ok((manifest, model, golden))
}

/// Reads the format first: another one may have another manifest.
fn manifest(json: &str) -> Result<Manifest, ArtifactError> {
    #[derive(Deserialize)]
    struct Layout {
        format: u64,
    }
    let Layout { format } = serde_json::from_str(json).map_err(|_| ArtifactError::Manifest)?;
    if !(u64::from(FIRST_FORMAT)..=u64::from(FORMAT)).contains(&format) {
        return Err(ArtifactError::Format { found: format, known: FORMAT });
    }
    serde_json::from_str(json).map_err(|_| ArtifactError::Manifest)
}

/// Tensors that a file holds: no more and no less.
fn n_tensors(input: &InputSpec, format: u32) -> usize {
    let text = input.text().map_or(0, |text| {
        // The first format did not say how many terms a text has.
        let terms_per_text = usize::from(format > FIRST_FORMAT);
        let idf = usize::from(text.vectorizer.weighting == Weighting::Tfidf);
        4 + terms_per_text + idf + vocabulary::n_tensors(format)
    });
    let numbers = input.numeric().map_or(0, |_| 3);
    3 + text + numbers
}

fn steps(file: &Container<'_>, manifest: &Manifest) -> Result<Steps, ArtifactError> {
    let text = |spec| vectorizer(file, spec, manifest.format);
    let numbers = |columns: &[String]| numbers(file, columns.len());
    Ok(match &manifest.spec.pipeline.input {
        InputSpec::Text(spec) => Steps::Text(text(spec)?),
        InputSpec::Numeric(spec) => Steps::Numeric(numbers(&spec.columns)?),
        InputSpec::Mixed(spec) => Steps::Mixed(text(&spec.text)?, numbers(&spec.numeric.columns)?),
    })
}

fn vectorizer(
    file: &Container<'_>,
    spec: &TextSpec,
    format: u32,
) -> Result<Vectorizer, ArtifactError> {
    let rule = TermRule::of(&spec.vectorizer);
    let terms_per_text = match format {
        FIRST_FORMAT => TERMS_PER_TEXT,
        _ => {
            check_shape(file, tensor::TERMS_PER_TEXT, &[1])?;
            file.values(tensor::TERMS_PER_TEXT)?[0]
        }
    };
    check_rule(rule, terms_per_text)?;
    let vocabulary = vocabulary::read(file, format)?;
    let idf = match spec.vectorizer.weighting {
        Weighting::Count => None,
        Weighting::Tfidf => Some(idf(file, vocabulary.terms().len())?),
    };
    Ok(Vectorizer { rule, vocabulary, idf, terms_per_text })
}

fn idf(file: &Container<'_>, n_terms: usize) -> Result<Cells<f64>, ArtifactError> {
    let tensor = tensor::IDF;
    check_shape(file, tensor, &[n_terms])?;
    file.scan(tensor, |some: &[f64]| {
        let all = some.iter().all(is_worth);
        all.then_some(()).ok_or(ArtifactError::OutOfRange { tensor })
    })?;
    file.cells(tensor)
}

fn numbers(file: &Container<'_>, n: usize) -> Result<NumericSteps, ArtifactError> {
    check_shape(file, tensor::MEDIANS, &[n])?;
    check_shape(file, tensor::MEANS, &[n])?;
    numeric_steps(file.values(tensor::MEDIANS)?, file.values(tensor::MEANS)?)
}

fn head(file: &Container<'_>, n_classes: usize) -> Result<Head, ArtifactError> {
    let [_, outputs] = *file.shape(tensor::WEIGHTS)? else { return Err(ArtifactError::HEAD) };
    if outputs != n_outputs(n_classes) {
        return Err(ArtifactError::HEAD);
    }
    check_shape(file, tensor::INTERCEPT, &[outputs])?;
    for tensor in [tensor::WEIGHTS, tensor::INTERCEPT] {
        file.scan(tensor, |some: &[f32]| {
            let all = some.iter().all(|value| value.is_finite());
            all.then_some(()).ok_or(ArtifactError::NotFinite { tensor })
        })?;
    }
    let head = Head::of(file.cells(tensor::WEIGHTS)?, file.values(tensor::INTERCEPT)?);
    head.ok_or(ArtifactError::HEAD)
}

fn check_shape(
    file: &Container<'_>,
    tensor: &'static str,
    expected: &[usize],
) -> Result<(), ArtifactError> {
    let fits = file.shape(tensor)? == expected;
    fits.then_some(()).ok_or(ArtifactError::Shape { tensor })
}

fn golden(file: &Container<'_>, steps: &Steps, n_classes: usize) -> Result<Golden, ArtifactError> {
    let shape = ArtifactError::Shape { tensor: tensor::GOLDEN_ANSWERS };
    let [n, width] = *file.shape(tensor::GOLDEN_ANSWERS)? else { return Err(shape) };
    if width != n_classes || !(1..=MOST_GOLDEN_ROWS).contains(&n) {
        return Err(shape);
    }
    let text = steps.text().map(|_| golden_texts(file)).transpose()?;
    let d = steps.numbers().map_or(0, |numbers| numbers.means.len());
    let numbers = match d {
        0 => vec![],
        _ => {
            check_shape(file, tensor::GOLDEN_NUMBERS, &[n, d])?;
            file.values(tensor::GOLDEN_NUMBERS)?
        }
    };
    let rows = Rows::new(n, golden::columns(text, &numbers, d)).map_err(|_| shape)?;
    Ok(Golden { rows, answers: file.values(tensor::GOLDEN_ANSWERS)? })
}

fn golden_texts(file: &Container<'_>) -> Result<Column, ArtifactError> {
    let tensor = tensor::GOLDEN_TEXTS.bytes;
    if file.shape(tensor)?.iter().any(|bytes| *bytes > MOST_COPIED) {
        return Err(ArtifactError::Shape { tensor });
    }
    let mut texts = Vec::new();
    file.scan_texts(tensor::GOLDEN_TEXTS, |text| {
        texts.push(text.to_owned());
        let few = texts.len() <= MOST_GOLDEN_ROWS;
        few.then_some(()).ok_or(ArtifactError::Shape { tensor })
    })?;
    Column::var(texts).ok_or(ArtifactError::Shape { tensor })
}
