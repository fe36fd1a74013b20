//! What a predictor has done between two looks.

use millwright_proto::predictor::ServedModel;
use serde::Serialize;

use super::{
    millis, number,
    table::{cut, grid},
    time,
};
use crate::{
    error::told,
    output::Answer,
    watch::{Change, Look, Quantile},
};

/// A predictor, at one look.
#[derive(Serialize)]
pub(crate) struct WatchView {
    time: String,
    predictor: String,
    away: Option<AwayView>,
    versions: Vec<VersionRow>,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct AwayView {
    since: String,
    problem: String,
}

/// What one version has done in the last interval, and what waits for it.
#[derive(Serialize)]
struct VersionRow {
    model: String,
    version: u64,
    aliases: Vec<String>,
    requests_per_second: f64,
    rows_per_second: f64,
    failures_per_second: f64,
    queued_rows: u64,
    oldest_wait_ms: f64,
    request_ms: Percentiles,
    mean_batch_rows: Option<f64>,
    /// Since it was loaded.
    succeeded: u64,
    failed: u64,
}

#[derive(Serialize)]
struct Percentiles {
    p50: Option<Bounded>,
    p95: Option<Bounded>,
    p99: Option<Bounded>,
}

/// Milliseconds; where `above`, it was more than these.
#[derive(Clone, Copy, Serialize)]
struct Bounded {
    ms: f64,
    above: bool,
}

/// An alias whose version is not served.
#[derive(Serialize)]
struct Problem {
    model: String,
    alias: String,
    wanted_version: u64,
    /// None: nothing answers yet.
    version: Option<u64>,
    /// None: it is being loaded.
    problem: Option<String>,
}

const HEADER: [&str; 12] = [
    "MODEL", "VERSION", "ALIASES", "REQ/S", "ROWS/S", "FAIL/S", "QUEUE", "OLDEST", "P50", "P95",
    "P99", "BATCH",
];

/// Columns that a narrow terminal does without, in this order.
const SPARE: [&str; 5] = ["BATCH", "P95", "OLDEST", "ALIASES", "ROWS/S"];

impl From<Look<'_>> for WatchView {
    fn from(look: Look<'_>) -> Self {
        let away =
            look.away.map(|away| AwayView { since: time(away.since), problem: told(&away.error) });
        Self {
            time: time(look.at),
            predictor: look.address.to_owned(),
            away,
            versions: look.changes.into_iter().map(VersionRow::from).collect(),
            problems: look.served.into_iter().filter_map(Problem::of).collect(),
        }
    }
}

impl From<Change> for VersionRow {
    fn from(change: Change) -> Self {
        let percentile = |share| change.quantile(share).map(Bounded::from);
        let request_ms =
            Percentiles { p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99) };
        let (requests_per_second, rows_per_second) =
            (change.requests_per_second(), change.rows_per_second());
        let (failures_per_second, mean_batch_rows) =
            (change.failures_per_second(), change.mean_batch_rows());
        let now = change.now;
        let version = now.version.unwrap_or_default();
        Self {
            model: version.model,
            version: version.version,
            aliases: now.aliases,
            requests_per_second,
            rows_per_second,
            failures_per_second,
            queued_rows: now.queued_rows,
            oldest_wait_ms: now.oldest_wait_us as f64 / 1e3,
            request_ms,
            mean_batch_rows,
            succeeded: now.succeeded,
            failed: now.failed,
        }
    }
}

impl From<Quantile> for Bounded {
    fn from(quantile: Quantile) -> Self {
        match quantile {
            Quantile::Within(ms) => Self { ms, above: false },
            Quantile::Above(ms) => Self { ms, above: true },
        }
    }
}

impl Problem {
    /// `None` of an alias whose version answers.
    fn of(served: ServedModel) -> Option<Self> {
        let serving = served.serving.unwrap_or_default();
        let problem = Some(served.problem).filter(|problem| !problem.is_empty());
        if problem.is_none() && serving.version == served.wanted_version {
            return None;
        }
        Some(Self {
            model: serving.model,
            alias: served.alias,
            wanted_version: served.wanted_version,
            version: Some(serving.version).filter(|version| *version > 0),
            problem,
        })
    }

    fn line(&self) -> String {
        let Self { model, alias, wanted_version, version, problem } = self;
        let why = problem.as_deref().unwrap_or("it is being loaded");
        let instead = match version {
            Some(version) => format!("{version} answers"),
            None => "nothing answers".to_owned(),
        };
        format!("{model}@{alias}: {wanted_version} is not served, {instead}: {why}")
    }
}

impl WatchView {
    /// Lines no wider than `width`, if that matters.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let head = format!("predictor {} at {}", self.predictor, self.time);
        let mut lines = vec![head, String::new()];
        match &self.away {
            Some(away) => lines.push(format!("away since {}: {}", away.since, away.problem)),
            None if self.versions.is_empty() => lines.push("no version is loaded".to_owned()),
            None => lines.extend(self.table(width)),
        }
        if !self.problems.is_empty() {
            lines.push(String::new());
            lines.extend(self.problems.iter().map(Problem::line));
        }
        let cut = |line: String| match width {
            Some(width) => cut(&line, width),
            None => line,
        };
        lines.into_iter().map(cut).collect()
    }

    /// With as many columns as there is room for.
    fn table(&self, width: Option<usize>) -> Vec<String> {
        let mut header = HEADER.to_vec();
        let mut spare = SPARE.iter();
        loop {
            let row = |row: &VersionRow| header.iter().map(|column| row.cell(column)).collect();
            let rows = self.versions.iter().map(row).collect();
            let table = grid(header.iter().map(ToString::to_string).collect(), rows);
            let lines: Vec<_> = table.lines().map(str::to_owned).collect();
            let widest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
            match spare.next() {
                Some(least) if width.is_some_and(|width| widest > width) => {
                    header.retain(|column| column != least);
                }
                _ => return lines,
            }
        }
    }
}

impl VersionRow {
    fn cell(&self, column: &str) -> String {
        let rate = |rate: f64| format!("{rate:.1}");
        match column {
            "MODEL" => self.model.clone(),
            "VERSION" => self.version.to_string(),
            "ALIASES" => self.aliases.join(","),
            "REQ/S" => rate(self.requests_per_second),
            "ROWS/S" => rate(self.rows_per_second),
            "FAIL/S" => rate(self.failures_per_second),
            "QUEUE" => number(self.queued_rows),
            "OLDEST" => millis(Some(self.oldest_wait_ms).filter(|wait| *wait > 0.0)),
            "P50" => bounded(self.request_ms.p50),
            "P95" => bounded(self.request_ms.p95),
            "P99" => bounded(self.request_ms.p99),
            _ => self.mean_batch_rows.map_or("-".to_owned(), rate),
        }
    }
}

fn bounded(value: Option<Bounded>) -> String {
    match value {
        Some(Bounded { ms, above: true }) => format!("> {}", millis(Some(ms))),
        value => millis(value.map(|value| value.ms)),
    }
}

impl Answer for WatchView {
    fn table(&self) -> String {
        self.lines(None).join("\n")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use millwright_proto::predictor::{ServedVersion, VersionStatistics};

    use super::*;

    fn served(version: u64, wanted_version: u64, problem: &str) -> ServedModel {
        let serving = ServedVersion { model: "press".to_owned(), version, ..Default::default() };
        let (alias, problem) = ("production".to_owned(), problem.to_owned());
        let serving = Some(serving);
        ServedModel { serving, alias, wanted_version, problem, ..Default::default() }
    }

    #[test]
    fn an_alias_whose_version_does_not_answer_says_why() {
        for (of, line) in [
            (served(3, 3, ""), None),
            (
                served(3, 4, ""),
                Some("press@production: 4 is not served, 3 answers: it is being loaded"),
            ),
            (
                served(3, 4, "damaged"),
                Some("press@production: 4 is not served, 3 answers: damaged"),
            ),
            (
                served(0, 4, "damaged"),
                Some("press@production: 4 is not served, nothing answers: damaged"),
            ),
        ] {
            assert_eq!(Problem::of(of).map(|problem| problem.line()).as_deref(), line);
        }
    }

    fn view() -> WatchView {
        let version =
            ServedVersion { model: "press.defect".to_owned(), version: 3, ..Default::default() };
        let now = VersionStatistics {
            version: Some(version),
            aliases: vec!["production".to_owned(), "staging".to_owned()],
            ..VersionStatistics::default()
        };
        WatchView {
            time: String::new(),
            predictor: String::new(),
            away: None,
            versions: vec![VersionRow::from(Change::new(None, now, Duration::from_secs(1)))],
            problems: vec![],
        }
    }

    #[test]
    fn columns_that_matter_least_make_room() {
        for (width, kept, gone) in [
            (None, "BATCH", "…"),
            (Some(200), "BATCH", "…"),
            (Some(96), "P95", "BATCH"),
            (Some(60), "P99", "ALIASES"),
        ] {
            let lines = view().lines(width);
            let text = lines.join("\n");
            assert!(text.contains(kept) && !text.contains(gone), "{width:?}: {text}");
        }
        let narrow = view().lines(Some(20));
        assert!(narrow.iter().all(|line| line.chars().count() <= 20), "{narrow:?}");
        assert!(narrow.iter().any(|line| line.ends_with('…')), "{narrow:?}");
    }
}
