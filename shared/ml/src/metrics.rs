//! Scores on held-out rows.

use millwright_domain::{Evaluation, Scores};

use crate::softmax::most_probable;

/// Adds up scores row by row; holds no rows.
pub(crate) struct Tally {
    n_classes: usize,
    confusion: Vec<u64>,
    total_loss: f64,
}

/// What became of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    truth: u32,
    predicted: u32,
    /// Of the truth.
    probability: f32,
}

impl Outcome {
    /// Of a row of class `truth` for which `probabilities` were answered.
    pub(crate) fn of(truth: u32, probabilities: &[f32]) -> Self {
        let predicted = most_probable(probabilities);
        Self { truth, predicted, probability: probabilities[truth as usize] }
    }
}

impl Tally {
    pub(crate) fn new(n_classes: usize) -> Self {
        Self { n_classes, confusion: vec![0; n_classes * n_classes], total_loss: 0.0 }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, row: Outcome) {
        self.confusion[row.truth as usize * self.n_classes + row.predicted as usize] += 1;
        // As scikit-learn clips f64, so that one confident miss does not make the mean infinite.
        let probability = f64::from(row.probability);
        self.total_loss -= probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
    }

    /// The scores of all rows so far, of which there is one at least.
    pub(crate) fn scores(&self) -> Scores {
        let n = self.n_rows() as f64;
        let correct = (0..self.n_classes).map(|c| self.count(c, c)).sum::<u64>();
        Scores {
            accuracy: correct as f64 / n,
            macro_f1: self.macro_f1(),
            log_loss: self.total_loss / n,
        }
    }

    /// The same, with all that was counted.
    pub(crate) fn finish(self) -> Evaluation {
        let Scores { accuracy, macro_f1, log_loss } = self.scores();
        let n_test = self.n_rows();
        Evaluation { n_test, accuracy, macro_f1, log_loss, confusion: self.confusion }
    }

    fn n_rows(&self) -> u64 {
        self.confusion.iter().sum()
    }

    fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.confusion[truth * self.n_classes + predicted]
    }

    /// Mean F1 of the classes that occur, as truth or as prediction, as in scikit-learn.
    fn macro_f1(&self) -> f64 {
        let f1 = |c: usize| {
            let truth = (0..self.n_classes).map(|other| self.count(c, other)).sum::<u64>();
            let predicted = (0..self.n_classes).map(|other| self.count(other, c)).sum::<u64>();
            let both = truth + predicted;
            (both > 0).then(|| 2.0 * self.count(c, c) as f64 / both as f64)
        };
        let scores = (0..self.n_classes).filter_map(f1).collect::<Vec<_>>();
        scores.iter().sum::<f64>() / scores.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_scikit_learn() {
        let mut scores = Tally::new(3);
        for (truth, probabilities) in
            [(0, [0.75, 0.25, 0.0]), (0, [0.25, 0.75, 0.0]), (1, [0.0, 1.0, 0.0])]
        {
            scores.add(Outcome::of(truth, &probabilities));
        }
        let found = scores.finish();
        assert_eq!(found.confusion, [1, 1, 0, 0, 1, 0, 0, 0, 0]);
        // accuracy_score, f1_score(average="macro") and log_loss of scikit-learn 1.9.1.
        assert!((found.accuracy - 0.6666666666666666).abs() < 1e-15);
        assert!((found.macro_f1 - 0.6666666666666666).abs() < 1e-15);
        assert!((found.log_loss - 0.5579921445238906).abs() < 1e-12, "{}", found.log_loss);
    }
}
