//! Two versions side by side.

use millwright_domain::{Digest, Evaluation, Lineage, ModelVersion, Split};
use serde::Serialize;

use super::{VersionView, number, score, table, time, training};
use crate::{
    output::Answer,
    recipe::{format_flags, recipe_flags},
};

/// Widest cell, in characters: two of them fit a screen.
const WIDEST: usize = 48;

/// Two versions, and in what they differ.
#[derive(Serialize)]
pub(crate) struct CompareView {
    a: VersionView,
    b: VersionView,
    /// What is not the same of both.
    differences: Vec<String>,
    /// Whether both were scored on the same rows, so that their scores compare.
    same_test_rows: bool,
    #[serde(skip)]
    rows: Vec<Row>,
}

/// One thing of both versions; `-` where one does not have it.
struct Row {
    what: String,
    a: String,
    b: String,
    /// `differs`, or by how much; empty where both are the same.
    difference: String,
}

impl CompareView {
    pub(crate) fn new(a: ModelVersion, b: ModelVersion) -> Self {
        let mut rows = paired(facts(&a), facts(&b));
        rows.extend(scores(&a.evaluation, &b.evaluation));
        rows.extend(paired(recipe(&a), recipe(&b)));
        let differing = rows.iter().filter(|row| !row.difference.is_empty());
        let differences = differing.map(|row| row.what.clone()).collect();
        let same_test_rows = test_rows(&a.lineage) == test_rows(&b.lineage);
        Self { a: a.into(), b: b.into(), differences, same_test_rows, rows }
    }
}

impl Answer for CompareView {
    fn table(&self) -> String {
        let cells =
            |row: &Row| [&row.what, &row.a, &row.b, &row.difference].map(|cell| narrow(cell));
        let (a, b) = (self.a.reference(), self.b.reference());
        let text = table(["", &a, &b, "DIFFERENCE"], self.rows.iter().map(cells).collect());
        if self.same_test_rows {
            return text;
        }
        format!("{text}\n\nThey were scored on different rows: their scores do not compare.")
    }
}

/// What a version is and what it was made from.
fn facts(version: &ModelVersion) -> Vec<(String, String)> {
    let summary = &version.lineage.summary;
    let facts = [
        ("digest", short(&version.artifact.digest)),
        ("bytes", number(version.artifact.size_bytes)),
        ("registered", time(version.created_at)),
        ("data set", short(&version.lineage.dataset)),
        ("classes", version.classes.join(", ")),
        ("trained on", training::trained_on(summary)),
        ("features", training::features(summary)),
        ("training", training::stopped(summary)),
        ("loss", format!("{:.4}", summary.loss)),
        ("tested on", format!("{} rows", number(version.evaluation.n_test))),
    ];
    facts.map(|(what, value)| (what.to_owned(), value)).to_vec()
}

/// The beginning of a text that is too wide.
fn narrow(text: &str) -> String {
    match text.char_indices().nth(WIDEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Its beginning: two whole ones are wider than a screen.
fn short(digest: &Digest) -> String {
    format!("sha256:{}…", &digest.hex()[..12])
}

fn scores(a: &Evaluation, b: &Evaluation) -> [Row; 3] {
    let row = |what: &str, a: f64, b: f64| {
        let difference = if a == b { String::new() } else { format!("{:+.4}", b - a) };
        Row { what: what.to_owned(), a: score(a), b: score(b), difference }
    };
    [
        row("accuracy", a.accuracy, b.accuracy),
        row("macro F1", a.macro_f1, b.macro_f1),
        row("log loss", a.log_loss, b.log_loss),
    ]
}

fn recipe(version: &ModelVersion) -> Vec<(String, String)> {
    let spec = &version.lineage.spec;
    let flags = recipe_flags(spec).into_iter();
    let flags = flags.chain(spec.table.iter().flat_map(format_flags));
    flags.map(|(flag, value)| (flag.to_owned(), value)).collect()
}

/// The rows of `a` with what `b` has of the same name, then what `b` alone has.
fn paired(a: Vec<(String, String)>, b: Vec<(String, String)>) -> Vec<Row> {
    let of = |all: &[(String, String)], what: &str| {
        let found = all.iter().find(|(name, _)| name == what);
        found.map_or("-".to_owned(), |(_, value)| value.clone())
    };
    let only_b = b.iter().filter(|(name, _)| !a.iter().any(|(known, _)| known == name));
    let names = a.iter().chain(only_b).map(|(name, _)| name.clone());
    let row = |what: String| {
        let (a, b) = (of(&a, &what), of(&b, &what));
        let difference = if a == b { "" } else { "differs" }.to_owned();
        Row { what, a, b, difference }
    };
    names.map(row).collect()
}

/// What decides which rows are held out.
fn test_rows(lineage: &Lineage) -> impl PartialEq + use<> {
    let spec = &lineage.spec;
    let seed = matches!(spec.split, Split::Fraction(_)).then_some(spec.seed);
    (lineage.dataset, spec.pipeline.target.clone(), spec.split.clone(), seed)
}
