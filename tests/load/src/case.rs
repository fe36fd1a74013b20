//! What is measured, and how it must turn out.

/// A load, and the bars of its figures.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) model: &'static str,
    /// Flags of `millwright bench`; `NOTES` stands for the file of texts.
    pub(crate) flags: &'static [&'static str],
    pub(crate) bars: &'static [Bar],
    /// Whether the peer takes part.
    pub(crate) peer: bool,
}

/// A bound on the ratio of our figure to that of the null server.
#[derive(Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) figure: Figure,
    pub(crate) bound: Bound,
}

/// On which side of it a ratio must lie.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
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
    pub(crate) fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(bound) => ratio <= bound,
            Self::AtLeast(bound) => ratio >= bound,
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
        bars: &[at_most(Figure::P50, 1.10)],
        peer: true,
    },
    Case {
        name: "rows64-c64",
        what: "ModelInfer, 64 rows, 64 in flight",
        model: "digits",
        flags: &["--concurrency", "64", "--connections", "2", "--rows-per-request", "64"],
        bars: &[at_most(Figure::ServerCpu, 1.35)],
        peer: true,
    },
    Case {
        name: "stream-512",
        what: "ModelStreamInfer, 1 row a message, 512 in flight on one stream",
        model: "digits",
        flags: &["--stream", "--concurrency", "512"],
        bars: &[at_least(Figure::Throughput, 0.60)],
        peer: false,
    },
    Case {
        name: "native-text-c64",
        what: "Predict, one text of 60 to 120 characters, 64 in flight",
        model: "notes",
        flags: &["--native", "--rows", "NOTES", "--concurrency", "64", "--connections", "2"],
        bars: &[at_most(Figure::ServerCpu, 1.6)],
        peer: false,
    },
];
