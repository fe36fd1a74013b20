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
    hidden::{Hidden, TENSORS},
    logistic::n_outputs,
    manifest::HIDDEN_FORMAT,
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
    let n_layers = n_layers(&file);
    let has_layers = manifest.format >= HIDDEN_FORMAT;
    let n_tensors = n_tensors(input, manifest.format) + 2 * n_layers;
    if file.n_tensors() != n_tensors || has_layers != (n_layers > 0) {
        return Err(ArtifactError::Tensors);
    }
    let steps = (inputs(input)?, steps(&file, &manifest)?);
    let n_classes = manifest.classes.len();
    let layers = (hidden(&file, n_layers)?, head(&file, n_classes)?);
    let model = Model::joined(steps, layers, manifest.classes.clone())?;
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
    if !(u64::from(FIRST_FORMAT)..=u64::from(HIDDEN_FORMAT)).contains(&format) {
        return Err(ArtifactError::Format { found: format, known: HIDDEN_FORMAT });
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

/// Hidden layers that a file holds; what is left out makes one tensor too many.
fn n_layers(file: &Container<'_>) -> usize {
    TENSORS.iter().take_while(|names| file.shape(names.weights).is_ok()).count()
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

fn hidden(file: &Container<'_>, n_layers: usize) -> Result<Hidden, ArtifactError> {
    let layers = TENSORS.iter().take(n_layers).map(|names| {
        let error = ArtifactError::Shape { tensor: names.weights };
        let [_, outputs] = *file.shape(names.weights)? else { return Err(error) };
        layer(file, (names.weights, names.bias), outputs)
    });
    Hidden::new(layers.collect::<Result<_, _>>()?)
}

fn head(file: &Container<'_>, n_classes: usize) -> Result<Head, ArtifactError> {
    layer(file, (tensor::WEIGHTS, tensor::INTERCEPT), n_outputs(n_classes))
}

/// A layer of weights and biases by these names.
fn layer(
    file: &Container<'_>,
    (weights, bias): (&'static str, &'static str),
    outputs: usize,
) -> Result<Head, ArtifactError> {
    let error = ArtifactError::Shape { tensor: weights };
    if !matches!(file.shape(weights)?, [_, found] if *found == outputs) {
        return Err(error);
    }
    check_shape(file, bias, &[outputs])?;
    for tensor in [weights, bias] {
        file.scan(tensor, |some: &[f32]| {
            let all = some.iter().all(|value| value.is_finite());
            all.then_some(()).ok_or(ArtifactError::NotFinite { tensor })
        })?;
    }
    Head::of(file.cells(weights)?, file.values(bias)?).ok_or(error)
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
