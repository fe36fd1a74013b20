//! A table that is written in any format is read back as it was.

use encoding_rs::{GB18030, WINDOWS_1252};
use millwright_domain::{DecimalMark, Encoding, FormatHints, Header, TableFormat, Thousands};
use millwright_ml::{Cell, CsvReader, CsvTable, TableError};
use proptest::{collection::vec, prelude::*, sample::select};

/// Numbers and texts, and how a program writes them.
#[derive(Clone, Debug)]
struct Written {
    format: TableFormat,
    has_mark: bool,
    has_separator_line: bool,
    line_end: &'static str,
    names: [String; 2],
    /// Thousandths, and a text.
    rows: Vec<(i64, String)>,
}

impl Written {
    fn bytes(&self) -> Vec<u8> {
        let mut text = String::new();
        if self.has_mark && self.format.encoding != Encoding::Windows1252 {
            text.push('\u{feff}');
        }
        if self.has_separator_line {
            text += &format!("sep={}{}", self.format.delimiter, self.line_end);
        }
        if self.format.header == Header::Present {
            self.add_row(&mut text, self.names.each_ref().map(|name| &**name));
        }
        for (number, note) in &self.rows {
            self.add_row(&mut text, [&self.number(*number), note]);
        }
        encoded(&text, self.format.encoding)
    }

    fn add_row(&self, text: &mut String, cells: [&str; 2]) {
        let quoted = |cell: &str| match cell.contains(['"', '\r', '\n', self.format.delimiter]) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.to_owned(),
        };
        *text += &cells.map(quoted).join(&self.format.delimiter.to_string());
        *text += self.line_end;
    }

    fn number(&self, thousandths: i64) -> String {
        let whole = (thousandths / 1000).unsigned_abs().to_string();
        let grouped = whole.char_indices().flat_map(|(i, digit)| {
            let begins_group = i > 0 && (whole.len() - i).is_multiple_of(3);
            self.format.thousands.filter(|_| begins_group).into_iter().chain([digit])
        });
        let sign = if thousandths < 0 { "-" } else { "" };
        let fraction = (thousandths % 1000).unsigned_abs();
        let decimal = self.format.decimal.as_char();
        format!("{sign}{}{decimal}{fraction:03}", grouped.collect::<String>())
    }

    /// The rows of a table that may be this one.
    fn is(&self, table: &CsvTable) -> Result<(), TestCaseError> {
        if self.format.header == Header::Present {
            prop_assert_eq!(
                table.profile().columns.iter().map(|c| &c.name).collect::<Vec<_>>(),
                self.names.iter().collect::<Vec<_>>()
            );
        }
        let mut rows = Vec::new();
        let read = table.for_each(|row| {
            rows.push((table.numbers().read(row.cell(0)), row.cell(1).to_owned()));
            Ok::<_, TableError>(())
        });
        prop_assert!(read.is_ok());
        let number = |n: i64| format!("{}e-3", n).parse().map(Cell::Number).expect("a number");
        let written = self.rows.iter().map(|(n, note)| (number(*n), note.clone()));
        prop_assert_eq!(rows, written.collect::<Vec<_>>());
        Ok(())
    }
}

fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Gb18030 => GB18030.encode(text).0.into_owned(),
        Encoding::Windows1252 => WINDOWS_1252.encode(text).0.into_owned(),
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

/// Letters of an encoding, and a name that tells it from others.
fn letters(encoding: Encoding) -> (&'static str, &'static str) {
    match encoding {
        Encoding::Windows1252 => ("abzäöüß", "Größe"),
        Encoding::Gb18030 => ("abz温度压力正常𠀀", "温度"),
        Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be => ("abzäß温一𠀀🙂", "温度"),
    }
}

fn formats() -> impl Strategy<Value = TableFormat> {
    let marks =
        [None, Some('.'), Some(','), Some(' '), Some('\''), Some('\u{a0}'), Some('\u{202f}')];
    let format = (
        select(&Encoding::ALL[..]),
        select(&[',', ';', '\t', '|'][..]),
        select(&[DecimalMark::Point, DecimalMark::Comma][..]),
        select(marks.to_vec()),
        select(&[Header::Present, Header::Absent][..]),
    );
    let format = format.prop_map(|(encoding, delimiter, decimal, thousands, header)| TableFormat {
        encoding,
        delimiter,
        decimal,
        thousands,
        header,
        ..TableFormat::default()
    });
    format.prop_filter("marks with two meanings, or outside the encoding", |format| {
        let is_latin = format.encoding == Encoding::Windows1252;
        format.thousands != Some(format.decimal.as_char())
            && !(is_latin && format.thousands == Some('\u{202f}'))
    })
}

/// A table whose texts are made of the letters of its encoding and of `others`.
fn tables(others: &'static str) -> impl Strategy<Value = Written> {
    formats().prop_flat_map(move |format| {
        let (letters, name) = letters(format.encoding);
        let alphabet = letters.chars().chain(others.chars()).collect::<Vec<_>>();
        let text = vec(select(alphabet), 1..8).prop_map(|text| text.into_iter().collect());
        // The first number has groups and a fraction, and the first text shows the encoding.
        let rows = vec((-10_000_000_000..10_000_000_000_i64, text), 2..12);
        let line_end = select(&["\n", "\r\n", "\r"][..]);
        (Just(format), any::<bool>(), any::<bool>(), line_end, rows).prop_map(
            move |(format, has_mark, has_separator_line, line_end, mut rows)| {
                rows.insert(0, (1_234_567_250, name.to_owned()));
                let names = [format!("x {name}"), "note".to_owned()];
                Written { format, has_mark, has_separator_line, line_end, names, rows }
            },
        )
    })
}

fn on_disk<T>(bytes: &[u8], open: impl FnOnce(&std::path::Path) -> T) -> (T, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, bytes).expect("a file");
    (open(&path), folder)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_table_is_read_in_its_format(written in tables("\",;|\t\r\n '0.-")) {
        let format = &written.format;
        let (table, _folder) = on_disk(&written.bytes(), |path| CsvTable::with_format(path, format));
        written.is(&table.expect("a sound table"))?;
    }

    #[test]
    fn any_table_is_read_in_the_format_that_is_seen(written in tables("\",;|\t\n ")) {
        let bytes = written.bytes();
        let (table, _folder) = on_disk(&bytes, |path| CsvTable::open(path, &FormatHints::default()));
        let table = table.expect("a sound table");
        prop_assert_eq!(table.format(), &written.format);
        written.is(&table)?;
        let rows = CsvReader::new(std::io::Cursor::new(bytes), &FormatHints::default());
        let rows = rows.expect("a header");
        prop_assert_eq!(rows.format(), &written.format);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..400), hints in formats(), mask in any::<[bool; 5]>()) {
        let said = hints.to_hints();
        let thousands = said.thousands.filter(|mark| matches!(mark, Thousands::None));
        let hints = FormatHints {
            encoding: said.encoding.filter(|_| mask[0]),
            delimiter: said.delimiter.filter(|_| mask[1]),
            decimal: said.decimal.filter(|_| mask[2]),
            thousands: thousands.filter(|_| mask[3]),
            header: said.header.filter(|_| mask[4]),
            missing: None,
        };
        let (table, _folder) = on_disk(&bytes, |path| CsvTable::open(path, &hints));
        if let Ok(table) = table {
            let mut n = 0;
            let read = table.for_each(|_| { n += 1; Ok::<_, TableError>(()) });
            prop_assert!(read.is_ok());
            prop_assert_eq!(n, table.profile().n_rows);
        }
    }
}
