//! A learning curve of bounded length.

use millwright_domain::{CurvePoint, MOST_CURVE_POINTS};
use serde::{Deserialize, Serialize};

/// Every `stride`-th iteration, the first one always, and the latest.
///
/// What is kept depends on the iterations alone, not on where a run was cut off and resumed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Curve {
    stride: u32,
    points: Vec<CurvePoint>,
    latest: Option<CurvePoint>,
}

impl Default for Curve {
    fn default() -> Self {
        Self { stride: 1, points: Vec::new(), latest: None }
    }
}

impl Curve {
    /// Adds the next iteration.
    pub(super) fn push(&mut self, point: CurvePoint) {
        self.latest = Some(point);
        if !is_kept(&point, self.stride) {
            return;
        }
        // The last place is the latest iteration's.
        if self.points.len() + 1 == MOST_CURVE_POINTS {
            self.stride = self.stride.saturating_mul(2);
            let stride = self.stride;
            self.points.retain(|point| is_kept(point, stride));
        }
        if is_kept(&point, self.stride) {
            self.points.push(point);
        }
    }

    /// The latest iteration.
    pub(super) fn latest(&self) -> Option<&CurvePoint> {
        self.latest.as_ref()
    }

    /// The first iteration, evenly spaced ones, and the latest.
    pub(super) fn into_points(self) -> Vec<CurvePoint> {
        let mut points = self.points;
        points.extend(self.latest.filter(|latest| points.last() != Some(latest)));
        points
    }
}

fn is_kept(point: &CurvePoint, stride: u32) -> bool {
    point.iteration.saturating_sub(1).is_multiple_of(stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(iterations: u32) -> Vec<u32> {
        let mut curve = Curve::default();
        for iteration in 1..=iterations {
            curve.push(CurvePoint { iteration, loss: 1.0, validation: None });
        }
        curve.into_points().into_iter().map(|point| point.iteration).collect()
    }

    #[test]
    fn a_short_curve_is_whole() {
        assert!(curve(0).is_empty());
        for n in [1, 2, 255] {
            assert_eq!(curve(n), (1..=n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_long_curve_is_thinned_evenly_and_keeps_both_ends() {
        for n in [256, 257, 511, 1000, 65_536] {
            let kept = curve(n);
            assert!((128..=MOST_CURVE_POINTS).contains(&kept.len()), "{n}: {}", kept.len());
            assert_eq!((kept[0], kept.last()), (1, Some(&n)));
            let stride = kept[1] - kept[0];
            let even = kept[..kept.len() - 1].windows(2).all(|pair| pair[1] - pair[0] == stride);
            assert!(even, "{n}: {kept:?}");
        }
    }
}
