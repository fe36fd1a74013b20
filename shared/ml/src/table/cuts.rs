//! Where a file can be cut into blocks that are read apart.

use std::io::{self, Read};

use memchr::memchr3_iter;

use super::{parser::QUOTE, reader::Place};

/// Bytes of a block, at least.
pub(super) const BLOCK: u64 = 512 << 10;
const CHUNK: usize = 256 << 10;

/// Reads a file and notes where rows end, a block apart; no row is parsed.
///
/// In a table without mistakes a quote that stands for nothing else opens or closes, so that a line
/// ends a row where an even number of quotes stands before it. Behind a mistake cuts may be wrong:
/// whoever reads the blocks in order has come to the mistake before.
pub(super) struct Cuts<R> {
    file: R,
    /// Bytes between two cuts, at least.
    block: u64,
    offset: u64,
    line: u64,
    is_quoted: bool,
    /// Where the latest line ended, and whether a line feed there would still be part of that.
    line_start: u64,
    after_return: bool,
    latest: u64,
    places: Vec<Place>,
}

impl<R: Read> Cuts<R> {
    /// `file` in UTF-8, from its first byte on.
    pub(super) fn new(file: R) -> Self {
        Self::apart(file, BLOCK)
    }

    fn apart(file: R, block: u64) -> Self {
        Self {
            file,
            block,
            offset: 0,
            line: 1,
            is_quoted: false,
            line_start: 0,
            after_return: false,
            latest: 0,
            places: Vec::new(),
        }
    }

    /// Reads what is left; the places in order.
    pub(super) fn finish(mut self) -> io::Result<Vec<Place>> {
        let mut chunk = vec![0; CHUNK];
        while self.read(&mut chunk)? > 0 {}
        Ok(self.places)
    }

    fn add(&mut self, bytes: &[u8]) {
        for at in memchr3_iter(QUOTE, b'\r', b'\n', bytes) {
            match (bytes[at], self.is_quoted) {
                (QUOTE, _) => self.is_quoted = !self.is_quoted,
                (b'\n', true) => self.line += 1,
                (_, true) => {}
                (byte, false) => self.end_line(self.offset + at as u64, byte),
            }
        }
        self.offset += bytes.len() as u64;
    }

    fn end_line(&mut self, end: u64, byte: u8) {
        let is_blank = end == self.line_start;
        let is_second_half = is_blank && self.after_return && byte == b'\n';
        self.line_start = end + 1;
        self.after_return = byte == b'\r';
        self.line += u64::from(!is_second_half);
        // Blank lines are no rows: they belong to the row below them.
        if !is_blank && self.line_start - self.latest >= self.block {
            self.latest = self.line_start;
            let (offset, line, after_return) = (self.line_start, self.line, self.after_return);
            self.places.push(Place { offset, line, after_return });
        }
    }
}

impl<R: Read> Read for Cuts<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.add(&into[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use millwright_domain::{Header, TableFormat};
    use proptest::prelude::*;

    use super::*;
    use crate::{CsvReader, TableError};

    /// Where the rows of `text` begin, up to the first mistake in quotes.
    fn rows(text: &str) -> Vec<Place> {
        let format = TableFormat { header: Header::Absent, ..TableFormat::default() };
        let source = io::Cursor::new(text.to_owned());
        let Ok(mut reader) = CsvReader::with_format(source, &format) else { return vec![] };
        let mut places = vec![];
        loop {
            places.push(reader.place());
            match reader.next_row() {
                Ok(Some(_)) | Err(TableError::Ragged { .. }) => {}
                Ok(None) | Err(_) => return places,
            }
        }
    }

    fn cuts(text: &str, block: u64, piece: usize) -> Vec<Place> {
        let mut cuts = Cuts::apart(text.as_bytes(), block);
        let mut chunk = vec![0; piece];
        while cuts.read(&mut chunk).expect("memory") > 0 {}
        cuts.places
    }

    proptest! {
        #[test]
        fn cuts_are_where_rows_begin(
            text in "([a-c]{0,2}(,|\r\n|\n|\r|\n\n)(\"[a-c,\r\n]{0,3}(\"\"\r\n)?\")?){0,12}\"?[a-c]?",
            piece in 1_usize..9,
        ) {
            let rows = rows(&text);
            let cuts = cuts(&text, 1, piece);
            // Behind the last row there may be a cut, and none behind blank lines.
            let rows = rows.get(1..).unwrap_or_default();
            let n = rows.len().min(cuts.len());
            prop_assert_eq!(&cuts[..n], &rows[..n]);
            prop_assert!(n + 1 >= rows.len(), "{:?} {:?}", rows, cuts);
        }
    }

    #[test]
    fn blocks_are_as_long_as_they_must_be_and_end_with_a_row() {
        let text = "a,b\r\n1,\"x\r\ny\"\r\n\r\n2,z\r\n3,z";
        let place = |offset, line, after_return| Place { offset, line, after_return };
        // A carriage return ends a row; the line feed behind it is read with the next.
        assert_eq!(cuts(text, 5, 3), [place(14, 4, true), place(21, 6, true)]);
        assert_eq!(cuts(text, 20, 3), [place(21, 6, true)]);
        assert_eq!(cuts(text, 23, 3), []);
    }
}
