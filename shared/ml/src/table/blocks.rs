//! Parts of a table that can be read apart from each other.

use std::{fs::File, path::Path};

use super::{
    CsvReader, CsvRow, TableError,
    reader::{Frame, Place},
};

/// Where the blocks of a table begin. They depend on its bytes alone.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    starts: Vec<(Place, u64)>,
    n_rows: u64,
}

/// The rows of one block, or of several where these are not read apart.
pub(crate) struct Block<'a> {
    reader: &'a mut CsvReader,
    first: u64,
    left: u64,
}

impl Blocks {
    /// Takes the next rows of the table.
    pub(super) fn push(&mut self, place: Place, n_rows: u64) {
        if n_rows > 0 {
            self.starts.push((place, self.n_rows));
        }
        self.n_rows += n_rows;
    }

    pub(super) fn n_rows(&self) -> u64 {
        self.n_rows
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Number of the first row of block `i`, from 0; of the rows where there is no such block.
    fn first(&self, i: usize) -> u64 {
        self.starts.get(i).map_or(self.n_rows, |(_, row)| *row)
    }

    /// A reader that begins at block `i`.
    pub(super) fn reader(
        &self,
        i: usize,
        path: &Path,
        frame: &Frame,
    ) -> Result<CsvReader, TableError> {
        CsvReader::resume(File::open(path)?, frame, self.starts[i].0)
    }

    /// Block `i`, at which `reader` stands.
    pub(super) fn block<'a>(&self, i: usize, reader: &'a mut CsvReader) -> Block<'a> {
        let first = self.first(i);
        Block { reader, first, left: self.first(i + 1) - first }
    }
}

impl Block<'_> {
    /// Number of the first row, from 0.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Rows that are left.
    pub(crate) fn n_rows(&self) -> usize {
        usize::try_from(self.left).unwrap_or(usize::MAX)
    }

    /// The next row.
    ///
    /// # Errors
    /// [`TableError`] where the file can no longer be read.
    pub(crate) fn next_row(&mut self) -> Result<Option<&CsvRow>, TableError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.reader.next_row()
    }
}
