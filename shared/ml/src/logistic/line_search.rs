//! Steps that satisfy the strong Wolfe conditions: Nocedal and Wright, *Numerical Optimization*
//! (2006), algorithms 3.5 and 3.6.

use super::{
    Objective, Point,
    vectors::{dot, move_along},
};
use crate::TrainError;

/// A step must win this share of what the slope promises …
const DECREASE: f64 = 1e-4;
/// … and leave at most this share of the slope.
const CURVATURE: f64 = 0.9;
const MOST_TRIALS: u64 = 40;

/// Searches along one direction from one point.
pub(super) struct LineSearch<'a, O> {
    objective: &'a mut O,
    from: &'a Point,
    direction: &'a [f64],
    start: Trial,
    evaluations: u64,
    // The latest trial and its point.
    latest: Trial,
    point: Point,
}

/// The function along the direction.
#[derive(Clone, Copy, PartialEq)]
struct Trial {
    step: f64,
    value: f64,
    slope: f64,
}

impl<'a, O: Objective> LineSearch<'a, O> {
    /// Every trial replaces `point`.
    pub(super) fn new(
        objective: &'a mut O,
        from: &'a Point,
        direction: &'a [f64],
        point: Point,
    ) -> Self {
        let slope = dot(&from.gradient, direction);
        let start = Trial { step: 0.0, value: from.value, slope };
        Self { objective, from, direction, start, evaluations: 0, latest: start, point }
    }

    /// The point of an acceptable step, `first` tried first, and how often the objective was
    /// evaluated; no point where no step goes down.
    pub(super) fn run(mut self, first: f64) -> Result<(Option<Point>, u64), TrainError> {
        let found = if self.start.slope < 0.0 { self.bracket(first)? } else { None };
        if let Some(found) = found
            && found != self.latest
        {
            self.try_step(found.step)?;
        }
        Ok((found.map(|_| self.point), self.evaluations))
    }

    /// Takes longer steps until one is acceptable, or an acceptable one lies behind it.
    fn bracket(&mut self, first: f64) -> Result<Option<Trial>, TrainError> {
        let (mut before, mut step) = (self.start, first);
        while self.evaluations < MOST_TRIALS {
            let trial = self.try_step(step)?;
            if self.is_too_high(trial) || (before.step > 0.0 && trial.value >= before.value) {
                return self.zoom(before, trial);
            }
            if self.is_flat(trial) {
                return Ok(Some(trial));
            }
            if trial.slope >= 0.0 {
                return self.zoom(trial, before);
            }
            before = trial;
            step *= 2.0;
        }
        Ok(Some(before))
    }

    /// Narrows the interval between the `low` trial and the `other`, which hold acceptable steps.
    fn zoom(&mut self, mut low: Trial, mut other: Trial) -> Result<Option<Trial>, TrainError> {
        while self.evaluations < MOST_TRIALS {
            let trial = self.try_step(between(low, other))?;
            if self.is_too_high(trial) || trial.value >= low.value {
                other = trial;
                continue;
            }
            if self.is_flat(trial) {
                return Ok(Some(trial));
            }
            if trial.slope * (other.step - low.step) >= 0.0 {
                other = low;
            }
            low = trial;
        }
        Ok((low.value < self.start.value).then_some(low))
    }

    fn is_too_high(&self, trial: Trial) -> bool {
        let promised = self.start.value + DECREASE * trial.step * self.start.slope;
        // Not `>`: a value that is not a number is too high.
        !(trial.value <= promised && trial.slope.is_finite())
    }

    fn is_flat(&self, trial: Trial) -> bool {
        trial.slope.abs() <= -CURVATURE * self.start.slope
    }

    fn try_step(&mut self, step: f64) -> Result<Trial, TrainError> {
        move_along(self.direction, step, &self.from.at, &mut self.point.at);
        let value = self.objective.evaluate(&self.point.at, &mut self.point.gradient)?;
        self.point.value = value;
        self.evaluations += 1;
        self.latest = Trial { step, value, slope: dot(&self.point.gradient, self.direction) };
        Ok(self.latest)
    }
}

/// The minimum of the cubic through both trials (equation 3.59), kept off the ends of the interval.
fn between(a: Trial, b: Trial) -> f64 {
    let width = b.step - a.step;
    let d1 = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.step - b.step);
    let d2 = width.signum() * (d1 * d1 - a.slope * b.slope).sqrt();
    let share = 1.0 - (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    let share = if share.is_finite() { share.clamp(0.1, 0.9) } else { 0.5 };
    a.step + share * width
}
