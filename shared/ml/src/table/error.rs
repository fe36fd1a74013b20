//! What can be wrong with a table.

use std::io;

use millwright_domain::{Code, Encoding, Fault, FormatError, Violation};

/// Why a CSV file cannot be used. Lines count from 1, the header included.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error("the table cannot be read")]
    Io(#[from] io::Error),
    /// What is said of the file cannot be.
    #[error(transparent)]
    Hints(#[from] FormatError),
    /// A file of another kind.
    #[error("the file is {what}, not text: save the table as CSV")]
    NotText {
        /// Which.
        what: &'static str,
    },
    /// Not a single row.
    #[error("the table is empty: its first line must name the columns")]
    Empty,
    /// A header alone.
    #[error("the table has a header but no rows")]
    NoRows,
    /// A column without a name.
    #[error("column {position} of the header has no name: name every column")]
    UnnamedColumn {
        /// Its position, from 1.
        position: usize,
    },
    /// A name that is too long to be one.
    #[error(
        "the name of column {position} in the header is longer than {limit} bytes: does the first \
         line name the columns?"
    )]
    LongName {
        /// Position of the column, from 1.
        position: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// Two columns of one name.
    #[error("the header names column {name:?} twice: rename one of them")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// More columns than a table may have.
    #[error("line {line} has more than {limit} fields")]
    TooManyColumns {
        /// Where.
        line: u64,
        /// The most there may be.
        limit: usize,
    },
    /// A row with more or fewer fields than the header.
    #[error("line {line} has {found} fields, the header has {expected}")]
    Ragged {
        /// Where the row begins.
        line: u64,
        /// Its fields.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A quote inside a field that is not quoted, or text after a closing quote.
    #[error(
        "line {line}, {column}: a quote in the wrong place; \
         put the whole cell in quotes and double each quote inside it"
    )]
    Quote {
        /// Where.
        line: u64,
        /// The column.
        column: String,
    },
    /// A quote that is never closed.
    #[error("line {line}, {column}: the quote that opens here is never closed")]
    UnclosedQuote {
        /// Where it opens.
        line: u64,
        /// The column.
        column: String,
    },
    /// A value below the empty end of a header.
    #[error("line {line} has a value in column {position}, which the header does not name")]
    Unnamed {
        /// Where the row begins.
        line: u64,
        /// Position of the column, from 1.
        position: usize,
    },
    /// Bytes that are no character.
    #[error(
        "line {line}, {column}: byte {byte} of the cell is not {encoding}; \
         repair the cell, or say which encoding the file has"
    )]
    Malformed {
        /// Where.
        line: u64,
        /// The column.
        column: String,
        /// The first bad byte of the cell, from 1; quotes around it and before others not counted.
        byte: usize,
        /// As said or detected.
        encoding: Encoding,
    },
    /// A field or row above its limit.
    #[error("line {line}, {column}: a {what} is longer than {} MiB", limit >> 20)]
    TooLong {
        /// Where the row or its open quote begins.
        line: u64,
        /// The column.
        column: String,
        /// `field` or `row`.
        what: &'static str,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// A mistake in a file of which something was said that does not fit it.
    #[error("{mistake} ({})", seen.join("; "))]
    Despite {
        /// The mistake.
        mistake: Box<Self>,
        /// What was said and what was seen.
        seen: Vec<String>,
    },
}

impl TableError {
    /// The same mistake, with what was seen in the file where a caller said otherwise.
    pub(super) fn despite(self, contradictions: Vec<String>) -> Self {
        if contradictions.is_empty() || self.code() != Code::InvalidArgument {
            return self;
        }
        Self::Despite { mistake: Box::new(self), seen: contradictions }
    }
}

impl Fault for TableError {
    fn code(&self) -> Code {
        match self {
            Self::Io(_) => Code::Internal,
            _ => Code::InvalidArgument,
        }
    }

    fn violation(&self) -> Option<Violation> {
        if let Self::Hints(error) = self {
            return error.violation();
        }
        let violation = Violation { field: "data".to_owned(), description: self.to_string() };
        (self.code() == Code::InvalidArgument).then_some(violation)
    }
}

/// The beginning of a name that a file holds, short enough for a message.
pub(crate) fn quoted(name: &str) -> String {
    name.chars().take(160).collect()
}
