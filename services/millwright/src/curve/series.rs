//! What of a training is drawn: lines that share an axis.

use millwright_domain::{CurvePoint, Scores};

/// A line: its points are iterations and values, in order, and finite.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Lines that share an axis; each has a point at least.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) across: Across,
    pub(crate) lines: Vec<Series>,
}

/// What the first number of a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Across {
    Iteration,
    /// Of the share of requests that took no longer, the nines: 0.9 has one, 0.99 two.
    Nines,
    /// Requests a second.
    Rate,
}

impl Across {
    /// What is written below the axis.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Iteration => "iteration",
            Self::Nines => "share of the requests",
            Self::Rate => "requests a second that were due",
        }
    }

    /// The least distance of two ticks.
    pub(super) fn step(self) -> f64 {
        match self {
            Self::Iteration | Self::Nines => 1.0,
            Self::Rate => 0.0,
        }
    }

    /// What is written at a tick, if the number alone does not say it.
    pub(super) fn label(self, tick: f64) -> Option<String> {
        match self {
            Self::Iteration | Self::Rate => None,
            Self::Nines => {
                let digits = (tick as usize).saturating_sub(2);
                Some(format!("{:.digits$} %", 100.0 * (1.0 - 10_f64.powf(-tick))))
            }
        }
    }
}

/// What `curve` shows: the losses, and the scores where rows were watched.
pub(crate) fn panels(curve: &[CurvePoint]) -> Vec<Panel> {
    let watched = |score: fn(&Scores) -> f64| {
        move |point: &CurvePoint| point.validation.as_ref().map_or(f64::NAN, score)
    };
    let losses = [
        Series::of("training", curve, |point| point.loss),
        Series::of("validation", curve, watched(|scores| scores.log_loss)),
    ];
    let scores = [
        Series::of("accuracy", curve, watched(|scores| scores.accuracy)),
        Series::of("macro F1", curve, watched(|scores| scores.macro_f1)),
    ];
    let panel = |title, lines: [Series; 2]| {
        let lines = lines.into_iter().filter(|line| !line.points.is_empty());
        Panel { title, across: Across::Iteration, lines: lines.collect() }
    };
    let all = [panel("loss, nats a row", losses), panel("score on the validation rows", scores)];
    all.into_iter().filter(|panel| !panel.lines.is_empty()).collect()
}

impl Series {
    /// A line through those `points` that are finite.
    pub(crate) fn new(name: &'static str, points: impl Iterator<Item = (f64, f64)>) -> Self {
        Self { name, points: points.filter(|(x, y)| x.is_finite() && y.is_finite()).collect() }
    }

    fn of(name: &'static str, curve: &[CurvePoint], value: impl Fn(&CurvePoint) -> f64) -> Self {
        Self::new(name, curve.iter().map(|point| (f64::from(point.iteration), value(point))))
    }

    /// The values alone.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.points.iter().map(|(_, value)| *value).collect()
    }
}
