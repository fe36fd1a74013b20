//! Few features: the scatter matrix itself.

use ndarray::{Array2, ArrayViewMut2, linalg::general_mat_mul, s};
use rayon::prelude::*;

use super::{
    eigen::eigen,
    entries::{for_each_in_column, for_each_in_row},
    scatter::{Scatter, dot},
    spectrum::{Spectrum, Values, Vectors},
};
use crate::{TrainError, design::Features, logistic::Ask};

/// Features that one task takes; results do not depend on it.
const FEATURES: usize = 64;

/// The whole spectrum.
pub(super) fn spectrum(scatter: &Scatter<'_>, ask: Ask<'_>) -> Result<Spectrum, TrainError> {
    let d = scatter.shift.len();
    let mut sums = vec![0.0; d * d];
    for i in 0..scatter.design.n_chunks() {
        ask()?;
        add_products(&scatter.design.chunk(i)?.features, d, &mut sums);
    }
    let mut matrix = Array2::from_shape_vec((d, d), sums).expect("its size is d × d");
    let (n, means, shift) = (scatter.design.n_rows() as f64, &scatter.moments.means, scatter.shift);
    for ((i, j), sum) in matrix.indexed_iter_mut() {
        *sum -= n * (means[i] * shift[j] + shift[i] * (means[j] - shift[j]));
    }
    let found = eigen(matrix.view());
    let centre = scatter.centre();
    let off_centre = found.vectors.rows().into_iter().map(|v| dot(&v.to_vec(), &centre)).collect();
    let values = Values { eigen: found.values, off_centre };
    Ok(Spectrum { values, vectors: Vectors::OfFeatures(found.vectors) })
}

/// Adds the products of features with each other, each by row.
fn add_products(features: &Features, d: usize, sums: &mut [f64]) {
    if let Features::Dense(x) = features {
        sums.par_chunks_mut(FEATURES * d).enumerate().for_each(|(block, sums)| {
            let from = block * FEATURES;
            let columns = x.slice(s![.., from..from + sums.len() / d]);
            let sums = ArrayViewMut2::from_shape((columns.ncols(), d), sums);
            let mut sums = sums.expect("a block of whole rows");
            general_mat_mul(1.0, &columns.t(), x, 1.0, &mut sums);
        });
        return;
    }
    sums.par_chunks_exact_mut(d).enumerate().for_each(|(j, sums)| {
        for_each_in_column(features, j, |row, x| {
            for_each_in_row(features, row, |k, y| sums[k] += x * y);
        });
    });
}
