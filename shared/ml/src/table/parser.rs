//! CSV (RFC 4180) byte by byte, strict about quotes.
//!
//! [`Parser`] takes bytes in pieces and holds one row. It reads nothing and knows no names.

use memchr::{memchr, memchr2};

use super::bytes::bytes_equal;

/// Most bytes of one cell.
pub(super) const MAX_FIELD: usize = 16 << 20;
/// Most bytes of one row.
const MAX_ROW: usize = 64 << 20;
/// Most cells of one row.
pub(super) const MAX_FIELDS: usize = 65_536;

pub(super) const QUOTE: u8 = b'"';

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
    /// Bytes of `text` between two fields: none, or the delimiter.
    pub gap: usize,
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
            gap: 0,
        }
    }

    /// Goes on where another stood between two rows.
    pub(super) fn resumed(delimiter: char, (line, swallow_line_feed): (u64, bool)) -> Self {
        Self { swallow_line_feed, ..Self::new(delimiter, line) }
    }

    /// Between two rows: the line, and whether a line feed would still belong to the one before.
    pub(super) fn standing(&self) -> (u64, bool) {
        (self.line, self.swallow_line_feed)
    }

    /// The line on which the complete row began.
    pub(super) fn row_line(&self) -> u64 {
        self.row_line
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.gap = 0;
    }

    /// Takes bytes up to the end of the row; says how many, and whether the row is complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, bool), Mistake> {
        if let Some(used) = self.plain_row(bytes) {
            return Ok((used, true));
        }
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

    /// Takes a whole row without quotes at once, as it stands there; says how many bytes it took.
    ///
    /// Most rows are such; whatever else the bytes hold is left to the general way.
    fn plain_row(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.state != State::Row {
            return None;
        }
        let end = memchr2(b'\r', b'\n', bytes).filter(|end| (1..=MAX_FIELD).contains(end))?;
        let line = &bytes[..end];
        if memchr(QUOTE, line).is_some() {
            return None;
        }
        for_each_place(self.delimiter, line, |at| self.ends.push(at));
        self.ends.push(end);
        if self.ends.len() > MAX_FIELDS {
            self.ends.clear();
            return None;
        }
        self.text.extend_from_slice(line);
        self.gap = 1;
        self.row_line = self.line;
        self.swallow_line_feed = bytes[end] == b'\r';
        self.line += 1;
        Some(end + 1)
    }

    /// The fields of the complete row.
    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = self.ends.iter().map(|end| end + self.gap);
        let starts = std::iter::once(0).chain(starts);
        starts.zip(&self.ends).map(|(from, to)| &self.text[from..*to])
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
        let special = match self.state {
            State::Plain => {
                let ends = [self.delimiter, QUOTE, b'\r', b'\n'];
                rest.iter().position(|byte| ends.contains(byte))
            }
            // Texts between quotes are long, and worth a search by wide vectors.
            State::Quoted => memchr2(QUOTE, b'\n', rest),
            State::Row | State::Field | State::Closed => Some(0),
        };
        special.unwrap_or(rest.len())
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

/// Calls `visit` with every place of `byte` in `bytes`, ascending.
///
/// Cells are a few bytes long, too short for a search each: of 64 bytes at a time a mask is made.
fn for_each_place(byte: u8, bytes: &[u8], mut visit: impl FnMut(usize)) {
    let (blocks, rest) = bytes.as_chunks::<64>();
    // The rest is filled up with another byte.
    let mut last = [!byte; 64];
    last[..rest.len()].copy_from_slice(rest);
    let blocks = blocks.iter().chain((!rest.is_empty()).then_some(&last));
    for (block, bytes) in blocks.enumerate() {
        let words = bytes.as_chunks::<8>().0.iter().enumerate();
        let mut mask = words.fold(0, |mask, (i, word)| mask | equal(*word, byte) << (8 * i));
        while mask != 0 {
            visit(64 * block + mask.trailing_zeros() as usize);
            mask &= mask - 1;
        }
    }
}

/// Which bytes of `word` are `byte`: a bit each.
fn equal(word: [u8; 8], byte: u8) -> u64 {
    // One product moves the eight bits beside each other.
    (bytes_equal(u64::from_le_bytes(word), byte) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The line of a row, and its fields.
    type Row = (u64, Vec<Vec<u8>>);

    /// Rows as they come out of pieces of this many bytes.
    fn rows(text: &[u8], piece: usize) -> Result<Vec<Row>, Mistake> {
        let (mut parser, mut rows) = (Parser::new(',', 1), Vec::new());
        for mut bytes in text.chunks(piece) {
            while !bytes.is_empty() {
                let (used, is_complete) = parser.feed(bytes)?;
                bytes = &bytes[used..];
                if is_complete {
                    rows.push((parser.row_line(), parser.fields().map(<[u8]>::to_vec).collect()));
                    parser.clear();
                }
            }
        }
        if parser.finish()? {
            rows.push((parser.row_line(), parser.fields().map(<[u8]>::to_vec).collect()));
        }
        Ok(rows)
    }

    proptest! {
        #[test]
        fn every_place_of_a_byte_is_found(bytes in "[a,\u{7f}-\u{ff}]{0,200}") {
            for byte in [b',', b'a', 0x7f, 0xc3, 0xbf] {
                let mut found = vec![];
                for_each_place(byte, bytes.as_bytes(), |at| found.push(at));
                let places = (0..bytes.len()).filter(|at| bytes.as_bytes()[*at] == byte);
                prop_assert_eq!(found, places.collect::<Vec<_>>());
            }
        }

        #[test]
        fn a_row_that_is_taken_at_once_is_the_row_that_comes_byte_by_byte(
            text in "([a-c]{0,3}[,\r\n\"]{0,3}){0,12}"
        ) {
            // A piece of one byte never holds a whole row.
            let expected = rows(text.as_bytes(), 1);
            for piece in [2, 5, 1000] {
                prop_assert_eq!(&rows(text.as_bytes(), piece), &expected);
            }
        }
    }
}
