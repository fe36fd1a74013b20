//! The few rows of one step.

use std::ops::Range;

use ndarray::{Array2, Axis};

use super::product::{Matrix, add, add_dense_logits, add_dense_slopes};
use crate::design::Chunk;

/// Rows that were gathered from a chunk.
pub(super) struct Batch {
    /// Class of each row.
    pub(super) labels: Vec<u32>,
    /// Terms of the rows: by feature, then by row.
    terms: Vec<Term>,
    /// Numbers of the rows.
    numbers: Option<Array2<f64>>,
}

/// A term of a row.
struct Term {
    feature: usize,
    row: usize,
    value: f64,
}

impl Batch {
    /// The rows of `chunk` in these places.
    pub(super) fn gather(chunk: &Chunk, rows: &[usize]) -> Self {
        let mut terms = Vec::new();
        if let Some(all) = chunk.features.terms() {
            for (row, place) in rows.iter().enumerate() {
                let lane = all.rows.lane(*place);
                terms.extend(lane.map(|(feature, value)| Term { feature, row, value }));
            }
            // A row has a term once: no two are equal, and any sort gives the same order.
            terms.sort_unstable_by_key(|term| (term.feature, term.row));
        }
        let numbers = chunk.features.numbers().map(|numbers| numbers.select(Axis(0), rows));
        let labels = rows.iter().map(|row| chunk.labels[*row]).collect();
        Self { labels, terms, numbers }
    }

    /// The terms that its rows have, ascending.
    pub(super) fn features(&self) -> impl Iterator<Item = usize> + '_ {
        self.terms.chunk_by(|a, b| a.feature == b.feature).map(|terms| terms[0].feature)
    }

    /// Features of its numbers, which every row has, in a design of `n_features`.
    pub(super) fn number_features(&self, n_features: usize) -> Range<usize> {
        n_features - self.numbers.as_ref().map_or(0, Array2::ncols)..n_features
    }

    /// Logits (rows, outputs) replace `logits`; each adds up by feature.
    pub(super) fn logits(&self, weights: Matrix<'_>, logits: &mut [f64]) {
        let k = weights.width;
        logits.fill(0.0);
        for Term { feature, row, value } in &self.terms {
            add(&mut logits[row * k..(row + 1) * k], *value, weights.row(*feature));
        }
        if let Some(numbers) = &self.numbers {
            let features = self.number_features(weights.values.len() / k);
            add_dense_logits(numbers.view(), weights.rows(features), logits);
        }
    }

    /// Calls `visit` with each term's feature and its slopes, which add up by row.
    pub(super) fn term_slopes(
        &self,
        residuals: Matrix<'_>,
        mut visit: impl FnMut(usize, &mut [f64]),
    ) {
        let mut slopes = vec![0.0; residuals.width];
        for terms in self.terms.chunk_by(|a, b| a.feature == b.feature) {
            slopes.fill(0.0);
            terms.iter().for_each(|term| add(&mut slopes, term.value, residuals.row(term.row)));
            visit(terms[0].feature, &mut slopes);
        }
    }

    /// Slopes (numbers, outputs) replace `slopes`.
    pub(super) fn number_slopes(&self, residuals: Matrix<'_>, slopes: &mut Vec<f64>) {
        slopes.clear();
        if let Some(numbers) = &self.numbers {
            slopes.resize(numbers.ncols() * residuals.width, 0.0);
            add_dense_slopes(numbers.view(), residuals, slopes);
        }
    }
}
