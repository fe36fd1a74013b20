//! What a table holds.

use millwright_domain::{ColumnKind, DatasetColumn, Distinct, TableProfile};

use super::{
    CsvReader, CsvRow, NumberFormat, TableError, blocks::Blocks, distinct::DistinctValues,
    evidence::Evidence, marks::Ways,
};

/// Rows and bytes of a batch, at most; one row is as long as it is.
const ROWS: usize = 1024;
const BYTES: usize = 256 << 10;

/// A profile in the making.
pub(super) struct Profiler {
    numbers: NumberFormat,
    columns: Vec<Column>,
    distinct: DistinctValues,
    /// How else the numbers might have been read.
    pub evidence: Evidence,
    pub blocks: Blocks,
    n_rows: u64,
}

/// What the cells of a column held so far.
#[derive(Clone, Default)]
struct Column {
    n_blank: u64,
    n_tokens: u64,
    /// Which tokens, a bit each.
    tokens: u64,
    range: Option<(f64, f64)>,
    first_text_line: Option<u64>,
}

impl Profiler {
    /// Reads all rows, at least one, and notes what their cells hold.
    pub(super) fn read(rows: &mut CsvReader) -> Result<Self, TableError> {
        let n = rows.header().len();
        let mut profiler = Self {
            numbers: rows.numbers().clone(),
            columns: vec![Column::default(); n],
            distinct: DistinctValues::new(n),
            evidence: Evidence::new(n),
            blocks: Blocks::default(),
            n_rows: 0,
        };
        // While rows are noted, the next are read.
        let (mut ready, mut spare) = (Batch::default(), Batch::default());
        ready.fill(rows)?;
        while !ready.rows().is_empty() {
            let note = || ready.rows().iter().for_each(|row| profiler.add(row));
            rayon::join(|| spare.fill(rows), note).0?;
            std::mem::swap(&mut ready, &mut spare);
        }
        if profiler.n_rows == 0 { Err(TableError::NoRows) } else { Ok(profiler) }
    }

    fn add(&mut self, row: &CsvRow) {
        self.n_rows += 1;
        self.blocks.add(row);
        for (i, (column, cell)) in self.columns.iter_mut().zip(row.cells()).enumerate() {
            let trimmed = cell.trim();
            if trimmed.is_empty() {
                column.n_blank += 1;
            } else if let Some(token) = self.numbers.token(trimmed) {
                column.n_tokens += 1;
                column.tokens |= 1 << token;
            } else {
                self.distinct.add(i, cell);
                if !self.evidence.is_text(i) {
                    let number = read(&self.numbers, &mut self.evidence, i, trimmed);
                    column.add(number, row.line());
                }
            }
        }
    }

    /// What the rows held.
    pub(super) fn profile(&self, rows: &CsvReader) -> TableProfile {
        let names = rows.header().iter().enumerate();
        let columns = names.map(|(i, name)| self.columns[i].profile(name, self.distinct.count(i)));
        TableProfile {
            n_rows: self.n_rows,
            columns: columns.collect(),
            format: rows.format().clone(),
            contradictions: Vec::new(),
        }
    }
}

/// The number in a trimmed cell of column `i`, and what the cell says of others.
fn read(numbers: &NumberFormat, evidence: &mut Evidence, i: usize, cell: &str) -> Option<f64> {
    let ungrouped = numbers.ungrouped(cell);
    if ungrouped.is_none() || !evidence.has_settled(i, numbers.decimal()) {
        evidence.hear(i, cell, Ways::of(cell));
    }
    ungrouped.or_else(|| numbers.number(cell))
}

/// Some rows, in memory that is used again.
#[derive(Default)]
struct Batch {
    rows: Vec<CsvRow>,
    n: usize,
}

impl Batch {
    /// Takes the next rows instead: none where there are no more.
    fn fill(&mut self, rows: &mut CsvReader) -> Result<(), TableError> {
        let mut bytes = 0;
        self.n = 0;
        while self.n < ROWS && bytes < BYTES && rows.next_row()?.is_some() {
            if self.n == self.rows.len() {
                self.rows.push(CsvRow::default());
            }
            bytes += rows.swap_row(&mut self.rows[self.n]);
            self.n += 1;
        }
        Ok(())
    }

    fn rows(&self) -> &[CsvRow] {
        &self.rows[..self.n]
    }
}

impl Column {
    fn add(&mut self, number: Option<f64>, line: u64) {
        match number {
            Some(number) => {
                let (min, max) = self.range.unwrap_or((number, number));
                self.range = Some((min.min(number), max.max(number)));
            }
            None => self.first_text_line = self.first_text_line.or(Some(line)),
        }
    }

    fn profile(&self, name: &str, distinct: Distinct) -> DatasetColumn {
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
