//! How a gradient that was seen on a few rows moves the weights.
//!
//! Weights come in lanes, one a feature, with an entry an output.

use millwright_domain::Schedule;
use serde::{Deserialize, Serialize};

/// Share of the last step that is taken again.
const MOMENTUM: f64 = 0.9;
/// Decay of the two moments, and what keeps their quotient finite: as Kingma and Ba give them.
const BETA: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;

/// A 2 × 2 matrix.
type Square = [[f64; 2]; 2];

/// What is the same for all steps of an epoch.
#[derive(Debug)]
pub(super) struct Pace {
    /// The learning rate.
    rate: f64,
    /// Slope of the penalty, a unit of weight.
    pub(super) decay: f64,
    /// What 1, 2, 4, 8, … steps without a slope but the penalty's do to a weight and its velocity.
    powers: [Square; 64],
}

impl Pace {
    pub(super) fn new(rate: f64, decay: f64) -> Self {
        let pull = rate * decay;
        let once = [[1.0 - (1.0 + MOMENTUM) * pull, MOMENTUM * MOMENTUM], [-pull, MOMENTUM]];
        let mut powers = [once; 64];
        for i in 1..powers.len() {
            powers[i] = product(powers[i - 1], powers[i - 1]);
        }
        Self { rate, decay, powers }
    }

    /// What `steps` such steps do.
    fn idle(&self, steps: u64) -> Square {
        let set = (0..64).filter(|i| steps >> i & 1 == 1);
        set.fold([[1.0, 0.0], [0.0, 1.0]], |all, i| product(self.powers[i], all))
    }
}

fn product(a: Square, b: Square) -> Square {
    let entry = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
}

/// The learning rate in `epoch`, from 0, of `epochs` at most.
pub(super) fn rate(first: f64, schedule: Schedule, epoch: u32, epochs: u32) -> f64 {
    let epoch = f64::from(epoch);
    match schedule {
        Schedule::Constant => first,
        Schedule::InverseTime => first / (1.0 + epoch),
        Schedule::Cosine => {
            let share = epoch / f64::from(epochs);
            first * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
        }
    }
}

/// Moves weights, and remembers what it needs for that.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Rule {
    /// Nesterov's, as Sutskever et al., *On the importance of initialization and momentum in deep
    /// learning* (2013), have it.
    Momentum { velocity: Vec<f64> },
    /// Kingma and Ba, *Adam: A Method for Stochastic Optimization* (2015), algorithm 1; time is
    /// counted a lane, since the lane of a rare term has few steps.
    Adam { mean: Vec<f64>, square: Vec<f64>, steps: Vec<u32> },
}

impl Rule {
    /// Nesterov's momentum for `n` weights.
    pub(super) fn momentum(n: usize) -> Self {
        Self::Momentum { velocity: vec![0.0; n] }
    }

    /// Adam for `lanes` of `k` weights.
    pub(super) fn adam(lanes: usize, k: usize) -> Self {
        let (mean, square) = (vec![0.0; lanes * k], vec![0.0; lanes * k]);
        Self::Adam { mean, square, steps: vec![0; lanes] }
    }

    /// Whether it is of the same kind and for as many weights as `other`.
    pub(super) fn continues(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Momentum { velocity }, Self::Momentum { velocity: other }) => {
                velocity.len() == other.len()
            }
            (Self::Adam { mean, square, steps }, Self::Adam { mean: other, steps: lanes, .. }) => {
                [mean.len(), square.len(), steps.len()] == [other.len(), other.len(), lanes.len()]
            }
            (Self::Momentum { .. }, Self::Adam { .. })
            | (Self::Adam { .. }, Self::Momentum { .. }) => false,
        }
    }

    /// Makes up for `steps` in which a lane had no slope but the penalty's, if it can.
    ///
    /// Momentum can, exactly. Adam does not: where a lane has its next slope, the penalty is owed
    /// that many times more.
    pub(super) fn catch_up(
        &mut self,
        pace: &Pace,
        lane: usize,
        steps: u64,
        weights: &mut [f64],
    ) -> bool {
        let Self::Momentum { velocity } = self else { return false };
        let [[a, b], [c, d]] = pace.idle(steps);
        let velocity = &mut velocity[lane * weights.len()..];
        for (weight, velocity) in weights.iter_mut().zip(velocity) {
            (*weight, *velocity) = (a * *weight + b * *velocity, c * *weight + d * *velocity);
        }
        true
    }

    /// Takes a step with a lane of `weights` against its `slopes`.
    pub(super) fn step(&mut self, pace: &Pace, lane: usize, weights: &mut [f64], slopes: &[f64]) {
        let from = lane * weights.len();
        let weights = weights.iter_mut().zip(slopes);
        match self {
            Self::Momentum { velocity } => {
                for ((weight, slope), velocity) in weights.zip(&mut velocity[from..]) {
                    let pull = pace.rate * slope;
                    *velocity = MOMENTUM * *velocity - pull;
                    *weight += MOMENTUM * *velocity - pull;
                }
            }
            Self::Adam { mean, square, steps } => {
                steps[lane] = steps[lane].saturating_add(1);
                let time = f64::from(steps[lane]);
                let unbias = (1.0 - BETA.0.powf(time), 1.0 - BETA.1.powf(time));
                let moments = mean[from..].iter_mut().zip(&mut square[from..]);
                for ((weight, slope), (mean, square)) in weights.zip(moments) {
                    *mean = BETA.0 * *mean + (1.0 - BETA.0) * slope;
                    *square = BETA.1 * *square + (1.0 - BETA.1) * slope * slope;
                    let spread = (*square / unbias.1).sqrt() + EPSILON;
                    *weight -= pace.rate * *mean / unbias.0 / spread;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_are_made_up_for_are_the_steps_that_were_left_out() {
        let pace = Pace::new(0.3, 0.02);
        let (mut stepwise, mut at_once) = (Rule::momentum(2), Rule::momentum(2));
        let (mut there, mut here) = ([1.5, -0.25], [1.5, -0.25]);
        for rule in [(&mut stepwise, &mut there), (&mut at_once, &mut here)] {
            rule.0.step(&pace, 0, rule.1, &[0.7, -0.1]);
        }
        for _ in 0..37 {
            let slopes = there.map(|weight| pace.decay * weight);
            stepwise.step(&pace, 0, &mut there, &slopes);
        }
        assert!(at_once.catch_up(&pace, 0, 37, &mut here));
        assert!(here.iter().zip(there).all(|(a, b)| (a - b).abs() < 1e-14), "{here:?} {there:?}");
    }

    #[test]
    fn adam_takes_the_steps_of_its_paper() {
        // The first step is the learning rate against the slope's sign, whatever its size; the
        // second is worked out from the paper's equations by hand.
        let (pace, mut rule) = (Pace::new(0.1, 0.0), Rule::adam(1, 2));
        let mut weights = [0.0, 0.0];
        rule.step(&pace, 0, &mut weights, &[20.0, -0.001]);
        assert!((weights[0] + 0.1).abs() < 1e-9 && (weights[1] - 0.1).abs() < 1e-5, "{weights:?}");
        rule.step(&pace, 0, &mut weights, &[-10.0, 0.0]);
        let mean = (0.9 * 0.1 * 20.0 - 0.1 * 10.0) / (1.0 - 0.81);
        let square = (0.999 * 0.001 * 400.0 + 0.001 * 100.0) / (1.0 - 0.999 * 0.999);
        let expected = -0.1 - 0.1 * mean / f64::sqrt(square);
        assert!((weights[0] - expected).abs() < 1e-8, "{weights:?} {expected}");
    }

    #[test]
    fn learning_rates_follow_their_schedules() {
        for (schedule, rates) in [
            (Schedule::Constant, [0.8, 0.8, 0.8]),
            (Schedule::InverseTime, [0.8, 0.4, 0.16]),
            (Schedule::Cosine, [0.8, 0.8 * 0.853_553_390_593_273_8, 0.0]),
        ] {
            let found = [0, 1, 4].map(|epoch| rate(0.8, schedule, epoch, 4));
            assert!(found.iter().zip(rates).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
        }
    }
}
