//! L-BFGS: Nocedal and Wright, *Numerical Optimization* (2006), algorithms 7.4 and 7.5.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{
    Objective, Point,
    line_search::LineSearch,
    run::Moved,
    vectors::{add_scaled, difference, dot},
};
use crate::TrainError;

/// Pairs of steps and gradient changes that stand for the curvature.
const MEMORY: usize = 10;

/// One step: its move, the change of the gradient over it, and 1 / their product.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    rho: f64,
}

/// The latest steps, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    pairs: VecDeque<Pair>,
}

impl Memory {
    /// Takes a step downhill from `here`, and says how often the objective was evaluated.
    pub(super) fn advance(
        &mut self,
        objective: &mut impl Objective,
        here: &mut Point,
    ) -> Result<(Moved, u64), TrainError> {
        let mut evaluations = 0;
        loop {
            let direction = self.direction(&here.gradient);
            let first = self.first_step(&direction);
            let (found, tried) = LineSearch::new(objective, here, &direction).run(first)?;
            evaluations += tried;
            if let Some(next) = found {
                self.remember(here, &next);
                *here = next;
                return Ok((Moved::Downhill, evaluations));
            }
            // Old curvature may mislead; once it is forgotten, only the gradient is left to try.
            if self.pairs.is_empty() {
                return Ok((Moved::Nowhere, evaluations));
            }
            self.pairs.clear();
        }
    }

    /// Whether it is about `n` parameters.
    pub(super) fn fits(&self, n: usize) -> bool {
        let fits = |pair: &Pair| pair.step.len() == n && pair.change.len() == n;
        self.pairs.len() <= MEMORY && self.pairs.iter().all(fits)
    }

    /// The step to try first: 1, unless nothing is known of the scale.
    fn first_step(&self, direction: &[f64]) -> f64 {
        if self.pairs.is_empty() { 1.0 / dot(direction, direction).sqrt().max(1.0) } else { 1.0 }
    }

    fn remember(&mut self, from: &Point, to: &Point) {
        let step = difference(&to.at, &from.at);
        let change = difference(&to.gradient, &from.gradient);
        let product = dot(&step, &change);
        if product <= f64::EPSILON * dot(&change, &change) {
            return;
        }
        if self.pairs.len() == MEMORY {
            self.pairs.pop_front();
        }
        self.pairs.push_back(Pair { step, change, rho: 1.0 / product });
    }

    /// Minus the inverse Hessian, as far as it is known, times the gradient.
    fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        let mut direction = gradient.iter().map(|slope| -slope).collect::<Vec<_>>();
        let mut alphas = Vec::with_capacity(MEMORY);
        for pair in self.pairs.iter().rev() {
            let alpha = pair.rho * dot(&pair.step, &direction);
            add_scaled(&mut direction, -alpha, &pair.change);
            alphas.push(alpha);
        }
        if let Some(Pair { change, rho, .. }) = self.pairs.back() {
            let scale = 1.0 / (rho * dot(change, change));
            direction.iter_mut().for_each(|value| *value *= scale);
        }
        for (pair, alpha) in self.pairs.iter().zip(alphas.into_iter().rev()) {
            let beta = pair.rho * dot(&pair.change, &direction);
            add_scaled(&mut direction, alpha - beta, &pair.step);
        }
        direction
    }
}

#[cfg(test)]
mod tests {
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
