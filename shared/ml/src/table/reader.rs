//! Rows of a CSV text that comes from anywhere.

use std::{
    fs::File,
    io::{BufRead, Cursor, Read, Seek, SeekFrom},
};

use millwright_domain::{FormatHints, Header, TableFormat};

use super::{
    NumberFormat, TableError,
    decoder::{decoded, encoded_len},
    error::quoted,
    format::Guess,
    header,
    parser::{Kind, MAX_FIELDS, Mistake, Parser},
    sample::Sample,
};

/// Bytes of a row that is longer than most.
const LONG_ROW: usize = 64 << 10;

/// Reads rows below a header. Holds one row at a time: 64 MiB at most, 16 MiB a field.
pub struct CsvReader {
    input: Box<dyn BufRead + Send>,
    format: TableFormat,
    numbers: NumberFormat,
    contradictions: Vec<String>,
    parser: Parser,
    header: Vec<String>,
    /// Fields of every row; those beyond the header are blank.
    width: usize,
    row: CsvRow,
    /// Whether `row` is the first one, which nobody has seen yet.
    has_first_row: bool,
    /// Bytes that were read.
    used: u64,
}

/// What the rows of a file are read by once its header is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    format: TableFormat,
    header: Vec<String>,
    width: usize,
}

/// Where a row begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// In bytes from the beginning of the file, where that is UTF-8.
    pub(super) offset: u64,
    pub(super) line: u64,
    /// Whether a line feed there would still end the row before.
    pub(super) after_return: bool,
}

/// One row.
#[derive(Debug, Default)]
pub struct CsvRow {
    place: Place,
    line: u64,
    text: String,
    ends: Vec<usize>,
    /// Bytes between two cells.
    gap: usize,
}

impl CsvRow {
    /// The line on which the row begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Where it begins.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The cell of column `i`; empty where there is no such column.
    pub fn cell(&self, i: usize) -> &str {
        let from = if i == 0 { Some(0) } else { self.ends.get(i - 1).map(|end| end + self.gap) };
        let range = from.zip(self.ends.get(i).copied());
        range.and_then(|(from, to)| self.text.get(from..to)).unwrap_or_default()
    }

    /// All cells, in the header's order.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        let mut from = 0;
        self.ends.iter().map(move |end| {
            let cell = self.text.get(from..*end).unwrap_or_default();
            from = end + self.gap;
            cell
        })
    }
}

impl CsvReader {
    /// Reads the header of `source`. What `hints` leave open is told from its first rows, and
    /// needs two lines of them: nothing is read again.
    ///
    /// # Errors
    /// [`TableError`] if the hints cannot be, or if there is no header, or a wrong one.
    pub fn new(
        mut source: impl Read + Send + 'static,
        hints: &FormatHints,
    ) -> Result<Self, TableError> {
        hints.check()?;
        let sample = Sample::take(&mut source)?;
        let Guess { format, contradictions } = Guess::of(&sample, sample.encoding()?, hints);
        match Self::start(sample, source, format) {
            Ok(reader) => Ok(Self { contradictions, ..reader }),
            Err(error) => Err(error.despite(contradictions)),
        }
    }

    /// Reads the header of `source` in `format`; nothing is detected.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_format(
        mut source: impl Read + Send + 'static,
        format: &TableFormat,
    ) -> Result<Self, TableError> {
        format.to_hints().check()?;
        let sample = Sample::take(&mut source)?;
        Self::start(sample, source, format.clone())
    }

    /// Reads the header of `sample` and `rest`.
    fn start(
        sample: Sample,
        rest: impl Read + Send + 'static,
        format: TableFormat,
    ) -> Result<Self, TableError> {
        let start = sample.start(format.encoding);
        let mut beginning = Cursor::new(sample.bytes);
        beginning.set_position(start.offset as u64);
        let mut reader = Self {
            input: decoded(beginning.chain(rest), format.encoding),
            parser: Parser::new(format.delimiter, start.line),
            numbers: NumberFormat::new(&format),
            contradictions: Vec::new(),
            header: Vec::new(),
            width: 0,
            row: CsvRow::default(),
            has_first_row: format.header == Header::Absent,
            used: start.offset as u64,
            format,
        };
        reader.read_header()?;
        Ok(reader)
    }

    /// Goes on at a row that a reader of the same file, which is UTF-8, came to before.
    pub(super) fn resume(mut file: File, frame: &Frame, place: Place) -> Result<Self, TableError> {
        file.seek(SeekFrom::Start(place.offset))?;
        let Frame { format, header, width } = frame.clone();
        Ok(Self {
            input: decoded(file, format.encoding),
            parser: Parser::resumed(format.delimiter, (place.line, place.after_return)),
            numbers: NumberFormat::new(&format),
            contradictions: Vec::new(),
            header,
            width,
            row: CsvRow::default(),
            has_first_row: false,
            used: place.offset,
            format,
        })
    }

    /// Where the next row begins, or blank lines above it.
    pub(super) fn place(&self) -> Place {
        if self.has_first_row { self.row.place } else { self.standing() }
    }

    fn standing(&self) -> Place {
        let (line, after_return) = self.parser.standing();
        Place { offset: self.used, line, after_return }
    }

    /// What another reader needs to go on.
    pub(super) fn frame(&self) -> Frame {
        let Self { format, header, width, .. } = self;
        Frame { format: format.clone(), header: header.clone(), width: *width }
    }

    fn read_header(&mut self) -> Result<(), TableError> {
        if !self.advance()? {
            return Err(TableError::Empty);
        }
        self.header = match self.format.header {
            Header::Present => header::named(&self.row)?,
            Header::Absent => header::numbered(&self.row),
        };
        self.width = self.row.ends.len();
        Ok(())
    }

    /// Names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// How the text is read.
    pub fn format(&self) -> &TableFormat {
        &self.format
    }

    /// What its cells say where they are numbers.
    pub fn numbers(&self) -> &NumberFormat {
        &self.numbers
    }

    /// What the first rows show where hints say otherwise, a sentence each.
    pub fn contradictions(&self) -> &[String] {
        &self.contradictions
    }

    /// The next row that is not blank.
    ///
    /// # Errors
    /// [`TableError`] names the line that is wrong. After a [`TableError::Ragged`],
    /// [`TableError::Malformed`] or [`TableError::Unnamed`] row the next one can be read; after
    /// any other error there is no point in reading on.
    pub fn next_row(&mut self) -> Result<Option<&CsvRow>, TableError> {
        if !std::mem::take(&mut self.has_first_row) && !self.advance()? {
            return Ok(None);
        }
        let (line, found, expected) = (self.row.line, self.row.ends.len(), self.width);
        if found != expected {
            return Err(TableError::Ragged { line, found, expected });
        }
        let n_named = self.header.len();
        if let Some(i) = (n_named..found).find(|i| !self.row.cell(*i).trim().is_empty()) {
            return Err(TableError::Unnamed { line, position: i + 1 });
        }
        self.row.ends.truncate(n_named);
        Ok(Some(&self.row))
    }

    /// Exchanges the latest row for the memory of another, and says how many bytes its text has.
    pub(super) fn swap_row(&mut self, other: &mut CsvRow) -> usize {
        // That of a long row would be kept for each row of a batch, sooner or later.
        if other.text.capacity() > LONG_ROW {
            other.text = String::new();
        }
        std::mem::swap(&mut self.row, other);
        other.text.len()
    }

    /// Moves to the next row, whatever its length.
    fn advance(&mut self) -> Result<bool, TableError> {
        self.parser.text = std::mem::take(&mut self.row.text).into_bytes();
        self.parser.ends = std::mem::take(&mut self.row.ends);
        self.parser.clear();
        self.row.place = self.standing();
        let complete = self.parse()?;
        self.row.line = self.parser.row_line();
        self.row.ends = std::mem::take(&mut self.parser.ends);
        self.row.gap = self.parser.gap;
        let text = String::from_utf8(std::mem::take(&mut self.parser.text));
        match text {
            // A cell that ends inside a character is damaged, even if its neighbour completes it.
            Ok(text) if is_cut_between_characters(&text, &self.row.ends) => {
                self.row.text = text;
                Ok(complete)
            }
            Ok(text) => Err(self.malformed(text.as_bytes())),
            Err(error) => Err(self.malformed(error.as_bytes())),
        }
    }

    fn parse(&mut self) -> Result<bool, TableError> {
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                return self.parser.finish().map_err(|mistake| self.named(mistake));
            }
            let fed = self.parser.feed(bytes);
            let (used, complete) = fed.map_err(|mistake| self.named(mistake))?;
            self.input.consume(used);
            self.used += used as u64;
            if complete {
                return Ok(true);
            }
        }
    }

    fn named(&self, Mistake { line, field, kind }: Mistake) -> TableError {
        let column = self.column(field);
        match kind {
            Kind::Quote => TableError::Quote { line, column },
            Kind::Unclosed => TableError::UnclosedQuote { line, column },
            Kind::Fields => TableError::TooManyColumns { line, limit: MAX_FIELDS },
            Kind::Long { what, limit } => TableError::TooLong { line, column, what, limit },
        }
    }

    /// A column as messages name it.
    fn column(&self, i: usize) -> String {
        match self.header.get(i) {
            Some(name) => format!("column {:?}", quoted(name)),
            None => format!("column {}", i + 1),
        }
    }

    /// Finds the first cell of the row that is not UTF-8: the decoder leaves damage as damage.
    fn malformed(&self, row: &[u8]) -> TableError {
        let (mut from, mut column, mut before) = (0, 0, "");
        for (i, end) in self.row.ends.iter().enumerate() {
            let cell = row.get(from..*end).unwrap_or_default();
            let sound = cell.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            if sound.len() < cell.len() {
                (column, before) = (i, sound);
                break;
            }
            from = *end + self.row.gap;
        }
        let above = row.get(..from + before.len()).unwrap_or_default();
        let line = self.row.line + above.iter().filter(|byte| **byte == b'\n').count() as u64;
        let encoding = self.format.encoding;
        let byte = encoded_len(before, encoding) + 1;
        TableError::Malformed { line, column: self.column(column), byte, encoding }
    }
}

fn is_cut_between_characters(text: &str, ends: &[usize]) -> bool {
    text.is_ascii() || ends.iter().all(|end| text.is_char_boundary(*end))
}
