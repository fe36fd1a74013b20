//! Rounds become ratios, and ratios a table.

use std::fmt::Write;

use crate::{
    bench::Outcome,
    case::{Bar, Bound, Case},
};

/// What the servers did in each round; ours first, the null server second, then the peer.
pub(crate) struct Measured {
    pub(crate) case: &'static Case,
    pub(crate) rounds: Vec<Vec<Outcome>>,
}

/// Above this many cores of the sender, a throughput says how quick the sender is.
const SENDER_IS_FREE: f64 = 0.9;

/// Median, least and most of some figures.
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values = values.collect::<Vec<_>>();
        values.sort_by(f64::total_cmp);
        let at = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            at(middle)
        } else {
            at(middle.saturating_sub(1)).midpoint(at(middle))
        };
        Self { median, least: at(0), most: at(values.len().saturating_sub(1)) }
    }
}

const HEADER: &str = "\
| case | figure | Millwright | null server | ratio (least–most) | bar | | peer |
|---|---|---|---|---|---|---|---|
";

/// A Markdown table of everything that was `measured`.
pub(crate) fn table(measured: &[Measured]) -> String {
    let mut table = HEADER.to_owned();
    for measured in measured {
        for bar in measured.case.bars {
            table.push_str(&row(measured, *bar));
        }
    }
    table
}

fn row(measured: &Measured, Bar { figure, bound }: Bar) -> String {
    let of = |server: usize| {
        let rounds = measured.rounds.iter().filter_map(move |round| round.get(server));
        rounds.map(|outcome| outcome.of(figure)).collect::<Vec<_>>()
    };
    let peer = of(2);
    let peer = if peer.is_empty() { String::new() } else { number(median(&peer)) };
    let pair = Pair { ours: of(0), other: of(1), bound };
    let limit = if is_bound_by_sender(measured) { ", sender at its limit" } else { "" };
    format!("| {} | {} | {}{limit} | {peer} |\n", measured.case.name, figure.name(), pair.cells())
}

fn is_bound_by_sender(measured: &Measured) -> bool {
    let outcomes = measured.rounds.iter().flat_map(|round| round.iter().take(2));
    outcomes.map(|outcome| outcome.sender).fold(0.0, f64::max) > SENDER_IS_FREE
}

/// A figure and what it is compared with, both once a round.
pub(crate) struct Pair {
    pub(crate) ours: Vec<f64>,
    pub(crate) other: Vec<f64>,
    pub(crate) bound: Bound,
}

impl Pair {
    /// Both, how they compare, the bar, and whether it holds.
    fn cells(&self) -> String {
        let Self { ours, other, bound } = self;
        let rounds = ours.iter().zip(other);
        let compared = Spread::of(rounds.map(|(ours, other)| bound.compared(*ours, *other)));
        let Spread { median: middle, least, most } = compared;
        let (ours, other) = (number(median(ours)), number(median(other)));
        let (bar, spread) = match bound {
            Bound::AtMost(most) => (format!("≤ {most}"), None),
            Bound::AtLeast(least) => (format!("≥ {least}"), None),
            Bound::AtMostMore(more) => {
                (format!("≤ +{more}"), Some(format!("{middle:+.2} ({least:+.2} to {most:+.2})")))
            }
            Bound::None => (String::new(), None),
        };
        let spread = spread.unwrap_or_else(|| format!("{middle:.2} ({least:.2}–{most:.2})"));
        let verdict = match bound.holds(middle) {
            Some(true) => "holds",
            Some(false) => "**missed**",
            None => "",
        };
        format!("{ours} | {other} | {spread} | {bar} | {verdict}")
    }
}

const PAIRS: &str = "\
| figure | measured | beside | ratio, or difference (least–most) | bar | |
|---|---|---|---|---|---|
";

/// A Markdown table of `pairs`, each under its name.
pub(crate) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, Pair)>) -> String {
    let mut table = PAIRS.to_owned();
    for (name, pair) in pairs {
        // Writing to a string does not fail.
        let _ = writeln!(table, "| {name} | {} |", pair.cells());
    }
    table
}

/// The middle one; between the middle two, of an even number.
pub(crate) fn median(values: &[f64]) -> f64 {
    Spread::of(values.iter().copied()).median
}

/// Three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.3}"),
    }
}

/// What each case is.
pub(crate) fn legend(measured: &[Measured]) -> String {
    let mut legend = String::new();
    for Measured { case, .. } in measured {
        // Writing to a string does not fail.
        let _ = writeln!(legend, "- `{}`: {}.", case.name, case.what);
    }
    legend
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        for (values, median) in [(vec![3.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 2.0, 8.0], 3.0)] {
            let spread = Spread::of(values.iter().copied());
            assert_eq!(spread.median, median, "{values:?}");
            assert_eq!(spread.least, 1.0, "{values:?}");
        }
        assert!(Spread::of(std::iter::empty()).median.is_nan(), "of nothing there is none");
    }

    #[test]
    fn three_digits_count() {
        assert_eq!([0.12345, 12.345, 1234.5].map(number), ["0.123", "12.3", "1234"]);
    }
}
