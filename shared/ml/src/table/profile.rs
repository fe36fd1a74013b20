//! What a table holds.

use std::{fs::File, path::Path};

use millwright_domain::{Encoding, TableProfile};

use super::{
    CsvReader, CsvRow, TableError,
    blocks::Blocks,
    cuts::BLOCK,
    distinct::DistinctValues,
    evidence::Evidence,
    part::{Column, Part},
    reader::Place,
};
use crate::rounds::in_order;

/// Rows of a batch, at most.
const ROWS: usize = 8192;

/// A profile in the making: the parts of a table, taken in order, are what all of its rows are, one
/// after the other.
pub(super) struct Profiler {
    columns: Vec<Column>,
    distinct: DistinctValues,
    /// How else the numbers might have been read.
    pub evidence: Evidence,
    pub blocks: Blocks,
}

impl Profiler {
    /// Reads all rows of the file at `path`, at least one, and notes what their cells hold. `rows`
    /// stands at the first of them, and `cuts` says where the file may be cut, if it is UTF-8.
    pub(super) fn read(
        path: &Path,
        rows: &mut CsvReader,
        cuts: &[Place],
    ) -> Result<Self, TableError> {
        let n = rows.header().len();
        let mut profiler = Self {
            columns: vec![Column::default(); n],
            distinct: DistinctValues::new(n),
            evidence: Evidence::new(n),
            blocks: Blocks::default(),
        };
        if rows.format().encoding == Encoding::Utf8 {
            profiler.read_apart(path, rows, cuts)?;
        } else {
            profiler.read_in_order(rows)?;
        }
        if profiler.blocks.n_rows() == 0 { Err(TableError::NoRows) } else { Ok(profiler) }
    }

    /// Reads blocks apart from each other.
    fn read_apart(
        &mut self,
        path: &Path,
        rows: &CsvReader,
        cuts: &[Place],
    ) -> Result<(), TableError> {
        let (first, frame) = (rows.place(), rows.frame());
        let below = cuts.iter().copied().filter(|cut| cut.offset > first.offset);
        let starts = std::iter::once(first).chain(below).collect::<Vec<_>>();
        let start = self.start(rows);
        let part = |i: usize| {
            let reader = CsvReader::resume(File::open(path)?, &frame, starts[i])?;
            let end = starts.get(i + 1).map_or(u64::MAX, |next| next.offset);
            start().read(reader, end)
        };
        in_order(starts.len(), part, |part| {
            self.take(part);
            Ok(())
        })
    }

    /// Reads rows one after the other, the next while some are noted.
    fn read_in_order(&mut self, rows: &mut CsvReader) -> Result<(), TableError> {
        let start = self.start(rows);
        let (mut ready, mut spare) = (Batch::default(), Batch::default());
        ready.fill(rows)?;
        while !ready.rows().is_empty() {
            let mut part = start();
            let note = || ready.rows().iter().for_each(|row| part.add(row));
            rayon::join(|| spare.fill(rows), note).0?;
            self.take(part);
            std::mem::swap(&mut ready, &mut spare);
        }
        Ok(())
    }

    /// Makes parts to be taken later.
    fn start(&self, rows: &CsvReader) -> impl Fn() -> Part + Sync + use<> {
        let (numbers, n) = (rows.numbers().clone(), rows.header().len());
        let values = self.distinct.some();
        move || Part::new(&numbers, n, values.clone())
    }

    /// Takes the part that follows.
    fn take(&mut self, part: Part) {
        self.blocks.push(part.place, part.n_rows);
        self.columns.iter_mut().zip(&part.columns).for_each(|(all, some)| all.take(some));
        self.distinct.take(part.values);
        for statement in part.statements {
            if !self.evidence.is_text(statement.column) {
                self.evidence.repeat(statement);
            }
        }
    }

    /// What the rows held.
    pub(super) fn profile(&self, rows: &CsvReader) -> TableProfile {
        let names = rows.header().iter().enumerate();
        let columns = names.map(|(i, name)| self.columns[i].profile(name, self.distinct.count(i)));
        TableProfile {
            n_rows: self.blocks.n_rows(),
            columns: columns.collect(),
            format: rows.format().clone(),
            contradictions: Vec::new(),
        }
    }
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
        while self.n < ROWS && bytes < BLOCK && rows.next_row()?.is_some() {
            if self.n == self.rows.len() {
                self.rows.push(CsvRow::default());
            }
            bytes += rows.swap_row(&mut self.rows[self.n]) as u64;
            self.n += 1;
        }
        Ok(())
    }

    fn rows(&self) -> &[CsvRow] {
        &self.rows[..self.n]
    }
}
