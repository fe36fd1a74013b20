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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::design::{ChunkStore, Rows, Scratch, Width};

    const L2: f64 = 0.7;

    /// Five rows of two terms and a number.
    fn design(labels: [u32; 5]) -> ChunkStore {
        let scratch = Scratch::new(Path::new("nowhere"), 1 << 20);
        let mut rows = Rows::new(Width { terms: 2, numbers: 1 }, &scratch);
        let terms = [&[(0, 3.0)][..], &[(1, 1.0)], &[(0, 1.0), (1, 2.0)], &[], &[(1, 5.0)]];
        for ((terms, number), label) in terms.iter().zip([0.5, -2.0, 0.0, 1.5, 4.0]).zip(labels) {
            rows.push(terms, &[number], label).expect("memory is enough");
        }
        rows.finish().expect("memory is enough")
    }

    /// The diagonal of the Hessian where every row has the classes' shares for its probabilities,
    /// by differences of gradients.
    fn curvatures(loss: &mut MeanLoss<'_>, shares: &[f64]) -> Vec<f64> {
        let (k, n) = (loss.outputs, loss.n_parameters());
        let mut at = vec![0.0; n];
        let logit = |c: usize| match k {
            1 => (shares[1] / shares[0]).ln(),
            _ => shares[c].ln(),
        };
        at[n - k..].iter_mut().enumerate().for_each(|(c, intercept)| *intercept = logit(c));
        let mut slope = |i: usize, step: f64| {
            let (mut at, mut gradient) = (at.clone(), vec![0.0; n]);
            at[i] += step;
            loss.evaluate(&at, &mut gradient, &mut || Ok(())).expect("memory");
            gradient[i]
        };
        let step = 1e-5;
        (0..n).map(|i| (slope(i, step) - slope(i, -step)) / (2.0 * step)).collect()
    }

    #[test]
    fn it_is_the_share_that_is_left_of_the_hessian() {
        for (labels, weights, shares) in [
            ([0, 1, 2, 1, 2], vec![1.0; 3], vec![0.2, 0.4, 0.4]),
            ([0, 1, 2, 1, 2], vec![2.0, 0.5, 1.5], vec![0.333_333_333_333, 1.0 / 6.0, 0.5]),
            ([0, 1, 1, 1, 0], vec![1.0; 2], vec![0.4, 0.6]),
        ] {
            let design = design(labels);
            let mut loss = MeanLoss::new(&design, weights, L2);
            let diagonal = Diagonal::of(&loss, &mut || Ok(())).expect("memory");
            let curvatures = curvatures(&mut loss, &shares);
            let ones = vec![1.0; curvatures.len()];
            let mut inverse = Vec::new();
            diagonal.divide(0, &ones, &mut inverse);
            let n_weights = curvatures.len() - loss.outputs;
            for (i, (inverse, curvature)) in inverse.iter().zip(curvatures).enumerate() {
                // The penalty, which intercepts have none of, is left whole.
                let penalty = if i < n_weights { L2 / 5.0 } else { 0.0 };
                let expected = LEFT * (curvature - penalty) + penalty;
                assert!((1.0 / inverse - expected).abs() < 1e-8, "{i}: {inverse} {expected}");
            }
        }
    }

    #[test]
    fn blocks_are_divided_as_the_whole_is() {
        let design = design([0, 1, 2, 1, 2]);
        let loss = MeanLoss::new(&design, vec![1.0; 3], L2);
        let diagonal = Diagonal::of(&loss, &mut || Ok(())).expect("memory");
        let values = (0..12).map(|i| f64::from(i) - 5.5).collect::<Vec<_>>();
        let mut whole = Vec::new();
        diagonal.divide(0, &values, &mut whole);
        for (n, length) in [(1, 3), (3, 3), (7, 6), (11, 9), (100, 99)] {
            assert_eq!(diagonal.block(n), length, "whole lanes of about {n}");
            let (mut part, mut joined) = (Vec::new(), Vec::new());
            for (i, values) in values.chunks(length).enumerate() {
                diagonal.divide(i * length, values, &mut part);
                joined.extend_from_slice(&part);
            }
            assert_eq!(joined, whole, "blocks of {length}");
        }
    }
}
