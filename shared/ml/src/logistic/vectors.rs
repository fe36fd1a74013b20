//! Vector arithmetic whose results do not depend on the number of threads.

use rayon::prelude::*;

/// Elements that are added up in one piece, whatever the number of threads.
const CHUNK: usize = 1 << 16;

/// Sums that run side by side, as many as fit into the registers of any processor.
const LANES: usize = 8;

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let parts = a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK));
    parts.map(|(a, b)| dot_block(a, b)).collect::<Vec<_>>().iter().sum()
}

/// As [`dot`], on this thread.
pub(super) fn dot_block(a: &[f64], b: &[f64]) -> f64 {
    let (a, rest_of_a) = a.as_chunks::<LANES>();
    let (b, rest_of_b) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest = rest_of_a.iter().zip(rest_of_b).map(|(a, b)| a * b);
    sums.into_iter().chain(rest).sum()
}

/// `y += a · x`.
pub(super) fn add_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| add(y, a, x));
}

/// As [`add_scaled`], on this thread.
pub(super) fn add(y: &mut [f64], a: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// `into = from + a · x`.
pub(super) fn move_along(x: &[f64], a: f64, from: &[f64], into: &mut [f64]) {
    let parts = into.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK)).zip(x.par_chunks(CHUNK));
    parts.for_each(|((into, from), x)| {
        for ((into, from), x) in into.iter_mut().zip(from).zip(x) {
            *into = from + a * x;
        }
    });
}

/// `into = a - b`.
pub(super) fn subtract(a: &[f64], b: &[f64], into: &mut [f64]) {
    for ((into, a), b) in into.iter_mut().zip(a).zip(b) {
        *into = a - b;
    }
}

/// Largest magnitude among the elements.
pub(super) fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |most, value| value.abs().max(most))
}
