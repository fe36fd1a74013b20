//! Tables in CSV: read strictly, row by row, as often as needed.

mod blocks;
mod bytes;
mod cuts;
mod decoder;
mod delimiter;
mod distinct;
mod encoding;
mod error;
mod evidence;
mod format;
mod header;
mod marks;
mod number;
mod parser;
mod part;
mod profile;
mod reader;
mod sample;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use millwright_domain::{Encoding, FormatHints, TableFormat, TableProfile};

pub(crate) use blocks::Block;
pub use error::TableError;
pub(crate) use error::quoted;
pub(crate) use number::is_missing;
pub use number::{Cell, NumberFormat};
pub use reader::{CsvReader, CsvRow};
use {
    blocks::Blocks,
    cuts::Cuts,
    format::Guess,
    profile::Profiler,
    reader::{Frame, Place},
    sample::Sample,
};

/// A CSV file on disk, with what it holds. Its text is never held whole.
#[derive(Debug)]
pub struct CsvTable {
    path: PathBuf,
    profile: TableProfile,
    numbers: NumberFormat,
    frame: Frame,
    blocks: Blocks,
}

impl CsvTable {
    /// Reads the whole file and learns what it holds; what `hints` leave open is detected.
    ///
    /// # Errors
    /// [`TableError`] names the first line that is wrong; a header without rows is wrong too.
    pub fn open(path: &Path, hints: &FormatHints) -> Result<Self, TableError> {
        hints.check()?;
        let mut file = Cuts::new(File::open(path)?);
        let sample = Sample::take(&mut file)?;
        let encoding = encoding::detect(&sample.bytes, &mut file)?;
        let Guess { format, contradictions } = Guess::of(&sample, encoding, hints);
        let mut table = match Self::decided(path, format, (file, hints)) {
            Ok(table) => table,
            Err(error) => return Err(error.despite(contradictions)),
        };
        table.profile.contradictions.splice(..0, contradictions);
        Ok(table)
    }

    /// Reads the whole file in `format` and learns what it holds; nothing is detected.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_format(path: &Path, format: &TableFormat) -> Result<Self, TableError> {
        let mut rows = CsvReader::with_format(File::open(path)?, format)?;
        let cuts = places(Cuts::new(File::open(path)?), format)?;
        let profiler = Profiler::read(path, &mut rows, &cuts)?;
        Ok(Self::new(path, &rows, profiler))
    }

    /// Reads all rows in a format that was told from the first ones. If the others write numbers in
    /// another way, reads them all again.
    fn decided(
        path: &Path,
        format: TableFormat,
        (cuts, hints): (Cuts<File>, &FormatHints),
    ) -> Result<Self, TableError> {
        let mut rows = CsvReader::with_format(File::open(path)?, &format)?;
        let cuts = places(cuts, &format)?;
        let mut profiler = Profiler::read(path, &mut rows, &cuts)?;
        let delimiter = format.delimiter;
        let (decimal, thousands) = profiler.evidence.marks(hints, delimiter);
        let decided = TableFormat { decimal, thousands, ..format };
        if decided != *rows.format() {
            rows = CsvReader::with_format(File::open(path)?, &decided)?;
            profiler = Profiler::read(path, &mut rows, &cuts)?;
        }
        let contradiction = profiler.evidence.contradiction(hints, delimiter);
        let mut table = Self::new(path, &rows, profiler);
        table.profile.contradictions.extend(contradiction);
        Ok(table)
    }

    fn new(path: &Path, rows: &CsvReader, profiler: Profiler) -> Self {
        let (profile, numbers) = (profiler.profile(rows), rows.numbers().clone());
        let (frame, blocks) = (rows.frame(), profiler.blocks);
        Self { path: path.to_owned(), profile, numbers, frame, blocks }
    }

    /// A table without a file: whoever reads it fails.
    #[cfg(test)]
    pub(crate) fn unread(profile: TableProfile) -> Self {
        let numbers = NumberFormat::new(&profile.format);
        let (path, frame, mut blocks) = (PathBuf::new(), Frame::default(), Blocks::default());
        blocks.push(Place::default(), 1);
        Self { path, profile, numbers, frame, blocks }
    }

    /// What the file held when it was opened.
    pub fn profile(&self) -> &TableProfile {
        &self.profile
    }

    /// How the file is read.
    pub fn format(&self) -> &TableFormat {
        &self.profile.format
    }

    /// What its cells say where they are numbers.
    pub fn numbers(&self) -> &NumberFormat {
        &self.numbers
    }

    /// Position of the column called `name`.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.profile.columns.iter().position(|column| column.name == name)
    }

    /// Parts of it that [`Self::block`] reads.
    pub(crate) fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Calls `work` with block `i`.
    ///
    /// # Errors
    /// That of `work`, or [`TableError`] where the file can no longer be read.
    pub(crate) fn block<T, E: From<TableError>>(
        &self,
        i: usize,
        work: impl FnOnce(Block<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut reader = self.blocks.reader(i, &self.path, &self.frame)?;
        work(self.blocks.block(i, &mut reader))
    }

    /// Calls `visit` with every block, in order, until it fails.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub(crate) fn for_each_block<E: From<TableError>>(
        &self,
        mut visit: impl FnMut(Block<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = File::open(&self.path).map_err(TableError::from)?;
        let mut rows = CsvReader::with_format(file, self.format())?;
        (0..self.n_blocks()).try_for_each(|i| visit(self.blocks.block(i, &mut rows)))
    }

    /// Whether a block can be read without those before it: what is not UTF-8 is decoded in order.
    pub(crate) fn has_apart(&self) -> bool {
        self.format().encoding == Encoding::Utf8
    }

    /// Calls `visit` with every row, in order, until it fails.
    ///
    /// # Errors
    /// That of `visit`, or [`TableError`] where the file can no longer be read.
    pub fn for_each<E: From<TableError>>(
        &self,
        mut visit: impl FnMut(&CsvRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = File::open(&self.path).map_err(TableError::from)?;
        let mut rows = CsvReader::with_format(file, self.format())?;
        while let Some(row) = rows.next_row()? {
            visit(row)?;
        }
        Ok(())
    }
}

/// Where a file in `format` may be cut: what is not UTF-8 is read in order.
fn places(cuts: Cuts<File>, format: &TableFormat) -> Result<Vec<Place>, TableError> {
    match format.encoding {
        Encoding::Utf8 => Ok(cuts.finish()?),
        _ => Ok(Vec::new()),
    }
}
