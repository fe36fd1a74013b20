//! Products of features with weights, and of their transpose with residuals.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul, s};
use rayon::prelude::*;

use crate::design::{Chunk, Features};

/// Rows, or features, that one task takes; results do not depend on it.
pub(super) const ROWS: usize = 256;
const FEATURES: usize = 16;
/// Below this many multiplications, sharing them out costs more than it wins.
const WORTH_SHARING: usize = 1 << 20;

/// A row-major matrix. Its rows are slices, which the innermost loop needs to be quick.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) values: &'a [f64],
    pub(super) width: usize,
}

impl<'a> Matrix<'a> {
    pub(super) fn row(&self, i: usize) -> &'a [f64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    pub(super) fn rows(self, range: Range<usize>) -> Self {
        let values = &self.values[range.start * self.width..range.end * self.width];
        Self { values, width: self.width }
    }
}

/// `into += x · row`.
pub(super) fn add(into: &mut [f64], x: f64, row: &[f64]) {
    for (sum, value) in into.iter_mut().zip(row) {
        *sum += x * value;
    }
}

/// `into += a · b`, in an order that the shape of `a` and `b` along their common axis alone decides.
fn add_product(a: ArrayView2<'_, f64>, b: Matrix<'_>, into: &mut [f64]) {
    if a.is_empty() {
        return;
    }
    let b = ArrayView2::from_shape((a.ncols(), b.width), b.values);
    let into = ArrayViewMut2::from_shape((a.nrows(), into.len() / a.nrows()), into);
    let (b, mut into) = b.ok().zip(into.ok()).expect("blocks are cut to the shape of the product");
    general_mat_mul(1.0, &a, &b, 1.0, &mut into);
}

/// Logits (rows, outputs) of `block`, which begins at row `from`; each adds up by feature.
pub(super) fn logits(features: &Features, weights: Matrix<'_>, from: usize, block: &mut [f64]) {
    let k = weights.width;
    block.fill(0.0);
    if let Some(terms) = features.terms() {
        for (i, logits) in block.chunks_exact_mut(k).enumerate() {
            terms.rows.lane(from + i).for_each(|(j, x)| add(logits, x, weights.row(j)));
        }
    }
    if let Some(numbers) = features.numbers() {
        let (n_terms, n_numbers) = (features.n_terms(), numbers.ncols());
        let numbers = numbers.slice(s![from..from + block.len() / k, ..]);
        add_product(numbers, weights.rows(n_terms..n_terms + n_numbers), block);
    }
}

/// Adds to `slopes` (features, outputs) what the `residuals` (rows, outputs) of a chunk give, by row.
pub(super) fn add_slopes(chunk: &Chunk, residuals: Matrix<'_>, slopes: &mut [f64]) {
    let k = residuals.width;
    let (of_terms, of_numbers) = slopes.split_at_mut(chunk.features.n_terms() * k);
    if let Some(terms) = chunk.features.terms() {
        of_terms.par_chunks_mut(FEATURES * k).enumerate().for_each(|(block, slopes)| {
            for (j, slopes) in slopes.chunks_exact_mut(k).enumerate() {
                let lane = terms.columns.lane(block * FEATURES + j);
                lane.for_each(|(i, x)| add(slopes, x, residuals.row(i)));
            }
        });
    }
    if let Some(numbers) = chunk.features.numbers() {
        add_dense_slopes(numbers.view(), residuals, of_numbers);
    }
}

/// `logits += numbers · weights`.
pub(super) fn add_dense_logits(
    numbers: ArrayView2<'_, f64>,
    weights: Matrix<'_>,
    logits: &mut [f64],
) {
    let k = weights.width;
    in_blocks(logits, ROWS * k, numbers.len() * k, |block, logits| {
        let from = block * ROWS;
        add_product(numbers.slice(s![from..from + logits.len() / k, ..]), weights, logits);
    });
}

/// `slopes += numbersᵀ · residuals`.
pub(super) fn add_dense_slopes(
    numbers: ArrayView2<'_, f64>,
    residuals: Matrix<'_>,
    slopes: &mut [f64],
) {
    let k = residuals.width;
    in_blocks(slopes, FEATURES * k, numbers.len() * k, |block, slopes| {
        let from = block * FEATURES;
        let x = numbers.slice(s![.., from..from + slopes.len() / k]);
        add_product(x.reversed_axes(), residuals, slopes);
    });
}

/// Calls `visit` with each block of `length` of `values` and its number: on several threads where
/// the `work`, in multiplications, is worth it.
fn in_blocks(
    values: &mut [f64],
    length: usize,
    work: usize,
    visit: impl Fn(usize, &mut [f64]) + Send + Sync,
) {
    if work < WORTH_SHARING {
        values.chunks_mut(length).enumerate().for_each(|(i, block)| visit(i, block));
    } else {
        values.par_chunks_mut(length).enumerate().for_each(|(i, block)| visit(i, block));
    }
}
