//! Scores of weights on rows that are not fitted.

use millwright_domain::Scores;
use rayon::prelude::*;

use super::{
    n_outputs,
    objective::Ask,
    product::{Matrix, ROWS, logits},
};
use crate::{
    TrainError,
    design::{Chunk, Design},
    metrics::{Outcome, Tally},
    softmax::probabilities,
};

/// Scores of the weights and intercepts `at` on `design`, whose labels are below `n_classes`.
pub(crate) fn score(
    design: &dyn Design,
    n_classes: usize,
    at: &[f64],
    ask: Ask<'_>,
) -> Result<Scores, TrainError> {
    let mut tally = Tally::new(n_classes);
    for i in 0..design.n_chunks() {
        ask()?;
        let chunk = design.chunk(i)?;
        let answers = answers(&chunk, n_classes, at);
        for (label, answer) in chunk.labels.iter().zip(answers.chunks_exact(n_classes)) {
            tally.add(Outcome::of(*label, answer));
        }
    }
    Ok(tally.scores())
}

/// Probabilities (rows, classes), rounded as they are where the model serves.
fn answers(chunk: &Chunk, n_classes: usize, at: &[f64]) -> Vec<f32> {
    let k = n_outputs(n_classes);
    let (weights, intercept) = at.split_at(at.len() - k);
    let weights = Matrix { values: weights, width: k };
    let mut answers = vec![0.0; chunk.n_rows() * n_classes];
    answers.par_chunks_mut(ROWS * n_classes).enumerate().for_each(|(block, answers)| {
        let mut sums = vec![0.0; answers.len() / n_classes * k];
        logits(&chunk.features, weights, block * ROWS, &mut sums);
        let logits = sums.iter().zip(intercept.iter().cycle()).map(|(sum, own)| (sum + own) as f32);
        let logits = logits.collect::<Vec<_>>();
        probabilities(answers.len() / n_classes, &logits, &mut Vec::new(), answers);
    });
    answers
}
