//! Fitted steps and head: what computes predictions, without where it comes from.

use std::sync::Arc;

use bytes::Bytes;
use millwright_domain::ModelSignature;
use millwright_tensor::{Column, ColumnSpec, Datatype, Rows};
use rayon::prelude::*;

use crate::{
    ArtifactError, Head, PipelineParts, PredictError,
    desk::{Desk, first_infinite},
    hidden::{Hidden, TENSORS},
    logistic::n_outputs,
    parts::are_names,
    softmax::{most_probable_of_each, probabilities},
    steps::{NumericSteps, Vectorizer},
    table::quoted,
};

/// Most bytes of a label, of which every answered row holds one.
pub(crate) const LONGEST_LABEL: usize = 1024;
/// Below this many operations, splitting a batch costs more than it wins (measured: a fork and
/// join of rayon's takes about 18 µs).
const WORTH_SPLITTING: u64 = 3_000_000;
/// Most rows that one task takes, which bounds its buffers.
const MOST_ROWS: usize = 4096;
/// Operations that finding a term costs (measured: a word of a work order takes 130 ns and a run of
/// its characters 55 ns, in which a dense row of 784 numbers goes through 370 and 150).
const FLOPS_PER_TERM: u64 = 300;

/// Computes predictions.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) signature: ModelSignature,
    pub(crate) classes: Vec<String>,
    /// The same, as answers share them.
    labels: Arc<[Bytes]>,
    pub(crate) steps: Steps,
    pub(crate) hidden: Hidden,
    pub(crate) head: Head,
}

/// From raw rows to features: terms of a text first, then numbers.
#[derive(Debug)]
pub(crate) enum Steps {
    Numeric(NumericSteps),
    Text(Vectorizer),
    Mixed(Vectorizer, NumericSteps),
}

impl Steps {
    fn n_features(&self) -> usize {
        self.text().map_or(0, |text| text.vocabulary.terms().len()) + self.n_numbers()
    }

    pub(crate) fn text(&self) -> Option<&Vectorizer> {
        match self {
            Self::Text(text) | Self::Mixed(text, _) => Some(text),
            Self::Numeric(_) => None,
        }
    }

    pub(crate) fn numbers(&self) -> Option<&NumericSteps> {
        match self {
            Self::Numeric(numbers) | Self::Mixed(_, numbers) => Some(numbers),
            Self::Text(_) => None,
        }
    }

    fn n_numbers(&self) -> usize {
        self.numbers().map_or(0, |numbers| numbers.means.len())
    }
}

impl Model {
    /// Checks that `parts` fit each other and hold nothing but numbers.
    pub(crate) fn new(parts: PipelineParts) -> Result<Self, ArtifactError> {
        let PipelineParts { input, hidden, classes, weights, intercept } = parts;
        for (tensor, values) in [("head.weights", &weights), ("head.intercept", &intercept)] {
            if !values.iter().all(|value| value.is_finite()) {
                return Err(ArtifactError::NotFinite { tensor });
            }
        }
        let (inputs, steps) = input.checked()?;
        let head = Head::new(weights, intercept).ok_or(ArtifactError::HEAD)?;
        Self::joined((inputs, steps), (Hidden::of(hidden)?, head), classes)
    }

    /// Joins parts that were checked alone, if they fit each other.
    pub(crate) fn joined(
        (inputs, steps): (Vec<ColumnSpec>, Steps),
        (hidden, head): (Hidden, Head),
        classes: Vec<String>,
    ) -> Result<Self, ArtifactError> {
        let are_labels = classes.iter().all(|class| class.len() <= LONGEST_LABEL);
        if classes.len() < 2 || !are_labels || !are_names(classes.iter().map(String::as_str)) {
            return Err(ArtifactError::Classes);
        }
        if !hidden.is_empty() && steps.text().is_some() {
            return Err(ArtifactError::HiddenText);
        }
        let width = hidden.width(steps.n_features());
        let width = width.ok_or(ArtifactError::Shape { tensor: TENSORS[0].weights })?;
        if (head.n_features(), head.n_outputs()) != (width, n_outputs(classes.len())) {
            return Err(ArtifactError::HEAD);
        }
        let signature = ModelSignature::classifier_of(inputs, &classes);
        let labels = classes.iter().map(|class| Bytes::from(class.clone())).collect();
        Ok(Self { signature, classes, labels, steps, hidden, head })
    }

    /// What a row costs, in floating point operations, roughly.
    pub(crate) fn flops_per_row(&self) -> u64 {
        let outputs = self.head.n_outputs() as u64;
        let exponentials = 20 * self.classes.len() as u64;
        let terms = self.steps.text().map_or(0, |text| text.terms_per_text.ceil() as u64);
        let numbers = self.steps.n_numbers() as u64;
        let dense = if self.hidden.is_empty() { numbers } else { self.head.n_features() as u64 };
        let steps = terms * FLOPS_PER_TERM + 4 * numbers;
        steps + self.hidden.flops_per_row() + 2 * outputs * (terms + dense) + exponentials
    }

    /// Answers `rows` under the signature's outputs.
    pub(crate) fn predict(&self, rows: &Rows) -> Result<Rows, PredictError> {
        let answers = self.probabilities(rows)?;
        let width = self.classes.len();
        let codes = most_probable_of_each(&answers, width);
        let labels = Column::Coded { codes, texts: self.labels.clone() };
        let columns = [labels, Column::of_fp32(width, answers)];
        Ok(Rows::new(rows.len(), columns).expect("both columns hold one entry a row"))
    }

    /// Probabilities (rows, classes), row-major.
    pub(crate) fn probabilities(&self, rows: &Rows) -> Result<Vec<f32>, PredictError> {
        self.check(rows)?;
        let mut answers = vec![0.0; rows.len() * self.classes.len()];
        let block = self.block_rows(rows.len());
        let width = block * self.classes.len();
        if rows.len() <= block {
            self.answer(rows, &mut answers)?;
            return Ok(answers);
        }
        let blocks = answers.par_chunks_mut(width).enumerate().map(|(i, into)| {
            let from = i * block;
            let rows = rows.slice(from..from + block);
            self.answer(&rows, into).map_err(|error| error.shifted(from))
        });
        // Collected first: among several errors, the first is told at any number of threads.
        blocks.collect::<Vec<_>>().into_iter().collect::<Result<(), _>>()?;
        Ok(answers)
    }

    /// Rows that one task takes of `n`. The answers do not depend on it.
    fn block_rows(&self, n: usize) -> usize {
        let work = self.flops_per_row().saturating_mul(n as u64);
        let tasks = if work < WORTH_SPLITTING { 1 } else { rayon::current_num_threads() };
        n.div_ceil(tasks).clamp(1, MOST_ROWS)
    }

    fn check(&self, rows: &Rows) -> Result<(), PredictError> {
        let (expected, found) = (self.signature.inputs.len(), rows.columns().len());
        if expected != found {
            return Err(PredictError::Inputs { expected, found });
        }
        self.signature.inputs.iter().zip(rows.columns()).try_for_each(|(i, c)| check(i, c))
    }

    /// Answers a block of rows that were checked.
    fn answer(&self, rows: &Rows, into: &mut [f32]) -> Result<(), PredictError> {
        let numbers = self.steps.numbers();
        let guilty = Desk::borrow(|desk| {
            if let Some(guilty) = numbers.and_then(|steps| desk.centre(steps, rows)) {
                return Ok(Some(guilty));
            }
            self.weigh(rows, desk, into).map(|()| None)
        });
        let Some((row, column)) = guilty? else { return Ok(()) };
        // The first guilty row is told, and one before may be guilty of something else.
        self.answer(&rows.slice(0..row), into)?;
        Err(PredictError::Infinite { row, column: self.number_name(column) })
    }

    /// Answers rows whose numbers lie on the desk.
    fn weigh(&self, rows: &Rows, desk: &mut Desk, into: &mut [f32]) -> Result<(), PredictError> {
        // What was there is written over.
        desk.logits.resize(rows.len() * self.head.n_outputs(), 0.0);
        let Some(vectorizer) = self.steps.text() else {
            self.hidden.logits(&desk.numbers, &self.head, &mut desk.logits);
            return self.finish(desk, into);
        };
        match self.weigh_texts(vectorizer, rows, desk) {
            None => self.finish(desk, into),
            Some(row) => {
                // Of the rows before, one may be guilty of something else.
                desk.logits.truncate(row * self.head.n_outputs());
                self.finish(desk, into)?;
                let name = self.signature.inputs[0].elements.first();
                let column = name.map(|name| quoted(name)).unwrap_or_default();
                Err(PredictError::NotUtf8 { row, column })
            }
        }
    }

    /// Computes the logits of texts, up to a row that is none, which it tells.
    fn weigh_texts(&self, vectorizer: &Vectorizer, rows: &Rows, desk: &mut Desk) -> Option<usize> {
        let n_numbers = self.steps.n_numbers();
        let mut counter = vectorizer.desk();
        for (row, logits) in desk.logits.chunks_exact_mut(self.head.n_outputs()).enumerate() {
            let Ok(text) = std::str::from_utf8(rows.columns()[0].bytes(row)) else {
                return Some(row);
            };
            let terms = vectorizer.transform(text, &mut counter);
            let numbers = &desk.numbers[row * n_numbers..(row + 1) * n_numbers];
            self.head.sparse_logits(terms, numbers, logits);
        }
        None
    }

    /// Probabilities of the rows whose logits lie on the desk.
    fn finish(&self, desk: &mut Desk, into: &mut [f32]) -> Result<(), PredictError> {
        let Desk { logits, exponentials, .. } = desk;
        let outputs = self.head.n_outputs();
        if let Some(at) = first_infinite(logits) {
            return Err(PredictError::Overflow { row: at / outputs });
        }
        let rows = logits.len() / outputs;
        probabilities(rows, logits, exponentials, &mut into[..rows * self.classes.len()]);
        Ok(())
    }

    /// Name of a column of numbers, as messages show it.
    fn number_name(&self, j: usize) -> String {
        let names = self.signature.inputs.iter().filter(|input| input.datatype == Datatype::Fp32);
        let name = names.flat_map(|input| &input.elements).nth(j);
        name.map(|name| quoted(name)).unwrap_or_default()
    }
}

/// Calls `visit` with row, column and value of every number of `rows`, whether one of its columns
/// holds all numbers of a row or each holds one.
pub(crate) fn for_each_number(rows: &Rows, mut visit: impl FnMut(usize, usize, f64)) {
    let mut first = 0;
    for column in rows.columns() {
        let Column::Fixed { width, .. } = column else { continue };
        let cells = column.to_f64().enumerate();
        cells.for_each(|(i, value)| visit(i / width, first + i % width, value));
        first += width;
    }
}

/// Whether `column` holds what `input` asks for.
fn check(input: &ColumnSpec, column: &Column) -> Result<(), PredictError> {
    let name = || input.name.clone();
    let other = |expected, found| PredictError::Datatype { input: name(), expected, found };
    match (input.datatype, column) {
        (Datatype::Bytes, Column::Var { .. } | Column::Coded { .. }) => Ok(()),
        (Datatype::Bytes, Column::Fixed { datatype, .. }) => Err(other("BYTES", *datatype)),
        (_, Column::Var { .. } | Column::Coded { .. }) => {
            Err(other("FP32 or FP64", Datatype::Bytes))
        }
        (_, Column::Fixed { datatype: Datatype::Fp32 | Datatype::Fp64, width, .. }) => {
            let (expected, found) = (input.width(), *width);
            if expected == found {
                return Ok(());
            }
            Err(PredictError::Width { input: name(), expected, found })
        }
        (_, Column::Fixed { datatype, .. }) => Err(other("FP32 or FP64", *datatype)),
    }
}
