//! Golden rows: made-up rows whose answers an artefact carries, to be replayed wherever it loads.
//!
//! They come from recorded ranges and from the vocabulary, never from a real row: whoever downloads
//! a model must not get plant data.

use std::cmp::Ordering;

use millwright_domain::Analyzer;
use millwright_tensor::{Column, Rows};

use crate::{
    ArtifactError, InputParts, NumericColumn, TermRule,
    draws::{Draws, Purpose},
    model::{Model, for_each_number},
};

/// CPU types differ in the last bits; damage does more.
const TOLERANCE: f32 = 1e-5;
/// Rows that are made up.
const N_ROWS: usize = 9;
/// Terms of a drawn text, and bytes of a term that is fit for one.
const LONGEST_TEXT: usize = 12;
const LONGEST_TERM: usize = 256;

/// Rows and their probabilities.
#[derive(Debug)]
pub(crate) struct Golden {
    pub(crate) rows: Rows,
    /// (rows, classes), row-major.
    pub(crate) answers: Vec<f32>,
}

impl Golden {
    /// Asks `model` for its answers to `rows`.
    pub(crate) fn record(model: &Model, rows: Rows) -> Result<Self, ArtifactError> {
        let answers = model.probabilities(&rows).map_err(ArtifactError::GoldenRefused)?;
        Ok(Self { rows, answers })
    }

    /// The texts, where there are any.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let is_text = |column: &&Column| matches!(column, Column::Var { .. });
        let column = self.rows.columns().iter().find(is_text);
        column.into_iter().flat_map(|column| (0..self.rows.len()).map(|row| column.bytes(row)))
    }

    /// The numbers, `width` a row, row-major.
    pub(crate) fn numbers(&self, width: usize) -> Vec<f64> {
        let mut numbers = vec![0.0; self.rows.len() * width];
        for_each_number(&self.rows, |row, j, value| numbers[row * width + j] = value);
        numbers
    }

    /// Checks that `model` still answers as recorded.
    pub(crate) fn replay(&self, model: &Model) -> Result<(), ArtifactError> {
        let found = model.probabilities(&self.rows).map_err(ArtifactError::GoldenRefused)?;
        // What is no number is not near.
        let near = |(found, recorded): (&f32, &f32)| (found - recorded).abs() <= TOLERANCE;
        match found.iter().zip(&self.answers).position(|pair| !near(pair)) {
            Some(i) => Err(ArtifactError::GoldenDiffers { row: i / model.classes.len() }),
            None => Ok(()),
        }
    }
}

/// Rows for a pipeline that begins with `input`.
pub(crate) fn golden_rows(input: &InputParts, seed: u64) -> Rows {
    let mut draws = Draws::new(seed, Purpose::GoldenRows);
    let text = input.text().map(|text| {
        let terms = Listed { n: text.vocabulary.len(), term: &|i| text.vocabulary[i].to_string() };
        texts(text.rule, &terms, &mut draws)
    });
    let numbers = numbers(input.columns(), &mut draws);
    let columns = columns(text, &numbers, input.columns().len());
    Rows::new(N_ROWS, columns).expect("the columns were made with this many rows")
}

/// Rows for a pipeline that begins with a text of these `terms`.
pub(crate) fn golden_texts(rule: TermRule, terms: &Listed<'_>, seed: u64) -> Rows {
    let texts = texts(rule, terms, &mut Draws::new(seed, Purpose::GoldenRows));
    Rows::new(N_ROWS, [texts]).expect("the column was made with this many rows")
}

/// Sorted terms, whoever holds them.
pub(crate) struct Listed<'a> {
    pub(crate) n: usize,
    pub(crate) term: &'a dyn Fn(usize) -> String,
}

impl Listed<'_> {
    /// Where `term` is, if it is one of them.
    pub(crate) fn place(&self, term: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.n);
        while low < high {
            let middle = low + (high - low) / 2;
            match (self.term)(middle).as_str().cmp(term) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// The columns of a pipeline's input: all `numbers` (rows, `width`) in one, or beside a text each
/// in its own.
pub(crate) fn columns(text: Option<Column>, numbers: &[f64], width: usize) -> Vec<Column> {
    let Some(text) = text else { return vec![Column::fp64(width, numbers)] };
    let number = |j: usize| numbers.iter().skip(j).step_by(width).copied().collect::<Vec<_>>();
    let numbers = (0..width).map(|j| Column::fp64(1, &number(j)));
    std::iter::once(text).chain(numbers).collect()
}

/// Medians, nothing, both ends of the ranges, and random rows with gaps; row-major.
fn numbers(columns: &[NumericColumn], draws: &mut Draws) -> Vec<f64> {
    let mut values = Vec::with_capacity(columns.len() * N_ROWS);
    values.extend(columns.iter().map(|column| column.median));
    values.extend(columns.iter().map(|_| f64::NAN));
    values.extend(columns.iter().map(|column| column.range.0));
    values.extend(columns.iter().map(|column| column.range.1));
    while values.len() < columns.len() * N_ROWS {
        values.extend(columns.iter().map(|NumericColumn { range: (low, high), .. }| {
            let (gap, share) = (draws.below(8) == 0, draws.unit());
            if gap { f64::NAN } else { low * (1.0 - share) + high * share }
        }));
    }
    values
}

/// Nothing, a word that is hardly known, and random known terms.
fn texts(rule: TermRule, terms: &Listed<'_>, draws: &mut Draws) -> Column {
    let mut unknown = "unknown".to_owned();
    while terms.place(&unknown).is_some() {
        unknown.push('x');
    }
    let between = match rule.analyzer {
        Analyzer::Word => " ",
        Analyzer::Char => "",
    };
    let mut texts = vec![String::new(), unknown];
    while texts.len() < N_ROWS {
        let n = 1 + draws.below(LONGEST_TEXT);
        let drawn = (0..n).map(|_| (terms.term)(draws.below(terms.n)));
        let short = drawn.filter(|term| term.len() <= LONGEST_TERM).collect::<Vec<_>>();
        texts.push(short.join(between));
    }
    Column::var(texts).expect("a few terms")
}
