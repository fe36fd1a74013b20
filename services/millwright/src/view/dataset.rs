//! Data sets.

use millwright_domain::{
    ColumnKind, Dataset, DatasetColumn, Digest, Distinct, Header, TableFormat,
};
use serde::Serialize;

use super::{fields, number, share, table, time};
use crate::output::Answer;

/// One data set.
#[derive(Serialize)]
pub(crate) struct DatasetView {
    digest: Digest,
    size_bytes: u64,
    n_rows: u64,
    format: TableFormat,
    contradictions: Vec<String>,
    columns: Vec<DatasetColumn>,
    created_at: String,
}

/// All data sets.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct DatasetsView(Vec<DatasetView>);

impl From<Dataset> for DatasetView {
    fn from(dataset: Dataset) -> Self {
        Self {
            digest: dataset.digest,
            size_bytes: dataset.size_bytes,
            n_rows: dataset.table.n_rows,
            format: dataset.table.format,
            contradictions: dataset.table.contradictions,
            columns: dataset.table.columns,
            created_at: time(dataset.created_at),
        }
    }
}

impl From<Vec<Dataset>> for DatasetsView {
    fn from(datasets: Vec<Dataset>) -> Self {
        Self(datasets.into_iter().map(DatasetView::from).collect())
    }
}

impl Answer for DatasetView {
    fn table(&self) -> String {
        let mut head = vec![
            ("digest", self.digest.to_string()),
            ("rows", number(self.n_rows)),
            ("bytes", number(self.size_bytes)),
            ("uploaded", self.created_at.clone()),
        ];
        head.extend(format(&self.format));
        head.extend(self.contradictions.iter().map(|seen| ("but", seen.clone())));
        let columns = self.columns.iter().map(|column| profile(column, self.n_rows)).collect();
        let columns = table(["COLUMN", "KIND", "MISSING", "DISTINCT", "RANGE"], columns);
        format!("{}\n\n{columns}", fields(head))
    }
}

impl Answer for DatasetsView {
    fn table(&self) -> String {
        let row = |dataset: &DatasetView| {
            [
                dataset.digest.to_string(),
                number(dataset.n_rows),
                dataset.columns.len().to_string(),
                number(dataset.size_bytes),
                dataset.created_at.clone(),
            ]
        };
        let rows = self.0.iter().map(row).collect();
        table(["DIGEST", "ROWS", "COLUMNS", "BYTES", "UPLOADED"], rows)
    }
}

/// How the file is read.
fn format(format: &TableFormat) -> [(&'static str, String); 5] {
    let header = match format.header {
        Header::Present => "names the columns",
        Header::Absent => "none: columns are numbered",
    };
    let thousands = format.thousands.map_or("no mark between groups of digits".to_owned(), |c| {
        format!("{} between groups of digits", mark(c))
    });
    let missing: Vec<_> =
        ["(empty)"].into_iter().chain(format.missing.iter().map(String::as_str)).collect();
    [
        ("encoding", format.encoding.to_string()),
        ("delimiter", mark(format.delimiter)),
        ("decimal mark", format!("{}  {thousands}", mark(format.decimal.as_char()))),
        ("first line", header.to_owned()),
        ("missing", missing.join("  ")),
    ]
}

fn profile(column: &DatasetColumn, n_rows: u64) -> [String; 5] {
    let distinct = match column.distinct {
        Distinct::Exactly(n) => number(n),
        Distinct::MoreThan(0) => "-".to_owned(),
        Distinct::MoreThan(n) => format!("> {}", number(n)),
    };
    let missing = match column.n_missing {
        0 => "0".to_owned(),
        n => format!("{}  {}", number(n), share(n as f64 / n_rows.max(1) as f64)),
    };
    let range = column.range.map_or("-".to_owned(), |(min, max)| format!("{min} … {max}"));
    [column.name.clone(), kind(column), missing, distinct, range]
}

fn kind(column: &DatasetColumn) -> String {
    match (column.kind, column.first_text_line) {
        (ColumnKind::Numeric, _) => "numeric".to_owned(),
        (ColumnKind::Text, None) => "text".to_owned(),
        (ColumnKind::Text, Some(line)) => format!("text from line {line}"),
    }
}

/// A mark that can be seen.
fn mark(mark: char) -> String {
    match mark {
        '\t' => "tab".to_owned(),
        ' ' => "space".to_owned(),
        '\u{a0}' | '\u{202f}' => "no-break space".to_owned(),
        mark => mark.to_string(),
    }
}
