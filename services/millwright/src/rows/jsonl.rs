//! Rows from JSON lines: one object a line, with the model's columns as its keys.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Read},
};

use millwright_domain::ColumnKind;
use serde_json::{Map, Value};

use super::{Cell, Column, InputError, MAX_LINE_BYTES, MAX_TEXT_BYTES, OnUnknown, Row, RowError};

/// Unknown keys are remembered up to this many, so that endless input with ever new ones ends well.
const MAX_UNKNOWN: usize = 100;

/// The rows of a file of JSON lines.
pub(super) struct Lines<R> {
    input: R,
    columns: Vec<Column>,
    unknown: OnUnknown,
    dropped: BTreeSet<String>,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, columns: Vec<Column>, unknown: OnUnknown) -> Self {
        Self { input, columns, unknown, dropped: BTreeSet::new(), line: Vec::new() }
    }

    /// Reads the next line; `None` at the end.
    fn read_line(&mut self) -> io::Result<Option<Result<(), RowError>>> {
        self.line.clear();
        let mut bounded = self.input.by_ref().take(MAX_LINE_BYTES);
        if bounded.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        if bounded.limit() == 0 && self.line.last() != Some(&b'\n') {
            self.input.skip_until(b'\n')?;
            return Ok(Some(Err(RowError::TooLong)));
        }
        Ok(Some(Ok(())))
    }

    fn row(&mut self) -> Row {
        let text = str::from_utf8(&self.line).map_err(|_| RowError::NotUtf8)?;
        let object: Map<String, Value> = serde_json::from_str(text).map_err(not_json)?;
        self.tell_unknown(&object);
        self.columns.iter().map(|column| cell(column, object.get(&column.name))).collect()
    }

    fn tell_unknown(&mut self, object: &Map<String, Value>) {
        let is_known = |name: &String| self.columns.iter().any(|column| column.name == *name);
        let is_new = |name: &&String| !self.dropped.contains(*name) && !is_known(name);
        let room = MAX_UNKNOWN - self.dropped.len();
        let new: Vec<String> = object.keys().filter(is_new).take(room).cloned().collect();
        if !new.is_empty() {
            (self.unknown)(&new);
            self.dropped.extend(new);
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Row, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Err(error) => return Some(Err(error.into())),
                Ok(None) => return None,
                Ok(Some(Err(error))) => return Some(Ok(Err(error))),
                Ok(Some(Ok(()))) if self.line.trim_ascii().is_empty() => {}
                Ok(Some(Ok(()))) => return Some(Ok(self.row())),
            }
        }
    }
}

/// The parser tells a number that is too large for it apart in words alone.
fn not_json(error: serde_json::Error) -> RowError {
    if error.to_string().starts_with("number out of range") {
        return RowError::OutOfRange;
    }
    RowError::NotAnObject
}

fn cell(column: &Column, value: Option<&Value>) -> Result<Cell, RowError> {
    let name = || column.name.clone();
    match (column.kind, value) {
        (ColumnKind::Text, None) => Err(RowError::MissingText { column: name() }),
        (ColumnKind::Numeric, None) => Err(RowError::MissingNumber { column: name() }),
        (ColumnKind::Text, Some(Value::String(text))) if text.len() > MAX_TEXT_BYTES => {
            Err(RowError::TextTooLong { column: name() })
        }
        (ColumnKind::Text, Some(Value::String(text))) => Ok(Cell::Text(text.clone())),
        (ColumnKind::Text, Some(_)) => Err(RowError::NotAText { column: name() }),
        (ColumnKind::Numeric, Some(Value::Null)) => Ok(Cell::Number(f64::NAN)),
        (ColumnKind::Numeric, Some(value)) => {
            value.as_f64().map(Cell::Number).ok_or_else(|| RowError::NotANumber { column: name() })
        }
    }
}
