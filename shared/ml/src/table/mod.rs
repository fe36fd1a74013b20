//! Tables in CSV: read strictly, row by row, as often as needed.

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
mod profile;
mod reader;
mod sample;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use millwright_domain::{FormatHints, TableFormat, TableProfile};

pub use error::TableError;
pub(crate) use error::quoted;
pub(crate) use number::is_missing;
pub use number::{Cell, NumberFormat};
pub use reader::{CsvReader, CsvRow};
use {format::Guess, profile::Profiler, sample::Sample};

/// A CSV file on disk, with what it holds. Its text is never held whole.
#[derive(Debug)]
pub struct CsvTable {
    path: PathBuf,
    profile: TableProfile,
    numbers: NumberFormat,
}

impl CsvTable {
    /// Reads the whole file and learns what it holds; what `hints` leave open is detected.
    ///
    /// # Errors
    /// [`TableError`] names the first line that is wrong; a header without rows is wrong too.
    pub fn open(path: &Path, hints: &FormatHints) -> Result<Self, TableError> {
        hints.check()?;
        let mut file = File::open(path)?;
        let sample = Sample::take(&mut file)?;
        let encoding = encoding::detect(&sample.bytes, file)?;
        let Guess { format, contradictions } = Guess::of(&sample, encoding, hints);
        let profile = match decided(path, format, hints) {
            Ok(profile) => profile,
            Err(error) => return Err(error.despite(contradictions)),
        };
        let contradictions = [contradictions, profile.contradictions].concat();
        Ok(Self::new(path, TableProfile { contradictions, ..profile }))
    }

    /// Reads the whole file in `format` and learns what it holds; nothing is detected.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_format(path: &Path, format: &TableFormat) -> Result<Self, TableError> {
        let mut rows = CsvReader::with_format(File::open(path)?, format)?;
        let profiler = Profiler::read(&mut rows)?;
        Ok(Self::new(path, profiler.profile(&rows)))
    }

    fn new(path: &Path, profile: TableProfile) -> Self {
        let numbers = NumberFormat::new(&profile.format);
        Self { path: path.to_owned(), profile, numbers }
    }

    /// A table without a file: whoever reads it fails.
    #[cfg(test)]
    pub(crate) fn unread(profile: TableProfile) -> Self {
        Self::new(Path::new(""), profile)
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

/// Reads all rows in a format that was told from the first ones. If the others write numbers in
/// another way, reads them all again.
fn decided(
    path: &Path,
    format: TableFormat,
    hints: &FormatHints,
) -> Result<TableProfile, TableError> {
    let mut rows = CsvReader::with_format(File::open(path)?, &format)?;
    let mut profiler = Profiler::read(&mut rows)?;
    let delimiter = format.delimiter;
    let (decimal, thousands) = profiler.evidence.marks(hints, delimiter);
    let decided = TableFormat { decimal, thousands, ..format };
    if decided != *rows.format() {
        rows = CsvReader::with_format(File::open(path)?, &decided)?;
        profiler = Profiler::read(&mut rows)?;
    }
    let contradictions = Vec::from_iter(profiler.evidence.contradiction(hints, delimiter));
    Ok(TableProfile { contradictions, ..profiler.profile(&rows) })
}
