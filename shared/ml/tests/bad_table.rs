//! A table that is wrong is refused, with the line and what to do.

mod plant;

use std::io::{Cursor, Read};

use millwright_domain::{
    Code, DecimalMark, Encoding, Fault, FormatHints, Header, TableFormat, Thousands,
};
use millwright_ml::{CsvReader, CsvTable, TableError};

fn refusal(csv: &[u8]) -> TableError {
    refusal_of(csv, &FormatHints::default())
}

fn refusal_of(csv: &[u8], hints: &FormatHints) -> TableError {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, csv).expect("a file");
    let error = CsvTable::open(&path, hints).expect_err("a wrong table");
    assert_eq!(error.code(), Code::InvalidArgument);
    error
}

#[test]
fn each_mistake_is_told_with_its_place() {
    for (csv, message) in [
        (&b""[..], "the table is empty"),
        (b"\xef\xbb\xbf", "the table is empty"),
        (b"\n\r\n", "the table is empty"),
        (b"a,b\n", "a header but no rows"),
        (b"a,b", "a header but no rows"),
        (b"a,b\n1,2\n1,2,3\n", "line 3 has 3 fields, the header has 2"),
        (b"a,b\r\n1,2\r\n\r\n\"x\ny\",2\r\n1\r\n", "line 6 has 1 fields, the header has 2"),
        (b"a,b\n1,\"x\"y\n", "line 2, column \"b\": a quote in the wrong place"),
        (b"a,b\n1,x\"y\"\n", "line 2, column \"b\": a quote in the wrong place"),
        (b"a,b\n1,\"x\ny\n", "line 2, column \"b\": the quote that opens here is never closed"),
        (b"a,\"b\n1,2\n", "line 1, column 2: the quote that opens here is never closed"),
        (b"sep=;\na;b\n1;2;3\n", "line 3 has 3 fields, the header has 2"),
        (b"a,b,\n1,2,\n1,2,3\n", "line 3 has a value in column 3, which the header does not name"),
        (b"a,b,\n1,2,\n1,2\n", "line 3 has 2 fields, the header has 3"),
        (b",\n1,2\n", "column 1 of the header has no name"),
        (b"PK\x03\x04\x14\0\x06\0", "an Excel workbook, not text: save the table as CSV"),
        (b"a,b,a\n1,2,3\n", "names column \"a\" twice"),
        (b"a,,b\n1,2,3\n", "column 2 of the header has no name"),
    ] {
        let found = refusal(csv).to_string();
        assert!(found.contains(message), "{:?}: {found}", String::from_utf8_lossy(csv));
    }
}

#[test]
fn a_long_name_is_told_by_its_position() {
    let name = "n".repeat(256);
    let (table, _folder) = plant::table(format!("a,{name}\n1,2\n"));
    assert_eq!(table.column(&name), Some(1));
    let found = refusal(format!("a,{name}n\n1,2\n").as_bytes());
    assert!(matches!(found, TableError::LongName { position: 2, limit: 256 }), "{found}");
    assert!(found.to_string().len() < 200, "the name itself is not shown");
}

#[test]
fn no_cell_is_shown() {
    let found = refusal(b"a,b\n1,secret\"\n").to_string();
    assert!(!found.contains("secret"), "{found}");
}

/// A source that notes how much was taken from it.
struct Endless {
    head: Cursor<&'static [u8]>,
    taken: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let head = self.head.read(into)?;
        into[head..].fill(b'x');
        self.taken.fetch_add(into.len(), std::sync::atomic::Ordering::Relaxed);
        Ok(into.len())
    }
}

#[test]
fn a_field_without_end_is_refused_before_it_is_held() {
    for (head, line) in [("a,b\n1,", 2), ("a,b\n1,\"", 2), ("a,", 1), ("\"", 1)] {
        let taken = std::sync::Arc::default();
        let source = Endless { head: Cursor::new(head.as_bytes()), taken };
        let taken = source.taken.clone();
        let error = match CsvReader::new(source, &FormatHints::default()) {
            Ok(mut rows) => rows.next_row().map(|_| ()).expect_err("a field without end"),
            Err(error) => error,
        };
        let TableError::TooLong { line: found, limit, .. } = error else { panic!("{error}") };
        assert_eq!((found, limit), (line, 16 << 20), "{head:?}");
        let taken = taken.load(std::sync::atomic::Ordering::Relaxed);
        assert!(taken <= (16 << 20) + (1 << 17), "{head:?}: {taken} bytes were read");
    }
}

#[test]
fn a_field_of_sixteen_mebibytes_is_taken() {
    let csv = [&b"a\n"[..], &vec![b'x'; 16 << 20], b"\n"].concat();
    let (table, _folder) = plant::table(csv);
    assert_eq!(table.profile().n_rows, 1);
}

#[test]
fn bytes_that_are_no_character_are_told_with_their_place() {
    use Encoding::{Gb18030, Utf8, Utf16Be, Utf16Le, Windows1252};
    for (csv, encoding, message) in [
        (&b"a,b\n1,2\n\"x\ny\xff\",2\n"[..], Utf8, "line 4, column \"a\": byte 4"),
        (b"a,b\n\xc3,\xa9\n", Utf8, "line 2, column \"a\": byte 1"),
        (b"a,\xff\n1,2\n", Utf8, "line 1, column 2: byte 1"),
        (b"a,b\n1,\xc3", Utf8, "line 2, column \"b\": byte 1"),
        (b"\xff\xfea\0,\0b\0\n", Utf8, "line 1, column 1: byte 1"),
        (b"a,b\n1,\xd6\xd0\xff\n", Gb18030, "line 2, column \"b\": byte 3"),
        (b"a,b\n1,\xd6\xd0\xb9", Gb18030, "line 2, column \"b\": byte 3"),
        (b"a,b\n1,\x81\x30\x81", Gb18030, "line 2, column \"b\": byte 1"),
        (b"a,b\n1,\xb9\n1,2\n", Gb18030, "line 2, column \"b\": byte 1"),
        (b"a,b\n1,\xdc\x81\n", Windows1252, "line 2, column \"b\": byte 2"),
        (b"a\0,\0b\0\n\0x\0\x2d\x4e\x00\xd8,\x001\0\n\0", Utf16Le, "line 2, column \"a\": byte 5"),
        (b"\0a\0,\0b\0\n\0x\0,\0y\xdc\x00\0\n", Utf16Be, "line 2, column \"b\": byte 3"),
        (b"a\0,\0b\0\n\0x\0,\0y", Utf16Le, "line 2, column \"b\": byte 1"),
        (b"a\0,\0b\0\n\0x\0,\0y\0\x00\xd8", Utf16Le, "line 2, column \"b\": byte 3"),
    ] {
        let hints = FormatHints { encoding: Some(encoding), ..FormatHints::default() };
        let found = refusal_of(csv, &hints).to_string();
        let expected = format!("{message} of the cell is not {encoding}");
        assert!(found.starts_with(&expected), "{csv:x?}: {found}");
    }
}

#[test]
fn a_damaged_file_is_not_taken_for_one_in_another_encoding() {
    let chinese = encoding_rs::GB18030.encode("炉号,钢种\n一号,碳钢\n二号,不锈钢\n").0;
    for (csv, encoding) in [
        ("炉号,钢种\n一号,碳钢\n二号,不锈钢\n".as_bytes(), Encoding::Utf8),
        (&*chinese, Encoding::Gb18030),
    ] {
        let cut = &csv[..csv.len() - 2];
        let found = refusal(cut);
        let TableError::Malformed { line, encoding: read_as, .. } = found else {
            panic!("{found}")
        };
        assert_eq!((line, read_as), (3, encoding));
    }
}

#[test]
fn hints_that_cannot_be_followed_are_told_with_what_was_seen() {
    let hints = FormatHints { encoding: Some(Encoding::Utf8), ..FormatHints::default() };
    let umlauts = encoding_rs::WINDOWS_1252.encode("Teil;Höhe\n1;2\n").0;
    let found = refusal_of(&umlauts, &hints).to_string();
    assert!(found.starts_with("line 1, column 2: byte 2 of the cell is not utf-8"), "{found}");
    assert!(found.ends_with("(encoding: said utf-8, seen windows-1252)"), "{found}");

    let hints = FormatHints { delimiter: Some(','), ..FormatHints::default() };
    let found = refusal_of(b"a;b\n1,5;2,5\n", &hints).to_string();
    assert_eq!(found, "line 2 has 3 fields, the header has 1 (delimiter: said `,`, seen `;`)");

    let hints = FormatHints { header: Some(Header::Present), ..FormatHints::default() };
    let found = refusal_of(b"1.5,1.5\n2,3\n", &hints).to_string();
    assert!(
        found.ends_with("twice: rename one of them (first row: said names, seen values)"),
        "{found}"
    );
}

#[test]
fn hints_for_a_stream_that_cannot_be_followed_are_told_too() {
    let hints = FormatHints { delimiter: Some(';'), ..FormatHints::default() };
    let error = CsvReader::new(&b"a,b,\"c\n1,2,3\n"[..], &hints).map(|_| ());
    let found = error.expect_err("a quote in the wrong place").to_string();
    assert!(found.ends_with("(delimiter: said `;`, seen `,`)"), "{found}");
}

#[test]
fn hints_that_contradict_themselves_are_refused_by_their_field() {
    let hints = FormatHints {
        decimal: Some(DecimalMark::Comma),
        thousands: Some(Thousands::Mark(',')),
        ..FormatHints::default()
    };
    let format =
        TableFormat { decimal: DecimalMark::Comma, thousands: Some(','), ..TableFormat::default() };
    let csv = &b"a\n1\n"[..];
    let of_stream = CsvReader::new(csv, &hints).map(|_| ()).expect_err("two meanings");
    let of_format = CsvReader::with_format(csv, &format).map(|_| ()).expect_err("two meanings");
    for error in [refusal_of(csv, &hints), of_stream, of_format] {
        assert_eq!(error.violation().map(|v| v.field), Some("thousands".to_owned()));
    }
}
