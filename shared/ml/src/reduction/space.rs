//! A space of orthonormal vectors that grows by blocks.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, linalg::general_mat_mul, s};
use rayon::prelude::*;

use super::{
    eigen::Eigen,
    krylov::BLOCK,
    scatter::{LANES, Panel, Scatter, dot},
};
use crate::{TrainError, draws::Draws, logistic::Ask};

/// Vectors that one task takes; results do not depend on it.
const VECTORS: usize = 64;
/// Shares of the largest eigenvalue, and of a vector's own length, below which what is left of a
/// vector is rounding.
const NOTHING: (f64, f64) = (1e-12, 1e-8);

/// The space, and the scatter matrix within it.
pub(super) struct Space {
    /// Length of a vector.
    d: usize,
    /// (vectors, d), row-major; the latest block was not mapped yet.
    basis: Vec<f64>,
    latest: usize,
    /// (vectors, vectors), of those that were mapped.
    matrix: Array2<f64>,
}

/// What a step adds.
pub(super) struct Step {
    /// (vectors, d), orthogonal to the space.
    next: Vec<f64>,
    /// (vectors, vectors of the block that was mapped): how its image leaves the space.
    couplings: Array2<f64>,
}

impl Space {
    /// A space of vectors of length `d`, of which there is none yet.
    pub(super) fn new(d: usize) -> Self {
        Self { d, basis: Vec::new(), latest: 0, matrix: Array2::zeros((0, 0)) }
    }

    /// Adds a block of random vectors, after a restart or at the beginning.
    pub(super) fn add_random(&mut self, draws: &mut Draws) {
        let mut block = (0..BLOCK * self.d).map(|_| draws.normal()).collect::<Vec<_>>();
        self.take_out(&mut block);
        self.take_out(&mut block);
        let (next, couplings) = orthonormal(block, self.d, 0.0);
        self.extend(Step { next, couplings });
    }

    /// Vectors so far.
    pub(super) fn len(&self) -> usize {
        self.basis.len() / self.d
    }

    /// The scatter matrix within the space, after a step.
    pub(super) fn matrix(&self) -> ArrayView2<'_, f64> {
        self.matrix.view()
    }

    /// Whether nothing is left outside, after a step: no vector, or none with an image.
    pub(super) fn is_all(&self, scatter: &Scatter<'_>) -> bool {
        self.len() == self.d || self.matrix.diag().sum() >= (1.0 - NOTHING.0) * scatter.trace()
    }

    /// Maps the latest block.
    pub(super) fn step(&mut self, scatter: &Scatter<'_>, ask: Ask<'_>) -> Result<Step, TrainError> {
        let (d, m, b) = (self.d, self.len(), self.latest);
        let images = scatter.map(&panels(&self.basis[(m - b) * d..], d), ask)?;
        let mut images = rows(&images, b, d);
        // Twice: the first time leaves what rounding makes of large parts.
        let within = self.take_out(&mut images) + self.take_out(&mut images);
        let mut matrix = Array2::zeros((m, m));
        matrix.slice_mut(s![..m - b, ..m - b]).assign(&self.matrix);
        matrix.slice_mut(s![.., m - b..]).assign(&within);
        matrix.slice_mut(s![m - b.., ..]).assign(&within.t());
        self.matrix = matrix;
        let scale = self.matrix.diag().iter().fold(0.0, |most: f64, value| most.max(*value));
        let (next, couplings) = orthonormal(images, d, NOTHING.0 * scale);
        Ok(Step { next, couplings })
    }

    /// Takes in what a step has added.
    pub(super) fn extend(&mut self, step: Step) {
        self.latest = step.next.len() / self.d;
        self.basis.extend(step.next);
    }

    /// Keeps the first `n` Ritz vectors alone, after a step.
    pub(super) fn restart(&mut self, found: &Eigen, n: usize) {
        let n = n.min(found.values.len());
        self.basis = self.combined(found, n).into_raw_vec_and_offset().0;
        self.matrix = Array2::from_diag(&ndarray::aview1(&found.values[..n]));
    }

    /// The first `n` Ritz vectors, a row each.
    pub(super) fn combined(&self, found: &Eigen, n: usize) -> Array2<f64> {
        let mut combined = vec![0.0; n * self.d];
        combined.par_chunks_mut(VECTORS * self.d).enumerate().for_each(|(block, into)| {
            let from = block * VECTORS;
            let rows = from..from + into.len() / self.d;
            add_product(1.0, found.vectors.slice(s![rows, ..]), self.vectors(), into);
        });
        Array2::from_shape_vec((n, self.d), combined).expect("whole rows")
    }

    /// Products of `v` with all vectors.
    pub(super) fn coordinates(&self, v: &[f64]) -> Vec<f64> {
        self.basis.chunks_exact(self.d).map(|row| dot(row, v)).collect()
    }

    /// Makes `images` (images, d) orthogonal to the space; (vectors, images) of what was taken out.
    fn take_out(&self, images: &mut [f64]) -> Array2<f64> {
        let (d, b) = (self.d, images.len() / self.d);
        let mut within = vec![0.0; self.len() * b];
        let of_images = view(images, d);
        let blocks = within.par_chunks_mut(VECTORS * b).zip(self.basis.par_chunks(VECTORS * d));
        blocks.for_each(|(into, vectors)| add_product(1.0, view(vectors, d), of_images.t(), into));
        let within = Array2::from_shape_vec((self.len(), b), within).expect("whole rows");
        images.par_chunks_mut(LANES * d).enumerate().for_each(|(block, into)| {
            let from = block * LANES;
            let parts = within.slice(s![.., from..from + into.len() / d]);
            add_product(-1.0, parts.t(), self.vectors(), into);
        });
        within
    }

    fn vectors(&self) -> ArrayView2<'_, f64> {
        view(&self.basis, self.d)
    }
}

impl Step {
    /// Whether nothing is left to add: all Ritz pairs are eigenpairs.
    pub(super) fn is_last(&self) -> bool {
        self.next.is_empty()
    }

    /// Largest residual of the first `n` Ritz pairs.
    pub(super) fn residual(&self, found: &Eigen, n: usize) -> f64 {
        let b = self.couplings.ncols();
        let m = found.values.len();
        let residual = |i: usize| {
            let latest = found.vectors.slice(s![i, m - b..]);
            let outside = self.couplings.dot(&latest);
            outside.iter().map(|part| part * part).sum::<f64>().sqrt()
        };
        (0..n.min(m)).map(residual).fold(0.0, f64::max)
    }
}

/// Orthonormal vectors that span the rows of `block`, and the block in their terms:
/// (vectors, rows of the block). What is at most as long as `nothing` is left out.
fn orthonormal(mut block: Vec<f64>, d: usize, nothing: f64) -> (Vec<f64>, Array2<f64>) {
    let b = block.len() / d;
    let mut couplings = Array2::zeros((b, b));
    let mut vectors = Vec::with_capacity(block.len());
    for (i, row) in block.chunks_exact_mut(d).enumerate() {
        let nothing = nothing.max(NOTHING.1 * dot(row, row).sqrt());
        for _ in 0..2 {
            for (j, vector) in vectors.chunks_exact(d).enumerate() {
                let part = dot(vector, row);
                couplings[(j, i)] += part;
                row.iter_mut().zip(vector).for_each(|(value, v)| *value -= part * v);
            }
        }
        let norm = dot(row, row).sqrt();
        if norm > nothing {
            couplings[(vectors.len() / d, i)] = norm;
            vectors.extend(row.iter().map(|value| value / norm));
        }
    }
    let n = vectors.len() / d;
    (vectors, couplings.slice_move(s![..n, ..]))
}

fn view(rows: &[f64], d: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((rows.len() / d, d), rows).expect("whole rows")
}

/// `into` += `factor` · `a` · `b`.
fn add_product(factor: f64, a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, into: &mut [f64]) {
    let into = ArrayViewMut2::from_shape((a.nrows(), b.ncols()), into);
    general_mat_mul(factor, &a, &b, 1.0, &mut into.expect("as many rows and columns"));
}

/// Rows of `block` (rows, d) side by side.
fn panels(block: &[f64], d: usize) -> Vec<Panel> {
    let rows = block.chunks_exact(d).collect::<Vec<_>>();
    let entry = |row: Option<&&[f64]>, j: usize| row.map_or(0.0, |row| row[j]);
    let panel = |rows: &[&[f64]]| {
        (0..d).map(|j| std::array::from_fn(|lane| entry(rows.get(lane), j))).collect()
    };
    rows.chunks(LANES).map(panel).collect()
}

/// The first `n` vectors of `panels` as rows of length `d`.
fn rows(panels: &[Panel], n: usize, d: usize) -> Vec<f64> {
    let value = |i: usize, j: usize| panels[i / LANES][j][i % LANES];
    (0..n).flat_map(|i| (0..d).map(move |j| value(i, j))).collect()
}
