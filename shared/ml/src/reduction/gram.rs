//! Few rows: their products with each other.

use std::borrow::Cow;

use ndarray::{Array2, ArrayViewMut2, linalg::general_mat_mul, s};
use rayon::prelude::*;

use super::{
    eigen::eigen,
    entries::{for_each_in_column, for_each_in_row},
    scatter::{Scatter, dot},
    spectrum::{Spectrum, Values, Vectors},
};
use crate::{
    TrainError,
    design::{Chunk, Features},
    logistic::Ask,
};

/// Rows that one task takes; results do not depend on it.
const ROWS: usize = 64;

/// The whole spectrum: the products of rows have the eigenvalues that those of features have, and
/// from eigenvectors over the rows follow those over the features.
pub(super) fn spectrum(scatter: &Scatter<'_>, ask: Ask<'_>) -> Result<Spectrum, TrainError> {
    let mut matrix = products(scatter, ask)?;
    // (x − s) · (y − s) = x · y − (x − s) · s − y · s
    let with_shift = scatter.project(scatter.shift, ask)?;
    let shift = dot(scatter.shift, scatter.shift);
    for ((i, j), product) in matrix.indexed_iter_mut() {
        *product -= with_shift[i] + (with_shift[j] + shift);
    }
    let found = eigen(matrix.view());
    let along_centre = scatter.project(&scatter.centre(), ask)?;
    let pairs = found.values.iter().zip(found.vectors.rows());
    let off_centre = pairs.map(|(value, u)| dot(&u.to_vec(), &along_centre) / value.sqrt());
    let off_centre = off_centre.collect();
    let values = Values { eigen: found.values, off_centre };
    Ok(Spectrum { values, vectors: Vectors::OfRows(found.vectors) })
}

/// The products of all rows as they are.
fn products(scatter: &Scatter<'_>, ask: Ask<'_>) -> Result<Array2<f64>, TrainError> {
    let (design, n) = (scatter.design, scatter.design.n_rows());
    let mut products = Array2::zeros((n, n));
    let mut first = 0;
    for i in 0..design.n_chunks() {
        let chunk = design.chunk(i)?;
        let mut other_first = 0;
        for j in 0..design.n_chunks() {
            ask()?;
            let other = if i == j { Cow::Borrowed(&*chunk) } else { design.chunk(j)? };
            let block =
                s![first..first + chunk.n_rows(), other_first..other_first + other.n_rows()];
            products.slice_mut(block).assign(&pairs(&chunk, &other));
            other_first += other.n_rows();
        }
        first += chunk.n_rows();
    }
    Ok(products)
}

/// The products of the rows of one chunk with those of another, each by feature.
fn pairs(rows: &Chunk, others: &Chunk) -> Array2<f64> {
    let width = others.n_rows();
    let mut products = vec![0.0; rows.n_rows() * width];
    products.par_chunks_mut(ROWS * width).enumerate().for_each(|(block, products)| {
        let first = block * ROWS;
        if let (Features::Dense(x), Features::Dense(y)) = (&rows.features, &others.features) {
            let x = x.slice(s![first..first + products.len() / width, ..]);
            let products = ArrayViewMut2::from_shape((x.nrows(), width), products);
            general_mat_mul(1.0, &x, &y.t(), 0.0, &mut products.expect("a block of whole rows"));
            return;
        }
        for (row, products) in products.chunks_exact_mut(width).enumerate() {
            for_each_in_row(&rows.features, first + row, |j, x| {
                for_each_in_column(&others.features, j, |other, y| products[other] += x * y);
            });
        }
    });
    Array2::from_shape_vec((rows.n_rows(), width), products).expect("whole rows")
}
