//! Means and variance of features.

use super::entries::for_each_in_row;
use crate::{TrainError, design::Design, logistic::Ask};

/// First and second moments of the rows of a design.
pub(super) struct Moments {
    /// Of each feature.
    pub(super) means: Vec<f64>,
    /// Sum of the features' population variances.
    pub(super) variance: f64,
}

impl Moments {
    pub(super) fn of(design: &dyn Design, ask: Ask<'_>) -> Result<Self, TrainError> {
        let n = design.n_rows() as f64;
        let (mut means, mut squares) = (vec![0.0; design.n_features()], 0.0);
        for i in 0..design.n_chunks() {
            ask()?;
            let chunk = design.chunk(i)?;
            let (rows, features) = (0..chunk.n_rows(), &chunk.features);
            // Sums of a column depend on no other; those of squares are one chain.
            rayon::join(
                || rows.clone().for_each(|i| for_each_in_row(features, i, |j, x| means[j] += x)),
                || rows.clone().for_each(|i| for_each_in_row(features, i, |_, x| squares += x * x)),
            );
        }
        means.iter_mut().for_each(|mean| *mean /= n);
        let variance = squares / n - means.iter().map(|mean| mean * mean).sum::<f64>();
        // What rounding leaves of nothing is nothing.
        let is_rounding = variance <= 1e-12 * squares / n;
        Ok(Self { means, variance: if is_rounding { 0.0 } else { variance } })
    }
}
