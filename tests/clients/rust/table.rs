//! Rows of a CSV file as named columns.

use std::ops::Range;

use millwright_proto::predictor::{NamedColumn, Numbers, Texts, named_column::Values};

/// Rows of a CSV file.
#[derive(Clone)]
pub(crate) struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The first line names the columns; nothing is quoted.
    pub(crate) fn parse(csv: &str) -> Self {
        let mut lines = csv.lines().map(|line| line.split(',').map(str::to_owned).collect());
        Self { names: lines.next().unwrap_or_default(), rows: lines.collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Some rows as the columns of a request; those that are not in `texts` are numbers.
    pub(crate) fn columns(&self, rows: Range<usize>, texts: &[String]) -> Vec<NamedColumn> {
        let column = |(i, name): (usize, &String)| {
            let cells = self.rows[rows.clone()].iter().map(|row| row[i].as_str());
            let values = match texts.contains(name) {
                true => Values::Texts(Texts { values: cells.map(str::to_owned).collect() }),
                // What is no number is told by the predictor as what is missing.
                false => Values::Numbers(Numbers { values: cells.map(number).collect() }),
            };
            NamedColumn { name: name.clone(), values: Some(values) }
        };
        self.names.iter().enumerate().map(column).collect()
    }
}

/// An empty cell is a missing number.
fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or(f64::NAN)
}
