//! The beginning of a file: its byte order mark, Excel's `sep=` line and the first rows.

use std::io::{self, Read};

use millwright_domain::Encoding;

use super::{TableError, decoder::decoded_sample, encoding, parser::Parser};

const STEP: usize = 64 << 10;
/// Enough for two rows of thousands of columns.
const MOST: usize = 1 << 20;
/// Longer than any `sep=` line in any encoding.
const SEPARATOR_LINE: usize = 32;
/// Files that people take for tables.
const NO_TEXTS: [(&[u8], &str); 3] = [
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
    (b"\x1f\x8b", "compressed by gzip"),
];

/// The first bytes of a source.
pub(super) struct Sample {
    pub bytes: Vec<u8>,
    is_whole: bool,
}

/// Where the rows of a file begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// In bytes from the file's beginning.
    pub offset: usize,
    /// From 1.
    pub line: u64,
    /// The delimiter that a `sep=` line names.
    pub delimiter: Option<char>,
}

impl Sample {
    /// Takes bytes until two lines have ended, the sample is full or nothing is left: who sends
    /// rows one by one need not send more than a header and the first.
    ///
    /// # Errors
    /// [`TableError::NotText`] for files that are known to be none.
    pub(super) fn take(source: &mut impl Read) -> Result<Self, TableError> {
        let (mut bytes, mut ends) = (Vec::new(), [0, 0]);
        let mut is_whole = false;
        while bytes.len() < MOST && !is_whole && ends.iter().all(|n| *n < 2) {
            let held = bytes.len();
            bytes.resize(held + STEP, 0);
            let read = source.read(&mut bytes[held..])?;
            bytes.truncate(held + read);
            is_whole = read == 0;
            for (n, end) in ends.iter_mut().zip(b"\r\n") {
                *n += bytes[held..].iter().filter(|byte| *byte == end).count();
            }
        }
        match NO_TEXTS.iter().find(|(beginning, _)| bytes.starts_with(beginning)) {
            Some((_, what)) => Err(TableError::NotText { what }),
            None => Ok(Self { bytes, is_whole }),
        }
    }

    /// In which encoding these bytes alone seem to be; none where all are ASCII.
    pub(super) fn encoding(&self) -> io::Result<Option<Encoding>> {
        let last = self.bytes.iter().rposition(|byte| *byte < 0x30);
        let settled = last.filter(|_| !self.is_whole).map_or(self.bytes.len(), |last| last + 1);
        encoding::detect(&self.bytes[..settled], io::empty())
    }

    /// The text from `start` on, as UTF-8 where it is sound.
    pub(super) fn text(&self, start: Start, encoding: Encoding) -> Text {
        let bytes = decoded_sample(&self.bytes[start.offset..], encoding);
        Text { bytes, is_whole: self.is_whole }
    }

    /// Where the rows begin if the bytes are in `encoding`.
    pub(super) fn start(&self, encoding: Encoding) -> Start {
        let mark = encoding::marked(&self.bytes).filter(|(marked, _)| *marked == encoding);
        let offset = mark.map_or(0, |(_, length)| length);
        let line = &self.bytes[offset..self.bytes.len().min(offset + SEPARATOR_LINE)];
        let Some((delimiter, length)) = separator_line(&decoded_sample(line, encoding)) else {
            return Start { offset, line: 1, delimiter: None };
        };
        let width = match encoding {
            Encoding::Utf16Le | Encoding::Utf16Be => 2,
            Encoding::Utf8 | Encoding::Gb18030 | Encoding::Windows1252 => 1,
        };
        Start { offset: offset + length * width, line: 2, delimiter: Some(delimiter) }
    }
}

/// The delimiter in a line `sep=;`, which Excel takes for no row, and the line's length.
fn separator_line(text: &[u8]) -> Option<(char, usize)> {
    let end = text.iter().position(|byte| [b'\r', b'\n'].contains(byte))?;
    let (line, rest) = text.split_at(end);
    let bare = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\""));
    let [s, e, p, b'=', mark @ (b',' | b';' | b'\t' | b'|')] = bare.unwrap_or(line) else {
        return None;
    };
    let ends = if rest.starts_with(b"\r\n") { 2 } else { 1 };
    [*s, *e, *p].eq_ignore_ascii_case(b"sep").then_some((char::from(*mark), end + ends))
}

/// The beginning of a text in UTF-8.
pub(super) struct Text {
    pub bytes: Vec<u8>,
    pub is_whole: bool,
}

impl Text {
    /// Its complete rows, as `delimiter` cuts them. A row with a quote in the wrong place is empty
    /// and the last; of a first row without end, the complete fields count.
    pub(super) fn rows(&self, delimiter: char) -> Vec<Vec<String>> {
        let (mut parser, mut rest, mut rows) = (Parser::new(delimiter, 1), &*self.bytes, vec![]);
        loop {
            let Ok((used, is_complete)) = parser.feed(rest) else {
                rows.push(Vec::new());
                return rows;
            };
            rest = &rest[used..];
            let has_ended = is_complete || self.is_whole && matches!(parser.finish(), Ok(true));
            if has_ended || rows.is_empty() && !parser.ends.is_empty() {
                rows.push(cells(&parser));
            }
            if !is_complete {
                return rows;
            }
            parser.clear();
        }
    }

    #[cfg(test)]
    pub(super) fn whole(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), is_whole: true }
    }
}

fn cells(row: &Parser) -> Vec<String> {
    row.fields().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_begin_below_a_mark_and_a_separator_line() {
        for (bytes, encoding, expected, why) in [
            (&b"a;b\n"[..], Encoding::Utf8, (0, 1, None), "at once"),
            (b"\xef\xbb\xbfa;b\n", Encoding::Utf8, (3, 1, None), "a mark"),
            (b"\xef\xbb\xbfa;b\n", Encoding::Windows1252, (0, 1, None), "no mark there"),
            (b"sep=;\r\na;b\n", Encoding::Utf8, (7, 2, Some(';')), "a line"),
            (b"\"SEP=\t\"\na\tb\n", Encoding::Utf8, (8, 2, Some('\t')), "in quotes"),
            (b"\xff\xfes\0e\0p\0=\0,\0\n\0a\0", Encoding::Utf16Le, (14, 2, Some(',')), "both"),
            (b"sep=:\na:b\n", Encoding::Utf8, (0, 1, None), "an unknown delimiter"),
            (b"sep=;;\n", Encoding::Utf8, (0, 1, None), "names"),
        ] {
            let start = Sample { bytes: bytes.to_vec(), is_whole: true }.start(encoding);
            assert_eq!((start.offset, start.line, start.delimiter), expected, "{why}");
        }
    }

    #[test]
    fn a_character_that_goes_on_behind_the_sample_is_no_evidence() {
        for (is_whole, encoding) in [(false, None), (true, Some(Encoding::Windows1252))] {
            let sample = Sample { bytes: b"a,b\n1,\xc3".to_vec(), is_whole };
            assert_eq!(sample.encoding().expect("memory"), encoding);
        }
    }

    #[test]
    fn only_complete_rows_are_seen() {
        for (text, is_whole, n_rows) in [
            ("a;b\n1;2", false, 1),
            ("a;b\n1;2", true, 2),
            ("a;b\n1;2\n", true, 2),
            ("a;b\n1;\"2", true, 1),
            ("a;b\n1;2\n\"x\"y;1\n3;4\n", true, 3),
            ("a;b;c", false, 1),
            ("", true, 0),
        ] {
            let text = Text { is_whole, ..Text::whole(text) };
            assert_eq!(text.rows(';').len(), n_rows, "{:?}", String::from_utf8_lossy(&text.bytes));
        }
    }
}
