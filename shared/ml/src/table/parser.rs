//! CSV (RFC 4180) byte by byte, strict about quotes.
//!
//! [`Parser`] takes bytes in pieces and holds one row. It reads nothing and knows no names.

/// Most bytes of one cell.
pub(super) const MAX_FIELD: usize = 16 << 20;
/// Most bytes of one row.
const MAX_ROW: usize = 64 << 20;
/// Most cells of one row.
pub(super) const MAX_FIELDS: usize = 65_536;

const QUOTE: u8 = b'"';

/// A place in the file and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub line: u64,
    pub field: usize,
    pub kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Quote,
    Unclosed,
    Fields,
    Long { what: &'static str, limit: usize },
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Nothing of the row was seen.
    Row,
    /// Nothing of the field was seen.
    Field,
    /// In a field without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that closes the field, or is the first of two that mean one.
    Closed,
}

/// One row at a time: `feed` until it says that the row is complete, read, `clear`.
pub(super) struct Parser {
    delimiter: u8,
    state: State,
    line: u64,
    quote_line: u64,
    row_line: u64,
    swallow_line_feed: bool,
    pub text: Vec<u8>,
    pub ends: Vec<usize>,
}

impl Parser {
    /// Reads what `delimiter`, one byte in UTF-8, separates; the first line has number `line`.
    pub(super) fn new(delimiter: char, line: u64) -> Self {
        Self {
            delimiter: delimiter as u8,
            state: State::Row,
            line,
            quote_line: 1,
            row_line: 1,
            swallow_line_feed: false,
            text: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The line on which the complete row began.
    pub(super) fn row_line(&self) -> u64 {
        self.row_line
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Takes bytes up to the end of the row; says how many, and whether the row is complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, bool), Mistake> {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let plain = self.plain(rest);
            self.push(&rest[..plain])?;
            used += plain;
            if let Some(byte) = rest.get(plain) {
                used += 1;
                if self.step(*byte)? {
                    return Ok((used, true));
                }
            }
        }
        Ok((used, false))
    }

    /// Ends the last row of the file; says whether there is one.
    pub(super) fn finish(&mut self) -> Result<bool, Mistake> {
        match self.state {
            State::Row => Ok(false),
            State::Quoted => Err(self.mistake(Kind::Unclosed)),
            State::Field | State::Plain | State::Closed => self.end_row().map(|()| true),
        }
    }

    /// Bytes of `rest` that stand for themselves and change nothing.
    fn plain(&self, rest: &[u8]) -> usize {
        let special = |byte: &u8| match self.state {
            State::Plain => [self.delimiter, QUOTE, b'\r', b'\n'].contains(byte),
            State::Quoted => [QUOTE, b'\n'].contains(byte),
            State::Row | State::Field | State::Closed => true,
        };
        rest.iter().position(special).unwrap_or(rest.len())
    }

    /// Takes a byte that may mean something; says whether it completed the row.
    fn step(&mut self, byte: u8) -> Result<bool, Mistake> {
        let after_return = std::mem::take(&mut self.swallow_line_feed);
        if self.state == State::Row {
            self.row_line = self.line;
        }
        match (self.state, byte) {
            (State::Quoted, QUOTE) => self.state = State::Closed,
            (State::Quoted, _) => {
                self.line += 1;
                self.push(&[byte])?;
            }
            (State::Row, b'\n') if after_return => {}
            (state, b'\r' | b'\n') => return self.end_line(state, byte),
            (_, byte) if byte == self.delimiter => self.end_field()?,
            (State::Row | State::Field, QUOTE) => self.open_quote(),
            (State::Closed, QUOTE) => {
                self.state = State::Quoted;
                self.push(&[byte])?;
            }
            (State::Closed | State::Plain, _) => return Err(self.mistake(Kind::Quote)),
            (State::Row | State::Field, _) => {
                self.state = State::Plain;
                self.push(&[byte])?;
            }
        }
        Ok(false)
    }

    fn open_quote(&mut self) {
        self.state = State::Quoted;
        self.quote_line = self.line;
    }

    /// Ends a line outside quotes; blank lines are no rows.
    fn end_line(&mut self, state: State, byte: u8) -> Result<bool, Mistake> {
        self.swallow_line_feed = byte == b'\r';
        let complete = state != State::Row;
        if complete {
            self.end_row()?;
        }
        self.line += 1;
        Ok(complete)
    }

    fn end_row(&mut self) -> Result<(), Mistake> {
        self.end_field()?;
        self.state = State::Row;
        Ok(())
    }

    fn end_field(&mut self) -> Result<(), Mistake> {
        if self.ends.len() == MAX_FIELDS {
            return Err(self.mistake(Kind::Fields));
        }
        self.ends.push(self.text.len());
        self.state = State::Field;
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Mistake> {
        let field = self.text.len() - self.ends.last().copied().unwrap_or(0);
        for (held, limit, what) in [(field, MAX_FIELD, "field"), (self.text.len(), MAX_ROW, "row")]
        {
            if held + bytes.len() > limit {
                return Err(self.mistake(Kind::Long { what, limit }));
            }
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn mistake(&self, kind: Kind) -> Mistake {
        let line = if self.state == State::Quoted { self.quote_line } else { self.line };
        Mistake { line, field: self.ends.len(), kind }
    }
}
