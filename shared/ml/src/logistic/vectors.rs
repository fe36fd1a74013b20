//! Vector arithmetic whose results do not depend on the number of threads.

use rayon::prelude::*;

/// Elements that are added up in one piece, whatever the number of threads.
const CHUNK: usize = 1 << 16;

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let parts = a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK));
    let parts = parts.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>());
    parts.collect::<Vec<_>>().iter().sum()
}

/// `y += a · x`.
pub(super) fn add_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| {
        for (y, x) in y.iter_mut().zip(x) {
            *y += a * x;
        }
    });
}

/// `a - b`.
pub(super) fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Largest magnitude among the elements.
pub(super) fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |most, value| value.abs().max(most))
}
