//! Rows from CSV, read as strictly as training data.

use std::io::Read;

use millwright_domain::{ColumnKind, FormatHints};
use millwright_ml::{self as ml, CsvReader, CsvRow, NumberFormat, TableError};

use super::{Cell, Column, InputError, OnUnknown, Row, RowError};

/// The rows of a CSV table.
pub(super) struct Table {
    reader: CsvReader,
    numbers: NumberFormat,
    /// Each with its position in a row.
    columns: Vec<(usize, Column)>,
}

impl Table {
    /// Reads the header, which must have all `columns`; others are `unknown`.
    pub(super) fn open(
        input: impl Read + Send + 'static,
        hints: &FormatHints,
        columns: Vec<Column>,
        mut unknown: OnUnknown,
    ) -> Result<Self, InputError> {
        let reader = CsvReader::new(input, hints)?;
        let header = reader.header();
        let is_known = |name: &&String| columns.iter().any(|column| column.name == **name);
        let dropped: Vec<_> = header.iter().filter(|name| !is_known(name)).cloned().collect();
        let mut placed = Vec::with_capacity(columns.len());
        let mut missing = Vec::new();
        for column in columns {
            match header.iter().position(|name| *name == column.name) {
                Some(at) => placed.push((at, column)),
                None => missing.push(column.name),
            }
        }
        if !missing.is_empty() {
            return Err(InputError::MissingColumns(missing));
        }
        if !dropped.is_empty() {
            unknown(&dropped);
        }
        let numbers = reader.numbers().clone();
        Ok(Self { reader, numbers, columns: placed })
    }
}

impl Iterator for Table {
    type Item = Result<Row, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.next_row() {
            Ok(None) => None,
            Ok(Some(row)) => {
                let cell = |(at, column): &(usize, Column)| cell(row, *at, column, &self.numbers);
                Some(Ok(self.columns.iter().map(cell).collect()))
            }
            // The row had its end in its place: the next one is a row again.
            Err(
                error @ (TableError::Ragged { .. }
                | TableError::Malformed { .. }
                | TableError::Unnamed { .. }),
            ) => Some(Ok(Err(RowError::Malformed(error.to_string())))),
            Err(error) => Some(Err(error.into())),
        }
    }
}

fn cell(
    row: &CsvRow,
    at: usize,
    column: &Column,
    numbers: &NumberFormat,
) -> Result<Cell, RowError> {
    let text = row.cell(at);
    match column.kind {
        ColumnKind::Text => Ok(Cell::Text(text.to_owned())),
        ColumnKind::Numeric => match numbers.read(text) {
            ml::Cell::Missing => Ok(Cell::Number(f64::NAN)),
            ml::Cell::Number(number) => Ok(Cell::Number(number)),
            ml::Cell::Text => Err(RowError::NotANumber { column: column.name.clone() }),
        },
    }
}
