//! Solvers that take a step for every few rows: SGD and Adam.

use millwright_domain::MiniBatchSpec;
use serde::{Deserialize, Serialize};

use super::{
    MeanLoss,
    batch::Batch,
    objective::{Ask, residual},
    product::{Matrix, add},
    rule::{Pace, Rule, rate},
};
use crate::{
    TrainError,
    draws::{Draws, Purpose},
};

/// The state between two epochs.
///
/// Weights come in lanes, one a feature; the last lane is the intercepts'. A term's lane takes part
/// only in the steps whose rows have the term: a step costs what its rows hold, not what the
/// vocabulary holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MiniBatches {
    spec: MiniBatchSpec,
    rule: Rule,
    /// Steps so far, and up to which of them each lane has come.
    steps: u64,
    came_to: Vec<u64>,
}

/// Which epoch of how many, and the seed of its order.
#[derive(Clone, Copy)]
pub(super) struct Epoch {
    pub(super) number: u32,
    pub(super) most: u32,
    pub(super) seed: u64,
}

impl MiniBatches {
    /// `loss` has as many lanes as features, and one.
    pub(super) fn sgd(spec: MiniBatchSpec, loss: &MeanLoss<'_>) -> Self {
        Self::new(spec, loss, Rule::momentum(loss.n_parameters()))
    }

    pub(super) fn adam(spec: MiniBatchSpec, loss: &MeanLoss<'_>) -> Self {
        Self::new(spec, loss, Rule::adam(loss.n_lanes(), loss.outputs))
    }

    fn new(spec: MiniBatchSpec, loss: &MeanLoss<'_>, rule: Rule) -> Self {
        Self { spec, rule, steps: 0, came_to: vec![0; loss.n_lanes()] }
    }

    /// Whether this is what became of `fresh`, which stands at the beginning.
    pub(super) fn continues(&self, fresh: &Self) -> bool {
        let came = self.came_to.iter().all(|step| *step <= self.steps);
        let lanes = self.came_to.len() == fresh.came_to.len();
        came && lanes && self.spec == fresh.spec && self.rule.continues(&fresh.rule)
    }

    /// Visits every row once, in random order, and moves the weights `at` after each few.
    ///
    /// Chunks come in random order, rows in random order inside their chunk; a step's rows are of
    /// one chunk.
    pub(super) fn epoch(
        &mut self,
        loss: &MeanLoss<'_>,
        at: &mut [f64],
        epoch: Epoch,
        ask: Ask<'_>,
    ) -> Result<(), TrainError> {
        let mut draws = Draws::of_round(epoch.seed, Purpose::Batches, u64::from(epoch.number));
        let MiniBatchSpec { learning_rate, schedule, .. } = self.spec;
        let rate = rate(learning_rate, schedule, epoch.number, epoch.most);
        let pace = Pace::new(rate, loss.l2 / loss.design.n_rows() as f64);
        let mut step = Step::new(self.scale(loss), pace);
        let mut chunks = (0..loss.design.n_chunks()).collect::<Vec<_>>();
        draws.shuffle(&mut chunks);
        for i in chunks {
            ask()?;
            let chunk = loss.design.chunk(i)?;
            let mut rows = (0..chunk.n_rows()).collect::<Vec<_>>();
            draws.shuffle(&mut rows);
            let n = self.n_batches(rows.len());
            for b in 0..n {
                let rows = &rows[b * rows.len() / n..(b + 1) * rows.len() / n];
                self.step(&mut step, loss, Batch::gather(&chunk, rows), at);
            }
        }
        self.settle(&step.pace, loss.outputs, at);
        Ok(())
    }

    /// Steps for a chunk of so many rows, which they share evenly.
    fn n_batches(&self, rows: usize) -> usize {
        rows.div_ceil(self.spec.batch_size as usize)
    }

    /// What a row's slopes count in a step: over an epoch, steps add up to as many whole gradients,
    /// however unequal the batches are.
    fn scale(&self, loss: &MeanLoss<'_>) -> f64 {
        let design = loss.design;
        let steps = (0..design.n_chunks()).map(|i| self.n_batches(design.chunk_rows(i)));
        steps.sum::<usize>() as f64 / design.n_rows() as f64
    }

    fn step(&mut self, step: &mut Step, loss: &MeanLoss<'_>, batch: Batch, at: &mut [f64]) {
        self.steps += 1;
        let k = loss.outputs;
        for lane in batch.features() {
            self.catch_up(&step.pace, lane, self.steps - 1, &mut at[lane * k..][..k]);
        }
        step.fill(loss, &batch, at);
        let Step { pace, residuals, slopes, .. } = step;
        let residuals = Matrix { values: residuals, width: k };
        batch.term_slopes(residuals, |lane, slopes| self.update(pace, lane, at, slopes));
        batch.number_slopes(residuals, slopes);
        let intercepts = loss.n_lanes() - 1;
        for (lane, slopes) in batch.number_features(intercepts).zip(slopes.chunks_exact_mut(k)) {
            self.update(pace, lane, at, slopes);
        }
        slopes.clear();
        slopes.resize(k, 0.0);
        (0..batch.labels.len()).for_each(|row| add(slopes, 1.0, residuals.row(row)));
        self.update(pace, intercepts, at, slopes);
    }

    /// Moves a lane that was caught up.
    fn update(&mut self, pace: &Pace, lane: usize, at: &mut [f64], slopes: &mut [f64]) {
        let weights = &mut at[lane * slopes.len()..][..slopes.len()];
        let is_intercept = lane + 1 == self.came_to.len();
        if !is_intercept {
            let owed = (self.steps - self.came_to[lane]) as f64;
            add(slopes, pace.decay * owed, weights);
        }
        self.rule.step(pace, lane, weights, slopes);
        self.came_to[lane] = self.steps;
    }

    fn catch_up(&mut self, pace: &Pace, lane: usize, to: u64, weights: &mut [f64]) {
        let gap = to - self.came_to[lane];
        if gap > 0 && self.rule.catch_up(pace, lane, gap, weights) {
            self.came_to[lane] = to;
        }
    }

    /// Brings every lane to the end of the epoch, as far as the rule can.
    fn settle(&mut self, pace: &Pace, k: usize, at: &mut [f64]) {
        for (lane, weights) in at.chunks_exact_mut(k).enumerate() {
            self.catch_up(pace, lane, self.steps, weights);
        }
    }
}

/// What the steps of an epoch share.
struct Step {
    scale: f64,
    pace: Pace,
    // Scaled residuals (rows, outputs), and slopes; kept, so that no step allocates them.
    residuals: Vec<f64>,
    slopes: Vec<f64>,
}

impl Step {
    fn new(scale: f64, pace: Pace) -> Self {
        Self { scale, pace, residuals: Vec::new(), slopes: Vec::new() }
    }

    /// Fills in the residuals of `batch`.
    fn fill(&mut self, loss: &MeanLoss<'_>, batch: &Batch, at: &[f64]) {
        let k = loss.outputs;
        let (weights, intercept) = at.split_at(at.len() - k);
        self.residuals.resize(batch.labels.len() * k, 0.0);
        batch.logits(Matrix { values: weights, width: k }, &mut self.residuals);
        for (row, label) in self.residuals.chunks_exact_mut(k).zip(&batch.labels) {
            residual(row, intercept, *label as usize, &loss.class_weights);
            row.iter_mut().for_each(|residual| *residual *= self.scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use millwright_domain::Schedule;

    use super::*;
    use crate::{
        design::{Chunk, Design, Features, Width},
        steps::Compressed,
    };

    /// Chunks of any size.
    struct Chunks(Vec<Chunk>);

    impl Design for Chunks {
        fn n_rows(&self) -> usize {
            self.0.iter().map(Chunk::n_rows).sum()
        }

        fn n_features(&self) -> usize {
            3
        }

        fn n_chunks(&self) -> usize {
            self.0.len()
        }

        fn chunk_rows(&self, i: usize) -> usize {
            self.0[i].n_rows()
        }

        fn chunk(&self, i: usize) -> Result<Cow<'_, Chunk>, TrainError> {
            Ok(Cow::Borrowed(&self.0[i]))
        }
    }

    const ROWS: [[f64; 3]; 6] = [
        [1.0, 0.0, 0.0],
        [0.0, 2.0, 0.0],
        [1.0, 0.0, 3.0],
        [0.0, 1.0, 0.0],
        [2.0, 1.0, 0.0],
        [1.0, 1.0, 0.0],
    ];

    fn chunk(rows: &[[f64; 3]], width: Width) -> Chunk {
        let (mut terms, mut numbers) = (Compressed::default(), Vec::new());
        for row in rows {
            let places = row.iter().enumerate().take(width.terms);
            let present = places.filter(|(_, value)| **value != 0.0);
            terms.push(present.map(|(j, value)| (j as u32, *value as f32)));
            numbers.extend_from_slice(&row[width.terms..]);
        }
        let features = Features::new(width, rows.len(), terms, numbers);
        Chunk { features, labels: rows.iter().map(|row| (row[0] > 0.0) as u32).collect() }
    }

    const SPEC: MiniBatchSpec =
        MiniBatchSpec { batch_size: 1, learning_rate: 0.1, schedule: Schedule::Constant };

    /// Weights after some epochs, from 0, of steps of one row each.
    fn after(design: &Chunks, epochs: &[u32]) -> Vec<f64> {
        let loss = MeanLoss::new(design, vec![1.0; 2], 0.5);
        let (mut batches, mut at) = (MiniBatches::sgd(SPEC, &loss), vec![0.0; 4]);
        for number in epochs {
            let epoch = Epoch { number: *number, most: 1_000_000, seed: 7 };
            batches.epoch(&loss, &mut at, epoch, &mut || Ok(())).expect("it is in memory");
        }
        at
    }

    #[test]
    fn terms_take_the_steps_of_numbers() {
        let of = |terms| Chunks(vec![chunk(&ROWS, Width { terms, numbers: 3 - terms })]);
        let expected = after(&of(0), &[0, 1, 2]);
        for terms in 1..=3 {
            let found = after(&of(terms), &[0, 1, 2]);
            let near = found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(near, "{terms} terms: {found:?} for {expected:?}");
        }
    }

    #[test]
    fn rows_and_chunks_come_in_another_order_in_each_epoch() {
        let width = Width { terms: 0, numbers: 3 };
        let together = Chunks(vec![chunk(&ROWS, width)]);
        let apart = Chunks(ROWS.iter().map(|row| chunk(&[*row], width)).collect());
        for design in [together, apart] {
            let first = after(&design, &[0]);
            assert_eq!(first, after(&design, &[0]));
            assert_ne!(first, after(&design, &[1]));
        }
    }
}
