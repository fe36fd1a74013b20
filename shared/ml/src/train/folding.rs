//! From the estimator's weights to those of serving.

use crate::reduction::Reduction;

/// The linear steps that serving does not repeat: they are folded into the head when a version is
/// made, so that a loaded version goes from terms and centred numbers to logits at once.
pub(super) struct Folding {
    /// What each number was divided by; numbers follow all terms.
    scales: Vec<f64>,
    reduction: Option<Reduction>,
}

impl Folding {
    pub(super) fn new(scales: Vec<f64>, reduction: Option<Reduction>) -> Self {
        Self { scales, reduction }
    }

    /// Serving's weights (features, outputs) and intercepts from the estimator's, both row-major.
    ///
    /// Weights of components become those of features; then those of numbers lose their scale.
    pub(super) fn fold(&self, weights: Vec<f64>, intercept: Vec<f64>) -> (Vec<f32>, Vec<f32>) {
        let outputs = intercept.len();
        let (mut weights, intercept) = match &self.reduction {
            Some(reduction) => reduction.fold(&weights, intercept),
            None => (weights, intercept),
        };
        let first_number = weights.len() - self.scales.len() * outputs;
        let numbers = weights[first_number..].chunks_exact_mut(outputs);
        for (row, scale) in numbers.zip(&self.scales) {
            row.iter_mut().for_each(|weight| *weight /= scale);
        }
        let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        (single(weights), single(intercept))
    }
}
