//! What is measured beside the null server, and how it must turn out.

use crate::{bench::Load, plant::Plant};

/// A load, and the bars of its figures.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) model: &'static str,
    /// Of `millwright bench`.
    pub(crate) flags: &'static [&'static str],
    pub(crate) rows: Sent,
    pub(crate) bars: &'static [Bar],
    /// Whether the peer takes part.
    pub(crate) peer: bool,
}

/// Which rows are sent.
#[derive(Clone, Copy)]
pub(crate) enum Sent {
    Random,
    /// Those of the file of notes.
    Notes,
}

impl Case {
    pub(crate) fn load(&self, plant: &Plant) -> Load {
        let rows = match self.rows {
            Sent::Random => None,
            Sent::Notes => Some(plant.notes()),
        };
        Load { model: self.model.to_owned(), flags: self.flags, rows, ..Load::default() }
    }
}

/// A bound on the ratio of our figure to that of the null server.
#[derive(Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) figure: Figure,
    pub(crate) bound: Bound,
}

/// How a figure must compare with another.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// In ratio.
    AtMost(f64),
    /// In ratio.
    AtLeast(f64),
    /// In difference.
    AtMostMore(f64),
    /// There is no bar.
    None,
}

/// What a bar is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Processor time of the server for one request.
    ServerCpu,
    /// Requests a second.
    Throughput,
    P50,
    P99,
}

impl Figure {
    /// As tables name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ServerCpu => "server CPU a request, µs",
            Self::Throughput => "requests/s",
            Self::P50 => "p50, ms",
            Self::P99 => "p99, ms",
        }
    }
}

impl Bound {
    /// What it is that is bounded.
    pub(crate) fn compared(self, ours: f64, other: f64) -> f64 {
        match self {
            Self::AtMostMore(_) => ours - other,
            Self::AtMost(_) | Self::AtLeast(_) | Self::None => ours / other,
        }
    }

    /// Whether it is kept; `None`: there is nothing to keep.
    pub(crate) fn holds(self, compared: f64) -> Option<bool> {
        match self {
            Self::AtMost(bound) | Self::AtMostMore(bound) => Some(compared <= bound),
            Self::AtLeast(bound) => Some(compared >= bound),
            Self::None => None,
        }
    }
}

const fn at_most(figure: Figure, bound: f64) -> Bar {
    Bar { figure, bound: Bound::AtMost(bound) }
}

const fn at_least(figure: Figure, bound: f64) -> Bar {
    Bar { figure, bound: Bound::AtLeast(bound) }
}

/// In the order in which they run.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "unary-c64",
        what: "ModelInfer, 1 row, logistic regression on digits, 64 in flight",
        model: "digits",
        flags: &["--concurrency", "64", "--connections", "2"],
        rows: Sent::Random,
        bars: &[
            at_most(Figure::ServerCpu, 1.25),
            at_least(Figure::Throughput, 0.85),
            at_most(Figure::P99, 1.25),
        ],
        peer: true,
    },
    Case {
        name: "unary-c1",
        what: "the same, one at a time",
        model: "digits",
        flags: &["--concurrency", "1"],
        rows: Sent::Random,
        bars: &[at_most(Figure::P50, 1.10)],
        peer: true,
    },
    Case {
        name: "rows64-c64",
        what: "ModelInfer, 64 rows, 64 in flight",
        model: "digits",
        flags: &["--concurrency", "64", "--connections", "2", "--rows-per-request", "64"],
        rows: Sent::Random,
        bars: &[at_most(Figure::ServerCpu, 1.35)],
        peer: true,
    },
    Case {
        name: "stream-512",
        what: "ModelStreamInfer, 1 row a message, 512 in flight on one stream",
        model: "digits",
        flags: &["--stream", "--concurrency", "512"],
        rows: Sent::Random,
        bars: &[at_least(Figure::Throughput, 0.60)],
        peer: false,
    },
    Case {
        name: "native-text-c64",
        what: "Predict, one text of 60 to 120 characters, 64 in flight",
        model: "notes",
        flags: &["--native", "--concurrency", "64", "--connections", "2"],
        rows: Sent::Notes,
        bars: &[at_most(Figure::ServerCpu, 1.6)],
        peer: false,
    },
];
