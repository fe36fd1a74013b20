//! Round numbers along an axis.

use crate::Scale;

/// An axis from its first tick to its last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    scale: Scale,
    first: f64,
    step: f64,
    n: usize,
}

impl Axis {
    /// About `n` steps that are `least` at least; those of ratios are powers of ten.
    pub(super) fn of(
        scale: Scale,
        values: impl Iterator<Item = f64>,
        (n, least): (usize, f64),
    ) -> Self {
        match scale {
            Scale::Linear => Self::over(values, n, least),
            Scale::Logarithmic => {
                Self { scale, ..Self::over(values.map(f64::log10), usize::MAX, 1.0) }
            }
        }
    }

    /// About `n` steps of 1, 2 or 5 times a power of ten that are `least` at least, and hold all
    /// `values`. Without a finite value, from 0.
    fn over(values: impl Iterator<Item = f64>, n: usize, least: f64) -> Self {
        let start = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = values.fold(start, |(low, high), x| (low.min(x), high.max(x)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
        // Of one value alone, an axis around it.
        let span = if high > low { high - low } else { low.abs().max(least).max(1e-3) };
        let step = round(span / n as f64).max(least);
        let (first, last) = match ((low / step).floor(), (high / step).ceil()) {
            (first, last) if last > first => (first, last),
            // Of a round value alone, the axis below it: an accuracy of 1 is the highest.
            (first, last) if first > 0.0 => (first - 1.0, last),
            (first, last) => (first, last + 1.0),
        };
        Self { scale: Scale::Linear, first: first * step, step, n: (last - first) as usize }
    }

    /// Values of the ticks, rising.
    pub(super) fn ticks(self) -> impl Iterator<Item = f64> {
        let at = move |i: usize| self.first + i as f64 * self.step;
        (0..=self.n).map(move |i| match self.scale {
            Scale::Linear => at(i),
            Scale::Logarithmic => 10_f64.powf(at(i)),
        })
    }

    /// Where `value` stands, from 0 at the first tick to 1 at the last.
    pub(super) fn share(self, value: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.log10(),
        };
        (value - self.first) / (self.step * self.n as f64)
    }

    /// `value` with as many digits as the ticks need.
    pub(super) fn label(self, value: f64) -> String {
        let least = match self.scale {
            Scale::Linear => self.step,
            Scale::Logarithmic => value,
        };
        let digits = (-least.log10().floor()).max(0.0) as usize;
        format!("{value:.digits$}")
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `step`.
fn round(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= step);
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], least: f64) -> Vec<String> {
        let axis = Axis::over(values.iter().copied(), 5, least);
        axis.ticks().map(|tick| axis.label(tick)).collect()
    }

    #[test]
    fn ratios_have_powers_of_ten() {
        let values = [0.04, 7.0, 30.0].into_iter();
        let axis = Axis::of(Scale::Logarithmic, values, (5, 0.0));
        let labels = axis.ticks().map(|tick| axis.label(tick)).collect::<Vec<_>>();
        assert_eq!(labels, ["0.01", "0.1", "1", "10", "100"]);
        assert!((axis.share(1.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn ticks_are_round_and_hold_the_values() {
        assert_eq!(labels(&[0.104, 0.693], 0.0), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(labels(&[1.0, 51.0], 1.0), ["0", "10", "20", "30", "40", "50", "60"]);
        assert_eq!(labels(&[1.0, 3.0], 1.0), ["1", "2", "3"]);
        assert_eq!(labels(&[0.25], 0.0), ["0.20", "0.25"]);
        assert_eq!(labels(&[1.0, 1.0], 0.0), ["0.8", "1.0"]);
        assert_eq!(labels(&[], 1.0), ["0", "1"]);
    }
}
