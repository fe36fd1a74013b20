//! What is drawn: lines that share their axes.

/// A line: its points are in order, and finite.
pub struct Series {
    /// As the legend has it.
    pub name: &'static str,
    /// Places across, and values.
    pub points: Vec<(f64, f64)>,
}

/// Lines that share their axes; each has a point at least. Three of them are told apart.
pub struct Panel {
    /// What the values are, with their unit.
    pub title: &'static str,
    /// What the places across are.
    pub across: Across,
    /// How values lie.
    pub up: Scale,
    /// The lines.
    pub lines: Vec<Series>,
}

/// What the first number of a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// Of a training.
    Iteration,
    /// Of the share of requests that took no longer, the nines: 0.9 has one, 0.99 two.
    Nines,
    /// Requests a second.
    Rate,
    /// Requests a second, by their logarithm.
    Rates,
    /// Models in a process, by the logarithm of their number.
    Models,
}

/// Whether equal distances are equal differences, or equal ratios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Differences.
    Linear,
    /// Ratios; no value is 0 or less.
    Logarithmic,
}

impl Series {
    /// A line through those `points` that are finite.
    pub fn new(name: &'static str, points: impl Iterator<Item = (f64, f64)>) -> Self {
        Self { name, points: points.filter(|(x, y)| x.is_finite() && y.is_finite()).collect() }
    }

    /// The values alone.
    pub fn values(&self) -> Vec<f64> {
        self.points.iter().map(|(_, value)| *value).collect()
    }
}

impl Across {
    /// What is written below the axis.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Iteration => "iteration",
            Self::Nines => "share of the requests",
            Self::Rate | Self::Rates => "requests a second that were due",
            Self::Models => "models in the process",
        }
    }

    /// How places lie.
    pub(crate) fn scale(self) -> Scale {
        match self {
            Self::Iteration | Self::Nines | Self::Rate => Scale::Linear,
            Self::Rates | Self::Models => Scale::Logarithmic,
        }
    }

    /// The least distance of two ticks.
    pub(crate) fn step(self) -> f64 {
        match self {
            Self::Iteration | Self::Nines => 1.0,
            Self::Rate | Self::Rates | Self::Models => 0.0,
        }
    }

    /// What is written at a tick, if the number alone does not say it.
    pub(crate) fn label(self, tick: f64) -> Option<String> {
        match self {
            Self::Iteration | Self::Rate | Self::Rates | Self::Models => None,
            Self::Nines => {
                let digits = (tick as usize).saturating_sub(2);
                Some(format!("{:.digits$} %", 100.0 * (1.0 - 10_f64.powf(-tick))))
            }
        }
    }
}
