//! The linear head: features to logits.

use std::sync::OnceLock;

use crate::{
    cells::Cells,
    kernel::{Dense, prefetch},
};

/// Terms of a row whose weights are asked for before they are used.
const AHEAD: usize = 8;

/// Weights and intercepts of a linear layer, f32.
///
/// For sparse rows, weights are read where they lie, which may be a file that is mapped. For dense
/// ones they are laid out anew by the first call, as large again (outputs count as the next multiple
/// of 16): a model's golden rows make it when the model is loaded.
///
/// Each logit adds up in an order that the features alone fix: the row's neighbours, their number
/// and the threads have no part in it.
#[derive(Debug)]
pub struct Head {
    /// (features, outputs), row-major.
    weights: Cells<f32>,
    intercept: Vec<f32>,
    dense: OnceLock<Dense>,
}

impl Head {
    /// `weights` is (features, outputs), row-major, `intercept` has one entry an output.
    ///
    /// `None` where these sizes do not fit, or there is no feature or no output.
    pub fn new(weights: Vec<f32>, intercept: Vec<f32>) -> Option<Self> {
        Self::of(weights.into(), intercept)
    }

    pub(crate) fn of(weights: Cells<f32>, intercept: Vec<f32>) -> Option<Self> {
        let outputs = intercept.len();
        let fits = outputs > 0 && !weights.is_empty() && weights.len().is_multiple_of(outputs);
        fits.then_some(Self { weights, intercept, dense: OnceLock::new() })
    }

    /// Length of a row of features.
    pub fn n_features(&self) -> usize {
        self.weights.len() / self.intercept.len()
    }

    /// Length of a row of logits.
    pub fn n_outputs(&self) -> usize {
        self.intercept.len()
    }

    /// Weights, (features, outputs), row-major.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// One intercept an output.
    pub fn intercept(&self) -> &[f32] {
        &self.intercept
    }

    /// Logits (rows, outputs) of dense `features` (rows, features), both row-major.
    ///
    /// A last row that is not complete is left out.
    pub fn dense_logits(&self, features: &[f32]) -> Vec<f32> {
        let rows = features.len() / self.n_features();
        let mut logits = vec![0.0; rows * self.n_outputs()];
        self.dense_logits_into(&features[..rows * self.n_features()], &mut logits);
        logits
    }

    /// As [`dense_logits`](Self::dense_logits), into memory that is there.
    ///
    /// # Panics
    /// If `features` are not complete rows, or `logits` holds more or fewer.
    pub fn dense_logits_into(&self, features: &[f32], logits: &mut [f32]) {
        let dense = self.dense.get_or_init(|| Dense::new(&self.weights, &self.intercept));
        dense.apply(features, logits);
    }

    /// Logits of one row from its `terms`, ascending, and the `numbers` that follow all terms: they
    /// add up in this order.
    ///
    /// # Panics
    /// If there is no feature for one of them.
    pub fn sparse_logits(&self, terms: &[(u32, f32)], numbers: &[f32], logits: &mut [f32]) {
        logits.fill(0.0);
        let (weights, outputs) = (self.weights(), self.n_outputs());
        let first_number = self.n_features() - numbers.len();
        let of = |feature: usize| &weights[feature * outputs..(feature + 1) * outputs];
        // Terms lie anywhere: their weights come from memory side by side, not one after the other.
        let mut ahead = terms.iter().map(|(feature, _)| of(*feature as usize));
        ahead.by_ref().take(AHEAD).for_each(prefetch);
        let terms = terms.iter().map(|(feature, value)| (*feature as usize, value));
        for (feature, value) in terms.chain((first_number..).zip(numbers)) {
            ahead.next().into_iter().for_each(prefetch);
            let weights = of(feature);
            for (logit, weight) in logits.iter_mut().zip(weights) {
                *logit += value * weight;
            }
        }
        for (logit, intercept) in logits.iter_mut().zip(&self.intercept) {
            *logit += intercept;
        }
    }
}
