//! L-BFGS: Nocedal and Wright, *Numerical Optimization* (2006), algorithms 7.4 and 7.5.
//!
//! Vectors are as long as the model and lie in memory, which is slower than arithmetic: a step reads
//! each of them twice. One pass takes all products of the latest pair with the others and with the
//! gradient; the recursion then goes over coefficients alone, as in Chen et al., *Large-scale L-BFGS
//! using MapReduce* (2014); another pass adds the vectors up.

use std::collections::VecDeque;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Objective, Point,
    diagonal::Diagonal,
    line_search::LineSearch,
    run::Moved,
    vectors::{add, dot, dot_block, subtract},
};
use crate::TrainError;

/// Pairs of steps and gradient changes that stand for the curvature: as many as [`ROOM`] holds. Of a
/// large vocabulary's weights most are alone in their texts, and more pairs do not save a step.
const PAIRS: (usize, usize) = (3, 10);
/// Numbers that pairs may take together where there are more than the fewest: 64 MiB.
const ROOM: usize = 1 << 23;
/// Parameters, roughly, that are worked on in one piece, whatever the number of threads: some
/// vectors of them fit into a cache.
const BLOCK: usize = 1 << 11;

/// One step: its move, and the change of the gradient over it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
}

/// The latest steps, oldest first, with their products.
///
/// Changes and gradients are multiplied with each other as the inverse diagonal weighs them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    pairs: VecDeque<Pair>,
    /// Of each pair: its products with all pairs, and with the gradient here.
    products: VecDeque<Products>,
    /// Vectors that are free.
    #[serde(skip)]
    room: Room,
}

/// Products of a pair.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Products {
    /// Its step with each change.
    step_changes: VecDeque<f64>,
    /// Its change with each change.
    changes: VecDeque<f64>,
    /// Its step and its change with the gradient.
    step_gradient: f64,
    change_gradient: f64,
}

/// Vectors that are kept, so that no step allocates them.
#[derive(Clone, Debug, Default)]
struct Room {
    direction: Vec<f64>,
    point: Option<Point>,
}

/// What the latest pair and gradient add to the products of a pair.
#[derive(Clone, Copy, Default)]
struct Latest {
    step_gradient: f64,
    change_gradient: f64,
    /// Its step with the latest change, and the latest step with its change.
    step_change: f64,
    change_step: f64,
    changes: f64,
}

impl Memory {
    /// Takes a step downhill from `here`, and says how often the objective was evaluated.
    pub(super) fn advance(
        &mut self,
        objective: &mut impl Objective,
        here: &mut Point,
    ) -> Result<(Moved, u64), TrainError> {
        let diagonal = objective.diagonal()?;
        let mut evaluations = 0;
        loop {
            let mut direction = std::mem::take(&mut self.room.direction);
            self.fill_direction(&here.gradient, &diagonal, &mut direction);
            let first = self.first_step(&direction);
            let room = self.room.point.take().unwrap_or_else(|| here.clone());
            let search = LineSearch::new(objective, here, &direction, room);
            let (found, tried) = search.run(first)?;
            self.room.direction = direction;
            evaluations += tried;
            if let Some(next) = found {
                self.remember(here, &next, &diagonal);
                self.room.point = Some(std::mem::replace(here, next));
                return Ok((Moved::Downhill, evaluations));
            }
            // Old curvature may mislead; once it is forgotten, only the gradient is left to try.
            if self.pairs.is_empty() {
                return Ok((Moved::Nowhere, evaluations));
            }
            self.pairs.clear();
            self.products.clear();
        }
    }

    /// Whether it is about `n` parameters.
    pub(super) fn fits(&self, n: usize) -> bool {
        let m = self.pairs.len();
        let fits = |pair: &Pair| pair.step.len() == n && pair.change.len() == n;
        let has_all = |row: &Products| row.step_changes.len() == m && row.changes.len() == m;
        let products = self.products.len() == m && self.products.iter().all(has_all);
        m <= most_pairs(n) && products && self.pairs.iter().all(fits)
    }

    /// The step to try first: 1, unless nothing is known of the scale.
    fn first_step(&self, direction: &[f64]) -> f64 {
        if self.pairs.is_empty() { 1.0 / dot(direction, direction).sqrt().max(1.0) } else { 1.0 }
    }

    /// Takes in the step between two points; the oldest gives its room where there is no other.
    fn remember(&mut self, from: &Point, to: &Point, diagonal: &Diagonal) {
        let is_full = self.pairs.len() == most_pairs(to.at.len());
        let mut pair = if is_full { self.forget() } else { Pair::default() };
        pair.step.resize(to.at.len(), 0.0);
        pair.change.resize(to.at.len(), 0.0);
        let mut latest = self.fill(&mut pair, [from, to], diagonal);
        let own = latest.pop().unwrap_or_default();
        for (products, latest) in self.products.iter_mut().zip(&latest) {
            products.step_gradient = latest.step_gradient;
            products.change_gradient = latest.change_gradient;
        }
        if own.step_change > f64::EPSILON * own.changes {
            self.push(pair, own, &latest);
        }
    }

    /// Lets go of the oldest pair.
    fn forget(&mut self) -> Pair {
        self.products.pop_front();
        for row in &mut self.products {
            row.step_changes.pop_front();
            row.changes.pop_front();
        }
        self.pairs.pop_front().unwrap_or_default()
    }

    /// Adds the latest pair, with its products with itself and with the `others`.
    fn push(&mut self, pair: Pair, own: Latest, others: &[Latest]) {
        let mut last = Products {
            step_gradient: own.step_gradient,
            change_gradient: own.change_gradient,
            ..Products::default()
        };
        for (products, latest) in self.products.iter_mut().zip(others) {
            products.step_changes.push_back(latest.step_change);
            products.changes.push_back(latest.changes);
            last.step_changes.push_back(latest.change_step);
            last.changes.push_back(latest.changes);
        }
        last.step_changes.push_back(own.step_change);
        last.changes.push_back(own.changes);
        self.products.push_back(last);
        self.pairs.push_back(pair);
    }

    /// Fills in the latest pair, and multiplies it and the latest gradient with each pair, the
    /// latest last.
    fn fill(&self, pair: &mut Pair, points: [&Point; 2], diagonal: &Diagonal) -> Vec<Latest> {
        let length = diagonal.block(BLOCK);
        let blocks = pair.step.par_chunks_mut(length).zip(pair.change.par_chunks_mut(length));
        let sums = blocks.enumerate().map_init(Default::default, |scaled, (i, (step, change))| {
            let [of_change, of_gradient]: &mut [Vec<f64>; 2] = scaled;
            let at = i * length..i * length + step.len();
            let [from, to] =
                points.map(|point| (&point.at[at.clone()], &point.gradient[at.clone()]));
            subtract(to.0, from.0, step);
            subtract(to.1, from.1, change);
            diagonal.divide(at.start, change, of_change);
            diagonal.divide(at.start, to.1, of_gradient);
            let latest = |s: &[f64], y: &[f64]| Latest {
                step_gradient: dot_block(s, to.1),
                change_gradient: dot_block(y, of_gradient),
                step_change: dot_block(s, change),
                change_step: dot_block(step, y),
                changes: dot_block(y, of_change),
            };
            let pairs =
                self.pairs.iter().map(|p| latest(&p.step[at.clone()], &p.change[at.clone()]));
            pairs.chain(std::iter::once(latest(step, change))).collect::<Vec<_>>()
        });
        let mut total = vec![Latest::default(); self.pairs.len() + 1];
        for sums in sums.collect::<Vec<_>>() {
            total.iter_mut().zip(sums).for_each(|(total, sum)| total.add(sum));
        }
        total
    }

    /// Minus the inverse Hessian, as far as it is known, times the gradient.
    fn fill_direction(&self, gradient: &[f64], diagonal: &Diagonal, direction: &mut Vec<f64>) {
        let Coefficients { scale, changes, steps } = self.coefficients();
        let length = diagonal.block(BLOCK);
        direction.resize(gradient.len(), 0.0);
        let blocks = direction.par_chunks_mut(length).enumerate();
        blocks.for_each_init(Vec::new, |scaled, (i, direction)| {
            let at = i * length..i * length + direction.len();
            direction.copy_from_slice(&gradient[at.clone()]);
            for (pair, coefficient) in self.pairs.iter().zip(&changes) {
                add(direction, -coefficient, &pair.change[at.clone()]);
            }
            diagonal.divide(at.start, direction, scaled);
            direction.iter_mut().zip(&*scaled).for_each(|(to, value)| *to = -scale * value);
            for (pair, coefficient) in self.pairs.iter().zip(&steps) {
                add(direction, -coefficient, &pair.step[at.clone()]);
            }
        });
    }

    /// The two loops of algorithm 7.4, over coefficients.
    fn coefficients(&self) -> Coefficients {
        let rows = &self.products;
        let m = rows.len();
        let (mut changes, mut steps) = (vec![0.0; m], vec![0.0; m]);
        for i in (0..m).rev() {
            let later = (i + 1..m).map(|j| changes[j] * rows[i].step_changes[j]).sum::<f64>();
            changes[i] = (rows[i].step_gradient - later) / rows[i].step_changes[i];
        }
        let last = rows.back().map(|row| row.step_changes[m - 1] / row.changes[m - 1]);
        let scale = last.unwrap_or(1.0);
        for i in 0..m {
            let all = (0..m).map(|j| changes[j] * rows[i].changes[j]).sum::<f64>();
            let earlier = (0..i).map(|j| steps[j] * rows[j].step_changes[i]).sum::<f64>();
            let beta = scale * (rows[i].change_gradient - all) + earlier;
            steps[i] = changes[i] - beta / rows[i].step_changes[i];
        }
        Coefficients { scale, changes, steps }
    }
}

/// Pairs of `n` parameters that are kept.
fn most_pairs(n: usize) -> usize {
    (ROOM / (2 * n).max(1)).clamp(PAIRS.0, PAIRS.1)
}

/// Minus the direction is the sum of `steps`, and of `scale` times the weighed rest of the gradient
/// once `changes` are taken off.
struct Coefficients {
    scale: f64,
    changes: Vec<f64>,
    steps: Vec<f64>,
}

impl Latest {
    fn add(&mut self, other: Self) {
        self.step_gradient += other.step_gradient;
        self.change_gradient += other.change_gradient;
        self.step_change += other.step_change;
        self.change_step += other.change_step;
        self.changes += other.changes;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Rosenbrock's valley in pairs of dimensions; its minimum is at (1, …, 1).
    struct Valley;

    impl Objective for Valley {
        fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> Result<f64, TrainError> {
            let mut value = 0.0;
            for (x, slope) in at.chunks_exact(2).zip(gradient.chunks_exact_mut(2)) {
                let (off, across) = (1.0 - x[0], x[1] - x[0] * x[0]);
                value += off * off + 100.0 * across * across;
                slope[0] = -2.0 * off - 400.0 * x[0] * across;
                slope[1] = 200.0 * across;
            }
            Ok(value)
        }

        fn diagonal(&mut self) -> Result<Arc<Diagonal>, TrainError> {
            Ok(Arc::new(Diagonal::unit(2, 2)))
        }
    }

    #[test]
    fn the_bottom_of_a_curved_valley_is_found() {
        let at = vec![-1.2, 1.0, 3.0, -2.0];
        let mut here = Point { gradient: vec![0.0; 4], value: 0.0, at };
        here.value = Valley.evaluate(&here.at, &mut here.gradient).expect("a smooth function");
        let (mut memory, mut steps) = (Memory::default(), 0);
        while here.slope() > 1e-9 {
            let before = here.value;
            let (moved, _) = memory.advance(&mut Valley, &mut here).expect("a smooth function");
            steps += 1;
            assert!(moved == Moved::Downhill && here.value <= before, "every step goes down");
        }
        assert!(steps < 200 && here.at.iter().all(|x| (x - 1.0).abs() < 1e-8));
        assert!(memory.fits(4) && !memory.fits(5));
    }
}
