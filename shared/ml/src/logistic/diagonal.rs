//! What is known of the curvature before the first step.

use super::objective::{Ask, MeanLoss};
use crate::{TrainError, design::Chunk};

/// Of the curvature that rows have at their classes' shares, what is left near the minimum, where
/// most are told with more certainty. Between 0.1 and 0.3 it matters little.
const LEFT: f64 = 0.15;

/// The diagonal of a Hessian that stands for that of the loss: `lanes[j].0 · outputs[c] + lanes[j].1`
/// for the parameter of feature `j` and output `c`.
///
/// Counts of terms differ by orders of magnitude, and so do the curvatures of their weights. L-BFGS
/// that begins with these instead of a multiple of the unit matrix needs a fraction of the steps.
#[derive(Clone, Debug)]
pub(super) struct Diagonal {
    /// Of each feature, the intercept last: the sum of the weighted squares, and the penalty.
    lanes: Vec<(f64, f64)>,
    /// A share of the variance of each class.
    outputs: Vec<f64>,
}

impl Diagonal {
    /// The Hessian of `loss` where each row has the classes' shares for its probabilities, and less
    /// of it against the penalty.
    pub(super) fn of(loss: &MeanLoss<'_>, ask: Ask<'_>) -> Result<Self, TrainError> {
        let design = loss.design;
        let mean = 1.0 / design.n_rows() as f64;
        let mut lanes = vec![(0.0, loss.l2 * mean); design.n_features()];
        let mut counts = vec![0.0; loss.class_weights.len()];
        for i in 0..design.n_chunks() {
            ask()?;
            let chunk = design.chunk(i)?;
            for (row, label) in chunk.labels.iter().enumerate() {
                let weight = loss.class_weights[*label as usize] * mean;
                counts[*label as usize] += weight;
                add_squares(&chunk, row, weight, &mut lanes);
            }
        }
        let total = counts.iter().sum::<f64>();
        lanes.push((total, 0.0));
        let share = |count: &f64| LEFT * (count / total) * (1.0 - count / total);
        let outputs = counts[counts.len() - loss.outputs..].iter().map(share).collect();
        Ok(Self { lanes, outputs })
    }

    /// Of `lanes` lanes, whose curvatures are all 1.
    #[cfg(test)]
    pub(super) fn unit(lanes: usize, outputs: usize) -> Self {
        Self { lanes: vec![(1.0, 0.0); lanes], outputs: vec![1.0; outputs] }
    }

    /// About `n` parameters, which are whole lanes.
    pub(super) fn block(&self, n: usize) -> usize {
        let k = self.outputs.len();
        (n / k).max(1) * k
    }

    /// `into = values / diagonal`, for whole lanes from parameter `first` on.
    pub(super) fn divide(&self, first: usize, values: &[f64], into: &mut Vec<f64>) {
        into.clear();
        let k = self.outputs.len();
        let lanes = self.lanes[first / k..].iter().zip(values.chunks_exact(k));
        for ((squares, penalty), values) in lanes {
            let outputs = values.iter().zip(&self.outputs);
            into.extend(outputs.map(|(value, output)| value / (squares * output + penalty)));
        }
    }
}

/// Adds the squares of a row's features.
fn add_squares(chunk: &Chunk, row: usize, weight: f64, lanes: &mut [(f64, f64)]) {
    if let Some(terms) = chunk.features.terms() {
        terms.rows.lane(row).for_each(|(j, x)| lanes[j].0 += weight * x * x);
    }
    if let Some(numbers) = chunk.features.numbers() {
        let lanes = &mut lanes[chunk.features.n_terms()..];
        numbers.row(row).iter().zip(lanes).for_each(|(x, lane)| lane.0 += weight * x * x);
    }
}
