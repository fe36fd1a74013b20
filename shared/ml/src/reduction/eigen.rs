//! Eigenvectors of dense symmetric matrices.

use nalgebra::DMatrix;
use ndarray::{Array2, ArrayView2};

/// Eigenvalues, descending, and eigenvectors.
pub(super) struct Eigen {
    pub(super) values: Vec<f64>,
    /// (vectors, size): a row each, in the order of the values.
    pub(super) vectors: Array2<f64>,
}

/// All of them, of a symmetric `matrix`.
pub(super) fn eigen(matrix: ArrayView2<'_, f64>) -> Eigen {
    let n = matrix.nrows();
    let matrix = DMatrix::from_fn(n, n, |i, j| matrix[(i, j)]);
    let found = matrix.symmetric_eigen();
    let mut order = (0..n).collect::<Vec<_>>();
    order.sort_by(|a, b| found.eigenvalues[*b].total_cmp(&found.eigenvalues[*a]));
    Eigen {
        values: order.iter().map(|i| found.eigenvalues[*i]).collect(),
        vectors: Array2::from_shape_fn((n, n), |(i, j)| found.eigenvectors[(j, order[i])]),
    }
}
