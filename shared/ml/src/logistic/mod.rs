//! Multinomial logistic regression, fitted step by step.
//!
//! [`MeanLoss`] is what is minimised; a [`Run`] walks downhill on it, an iteration at a time, and
//! can be kept and taken up again after any of them.

mod batch;
mod diagonal;
mod lbfgs;
mod line_search;
mod mini_batch;
mod objective;
mod product;
mod rule;
mod run;
mod score;
mod vectors;

use std::sync::Arc;

use diagonal::Diagonal;
use objective::Asking;
pub(crate) use objective::{Ask, MeanLoss};
pub(crate) use run::{Fitter, Moved, Run};
pub(crate) use score::score;

use crate::TrainError;

/// A smooth function of many parameters.
trait Objective {
    /// The value at `at`; its gradient there replaces `gradient`.
    fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> Result<f64, TrainError>;

    /// Roughly the diagonal of its Hessian, or a multiple of that: the same every time.
    fn diagonal(&mut self) -> Result<Arc<Diagonal>, TrainError>;
}

/// A point with its value and gradient.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Point {
    /// Weights (features, outputs), row-major, then an intercept an output.
    pub(crate) at: Vec<f64>,
    pub(crate) value: f64,
    gradient: Vec<f64>,
}

impl Point {
    /// Largest magnitude of the gradient's elements.
    pub(crate) fn slope(&self) -> f64 {
        vectors::largest(&self.gradient)
    }

    fn is_finite(&self) -> bool {
        let numbers = self.at.iter().chain(&self.gradient);
        self.value.is_finite() && numbers.copied().all(f64::is_finite)
    }
}

/// The fitted estimator, f64, for features as training saw them.
#[derive(Clone, Debug)]
pub(crate) struct FittedLogistic {
    /// (features, outputs), row-major; two classes have one output.
    pub(crate) weights: Vec<f64>,
    /// One an output.
    pub(crate) intercept: Vec<f64>,
}

impl FittedLogistic {
    /// The estimator at a [`Point`].
    pub(crate) fn new(at: &[f64], n_classes: usize) -> Self {
        let (weights, intercept) = at.split_at(at.len() - n_outputs(n_classes));
        Self { weights: weights.to_vec(), intercept: intercept.to_vec() }
    }
}

/// Outputs of the linear head for this number of classes: two classes share one logit, as in
/// scikit-learn, since two weight vectors would be penalised otherwise.
pub(crate) fn n_outputs(n_classes: usize) -> usize {
    if n_classes == 2 { 1 } else { n_classes }
}
