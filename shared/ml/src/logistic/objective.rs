//! The objective of logistic regression and its gradient.

use std::sync::Arc;

use rayon::prelude::*;

use super::{
    Objective,
    diagonal::Diagonal,
    product::{Matrix, ROWS, add, add_slopes, logits},
    vectors::{add_scaled, dot},
};
use crate::{
    TrainError,
    design::{Chunk, Design},
    softmax::sigmoid,
};

/// Asks the caller between two chunks whether to go on.
pub(crate) type Ask<'a> = &'a mut dyn FnMut() -> Result<(), TrainError>;

/// (sum of the weighted log losses + l2 · ‖w‖² / 2) / rows, as a function of weights and intercepts.
pub(crate) struct MeanLoss<'a> {
    pub(super) design: &'a dyn Design,
    pub(super) outputs: usize,
    pub(super) l2: f64,
    /// What the loss of a row of each class weighs.
    pub(super) class_weights: Vec<f64>,
    // Logits, then weighted probabilities less the truth; kept, so that no pass allocates.
    residuals: Vec<f64>,
    losses: Vec<f64>,
    /// Made when it is first asked for.
    diagonal: Option<Arc<Diagonal>>,
}

impl<'a> MeanLoss<'a> {
    /// `class_weights` has an entry a class, of which a row's label in `design` is one.
    pub(crate) fn new(design: &'a dyn Design, class_weights: Vec<f64>, l2: f64) -> Self {
        let outputs = super::n_outputs(class_weights.len());
        let (residuals, losses, diagonal) = (Vec::new(), Vec::new(), None);
        Self { design, outputs, l2, class_weights, residuals, losses, diagonal }
    }

    /// Rows of the matrix of weights, the intercepts below them.
    pub(super) fn n_lanes(&self) -> usize {
        self.design.n_features() + 1
    }

    /// Weights and intercepts together.
    pub(super) fn n_parameters(&self) -> usize {
        self.n_lanes() * self.outputs
    }

    /// The value at `at`; its gradient there replaces `gradient`.
    ///
    /// Chunks are added up in order, and what is done inside one does not depend on the number of
    /// threads.
    pub(super) fn evaluate(
        &mut self,
        at: &[f64],
        gradient: &mut [f64],
        ask: Ask<'_>,
    ) -> Result<f64, TrainError> {
        let k = self.outputs;
        let (weights, intercept) = at.split_at(at.len() - k);
        let weights = Matrix { values: weights, width: k };
        gradient.fill(0.0);
        let (slopes, intercept_slopes) = gradient.split_at_mut(weights.values.len());
        let mut total = 0.0;
        for i in 0..self.design.n_chunks() {
            ask()?;
            let chunk = self.design.chunk(i)?;
            self.fill(&chunk, weights, intercept);
            let residuals = Matrix { values: &self.residuals, width: k };
            add_slopes(&chunk, residuals, slopes);
            (0..chunk.n_rows()).for_each(|row| add(intercept_slopes, 1.0, residuals.row(row)));
            total += self.losses.iter().sum::<f64>();
        }
        let (mean, l2) = (1.0 / self.design.n_rows() as f64, self.l2);
        add_scaled(slopes, l2, weights.values);
        gradient.iter_mut().for_each(|slope| *slope *= mean);
        Ok((total + l2 * dot(weights.values, weights.values) / 2.0) * mean)
    }

    /// A diagonal for the Hessian.
    fn diagonal(&mut self, ask: Ask<'_>) -> Result<Arc<Diagonal>, TrainError> {
        let diagonal = match self.diagonal.take() {
            Some(diagonal) => diagonal,
            None => Arc::new(Diagonal::of(self, ask)?),
        };
        Ok(self.diagonal.insert(diagonal).clone())
    }

    /// Fills residuals and losses of a chunk, each row by itself.
    fn fill(&mut self, chunk: &Chunk, weights: Matrix<'_>, intercept: &[f64]) {
        let (k, n) = (self.outputs, chunk.n_rows());
        self.residuals.resize(n * k, 0.0);
        self.losses.resize(n, 0.0);
        let blocks = self.residuals.par_chunks_mut(ROWS * k);
        let blocks = blocks.zip(self.losses.par_chunks_mut(ROWS)).enumerate();
        let class_weights = &self.class_weights;
        blocks.for_each(|(block, (residuals, losses))| {
            logits(&chunk.features, weights, block * ROWS, residuals);
            let labels = &chunk.labels[block * ROWS..];
            for ((row, loss), label) in residuals.chunks_exact_mut(k).zip(losses).zip(labels) {
                *loss = residual(row, intercept, *label as usize, class_weights);
            }
        });
    }
}

/// [`MeanLoss`] with somebody to ask.
pub(super) struct Asking<'a, 'b> {
    pub(super) loss: &'a mut MeanLoss<'b>,
    pub(super) ask: Ask<'a>,
}

impl Objective for Asking<'_, '_> {
    fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> Result<f64, TrainError> {
        self.loss.evaluate(at, gradient, self.ask)
    }

    fn diagonal(&mut self) -> Result<Arc<Diagonal>, TrainError> {
        self.loss.diagonal(self.ask)
    }
}

/// Weighted loss of one row, whose logits, still without `intercept`, become weighted probabilities
/// less the truth.
pub(super) fn residual(
    row: &mut [f64],
    intercept: &[f64],
    label: usize,
    class_weights: &[f64],
) -> f64 {
    row.iter_mut().zip(intercept).for_each(|(logit, intercept)| *logit += intercept);
    let (loss, weight) = (log_loss(row, label), class_weights[label]);
    row.iter_mut().for_each(|residual| *residual *= weight);
    weight * loss
}

/// Loss of one row, whose logits become probabilities less the truth.
fn log_loss(row: &mut [f64], label: usize) -> f64 {
    if let [logit] = row {
        let (z, truth) = (*logit, label as f64);
        *logit = sigmoid(z) - truth;
        return z.max(0.0) - truth * z + (-z.abs()).exp().ln_1p();
    }
    let largest = row.iter().fold(f64::NEG_INFINITY, |most, logit| most.max(*logit));
    let of_label = row[label] - largest;
    row.iter_mut().for_each(|logit| *logit = (*logit - largest).exp());
    let total = row.iter().sum::<f64>();
    row.iter_mut().for_each(|value| *value /= total);
    row[label] -= 1.0;
    total.ln() - of_label
}
