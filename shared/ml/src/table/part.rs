//! What some rows of a table hold.

use millwright_domain::{ColumnKind, DatasetColumn, Distinct};

use super::{
    CsvReader, CsvRow, NumberFormat, TableError,
    distinct::SomeValues,
    evidence::{Evidence, Statement},
    marks::Ways,
    reader::Place,
};

/// The rows of a block, noted apart from those before them.
///
/// What depends on those before them, such as how numbers are written, is not decided here: what is
/// new in the block is kept, in the order of its rows, for a [`Profiler`](super::profile::Profiler).
pub(super) struct Part {
    numbers: NumberFormat,
    pub(super) place: Place,
    pub(super) n_rows: u64,
    pub(super) columns: Vec<Column>,
    pub(super) values: SomeValues,
    evidence: Evidence,
    /// What was news to the evidence.
    pub(super) statements: Vec<Statement>,
}

/// What the cells of a column held so far.
#[derive(Clone, Default)]
pub(super) struct Column {
    n_blank: u64,
    n_tokens: u64,
    /// Which tokens, a bit each.
    tokens: u64,
    range: Option<(f64, f64)>,
    first_text_line: Option<u64>,
}

impl Part {
    /// No rows of a table with as many columns as `values` is for.
    pub(super) fn new(numbers: &NumberFormat, n_columns: usize, values: SomeValues) -> Self {
        Self {
            numbers: numbers.clone(),
            place: Place::default(),
            n_rows: 0,
            columns: vec![Column::default(); n_columns],
            values,
            evidence: Evidence::new(n_columns),
            statements: Vec::new(),
        }
    }

    /// Adds the rows of `reader` that begin before `end`, in bytes from the file's beginning.
    pub(super) fn read(mut self, mut reader: CsvReader, end: u64) -> Result<Self, TableError> {
        while reader.place().offset < end
            && let Some(row) = reader.next_row()?
        {
            self.add(row);
        }
        Ok(self)
    }

    pub(super) fn add(&mut self, row: &CsvRow) {
        if self.n_rows == 0 {
            self.place = row.place();
        }
        self.n_rows += 1;
        for (i, cell) in row.cells().enumerate() {
            self.note(i, cell, row.line());
        }
    }

    /// Notes a cell of column `i`.
    ///
    /// Most are short numbers that say nothing new of how numbers are written. In a column of text
    /// such a number widens a range that nobody sees.
    fn note(&mut self, i: usize, cell: &str, line: u64) {
        if let Some(short) = self.numbers.short(cell)
            && (short.is_whole || self.evidence.has_settled(i, self.numbers.decimal()))
        {
            self.values.add(i, cell);
            return self.columns[i].add(Some(short.value), line);
        }
        let column = &mut self.columns[i];
        let trimmed = cell.trim();
        if trimmed.is_empty() {
            column.n_blank += 1;
        } else if let Some(token) = self.numbers.token(trimmed) {
            column.n_tokens += 1;
            column.tokens |= 1 << token;
        } else {
            self.values.add(i, cell);
            if !self.evidence.is_text(i) {
                let number = self.number(i, trimmed);
                self.columns[i].add(number, line);
            }
        }
    }

    /// The number in a trimmed cell of column `i`; what the cell says of others is heard.
    fn number(&mut self, i: usize, cell: &str) -> Option<f64> {
        let ungrouped = self.numbers.ungrouped(cell);
        if ungrouped.is_none() || !self.evidence.has_settled(i, self.numbers.decimal()) {
            self.statements.extend(self.evidence.hear(i, cell, Ways::of(cell)));
        }
        ungrouped.or_else(|| self.numbers.number(cell))
    }
}

impl Column {
    fn add(&mut self, number: Option<f64>, line: u64) {
        match number {
            Some(number) => self.cover((number, number)),
            None => self.first_text_line = self.first_text_line.or(Some(line)),
        }
    }

    fn cover(&mut self, (min, max): (f64, f64)) {
        let (least, most) = self.range.unwrap_or((min, max));
        self.range = Some((least.min(min), most.max(max)));
    }

    /// Adds what the column holds in the rows that follow.
    pub(super) fn take(&mut self, other: &Self) {
        self.n_blank += other.n_blank;
        self.n_tokens += other.n_tokens;
        self.tokens |= other.tokens;
        self.first_text_line = self.first_text_line.or(other.first_text_line);
        if let Some(range) = other.range {
            self.cover(range);
        }
    }

    pub(super) fn profile(&self, name: &str, distinct: Distinct) -> DatasetColumn {
        let is_text = self.first_text_line.is_some();
        // In a column of text, `NA` is a value like others.
        let n_tokens = u64::from(self.tokens.count_ones());
        DatasetColumn {
            name: name.to_owned(),
            kind: if is_text { ColumnKind::Text } else { ColumnKind::Numeric },
            n_missing: if is_text { self.n_blank } else { self.n_blank + self.n_tokens },
            distinct: match distinct {
                Distinct::Exactly(n) if is_text => Distinct::Exactly(n + n_tokens),
                distinct => distinct,
            },
            range: self.range.filter(|_| !is_text),
            first_text_line: self.first_text_line,
        }
    }
}
