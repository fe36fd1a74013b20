//! Tables as plants have them: told from their bytes, shown in their profile, overridden by hints.

mod plant;

use encoding_rs::{GB18030, WINDOWS_1252};
use millwright_domain::{
    ColumnKind::{Numeric, Text},
    DatasetColumn, DecimalMark, Distinct, Encoding, FormatHints, Header, TableFormat, Thousands,
};
use millwright_ml::{Cell, CsvReader, CsvTable, TableError};
use plant::table;
use tempfile::TempDir;

fn hinted(csv: impl AsRef<[u8]>, hints: &FormatHints) -> (CsvTable, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, csv).expect("a file");
    (CsvTable::open(&path, hints).expect("a sound table"), folder)
}

/// The numbers of a column; a missing one is NaN.
fn numbers(table: &CsvTable, column: &str) -> Vec<f64> {
    let (place, mut numbers) = (table.column(column).expect("a column"), Vec::new());
    let read = table.for_each(|row| {
        numbers.push(match table.numbers().read(row.cell(place)) {
            Cell::Number(number) => number,
            Cell::Missing => f64::NAN,
            Cell::Text => panic!("line {} is text", row.line()),
        });
        Ok::<_, TableError>(())
    });
    read.expect("a sound table");
    numbers
}

fn format(encoding: Encoding, delimiter: char, decimal: DecimalMark) -> TableFormat {
    TableFormat { encoding, delimiter, decimal, ..TableFormat::default() }
}

fn column(name: &str, kind: millwright_domain::ColumnKind) -> DatasetColumn {
    let (name, distinct) = (name.to_owned(), Distinct::Exactly(2));
    DatasetColumn { name, kind, n_missing: 0, distinct, range: None, first_text_line: None }
}

#[test]
fn a_chinese_laboratory_writes_gb18030_with_semicolons_and_decimal_commas() {
    let text = "炉号;温度(℃);含碳量;判定\r\n甲一;1520,5;0,12;合格\r\n甲二;1498,25;-;不合格\r\n";
    let (table, _folder) = table(GB18030.encode(text).0);
    assert_eq!(*table.format(), format(Encoding::Gb18030, ';', DecimalMark::Comma));
    let profile = table.profile();
    assert_eq!(
        profile.columns,
        [
            DatasetColumn { first_text_line: Some(2), ..column("炉号", Text) },
            DatasetColumn { range: Some((1498.25, 1520.5)), ..column("温度(℃)", Numeric) },
            DatasetColumn {
                n_missing: 1,
                distinct: Distinct::Exactly(1),
                range: Some((0.12, 0.12)),
                ..column("含碳量", Numeric)
            },
            DatasetColumn { first_text_line: Some(2), ..column("判定", Text) },
        ]
    );
    assert_eq!((profile.n_rows, profile.contradictions.len()), (2, 0));
    let mut verdicts = Vec::new();
    let place = table.column("判定").expect("a column");
    let read = table.for_each(|row| {
        verdicts.push(row.cell(place).to_owned());
        Ok::<_, TableError>(())
    });
    read.expect("a sound table");
    assert_eq!(verdicts, ["合格", "不合格"]);
}

#[test]
fn excel_writes_unicode_text_as_utf_16_with_tabs() {
    let text = "\u{feff}Los\tDruck\tGrund\r\n1\t1.013,25\t\"Öl;\t\"\"alt\"\"\nleckt\"\r\n2\t987,5\t泄漏\r\n";
    let bytes = |f: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(f).collect::<Vec<_>>();
    for (bytes, encoding) in
        [(bytes(u16::to_le_bytes), Encoding::Utf16Le), (bytes(u16::to_be_bytes), Encoding::Utf16Be)]
    {
        let (table, _folder) = table(&bytes);
        let thousands = Some('.');
        let expected = TableFormat { thousands, ..format(encoding, '\t', DecimalMark::Comma) };
        assert_eq!(*table.format(), expected);
        assert_eq!(numbers(&table, "Druck"), [1013.25, 987.5]);
        let mut lines = Vec::new();
        let read = table.for_each(|row| {
            lines.push((row.line(), row.cell(2).to_owned()));
            Ok::<_, TableError>(())
        });
        read.expect("a sound table");
        assert_eq!(lines, [(2, "Öl;\t\"alt\"\nleckt".to_owned()), (4, "泄漏".to_owned())]);
        let (unmarked, _folder) = hinted(&bytes[2..], &FormatHints::default());
        assert_eq!(unmarked.profile(), table.profile(), "without a mark");
    }
}

#[test]
fn a_german_press_writes_windows_1252() {
    let text = "Prüfstück;Größe;Kräfte in kN\nA1;12,5;1 013,2\nA2;7;\n";
    let (table, _folder) = table(WINDOWS_1252.encode(text).0);
    let thousands = Some(' ');
    let expected =
        TableFormat { thousands, ..format(Encoding::Windows1252, ';', DecimalMark::Comma) };
    assert_eq!(*table.format(), expected);
    assert_eq!(table.column("Prüfstück"), Some(0));
    assert_eq!(numbers(&table, "Größe"), [12.5, 7.0]);
    assert_eq!(numbers(&table, "Kräfte in kN")[0], 1013.2);
}

#[test]
fn excel_may_name_the_delimiter_in_a_line_of_its_own() {
    let (table, _folder) = table("\u{feff}sep=;\r\na,b;c\r\n1,5;2\r\nx;3\r\n");
    assert_eq!(table.format().delimiter, ';');
    assert_eq!(table.column("a,b"), Some(0));
    assert_eq!(table.profile().columns[0].first_text_line, Some(4));
}

#[test]
fn rows_may_end_in_a_delimiter() {
    let (table, _folder) = table("a;b;\n1;2;\n3;4; \n");
    let names = table.profile().columns.iter().map(|column| &*column.name);
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(numbers(&table, "b"), [2.0, 4.0]);
}

#[test]
fn a_logger_writes_no_header() {
    let (table, _folder) = table("2026-01-05 06:00|12.5|ok\n2026-01-05 06:01|NA|ok\n");
    assert_eq!((table.format().delimiter, table.format().header), ('|', Header::Present));
    let (table, _folder) = hinted("0.5,7,ok\n0.25,9,worn\n", &FormatHints::default());
    assert_eq!(table.format().header, Header::Absent);
    let profile = table.profile();
    assert_eq!((profile.n_rows, &*profile.columns[2].name), (2, "column 3"));
    assert_eq!(profile.columns[2].first_text_line, Some(1));
    assert_eq!(numbers(&table, "column 1"), [0.5, 0.25]);
}

#[test]
fn marks_are_told_from_all_cells() {
    use DecimalMark::{Comma, Point};
    for (csv, decimal, thousands, expected, why) in [
        ("x;y\n12,5;a\n", Comma, None, 12.5, "a decimal comma"),
        ("x,y\n12.5,a\n", Point, None, 12.5, "a decimal point"),
        ("x,y\n\"12,5\",a\n", Comma, None, 12.5, "a decimal comma in quotes"),
        ("x;y\n1.234,5;a\n", Comma, Some('.'), 1234.5, "points between thousands"),
        ("x,y\n\"1,234.5\",a\n", Point, Some(','), 1234.5, "commas"),
        ("x;y\n1 234,5;a\n", Comma, Some(' '), 1234.5, "spaces"),
        ("x;y\n1\u{a0}234,5;a\n", Comma, Some('\u{a0}'), 1234.5, "no-break spaces"),
        ("x;y\n1\u{202f}234,5;a\n", Comma, Some('\u{202f}'), 1234.5, "narrow ones"),
        ("x;y\n1'234.5;a\n", Point, Some('\''), 1234.5, "apostrophes"),
        ("x;y\n1.234;12,5\n", Comma, Some('.'), 1234.0, "another column decides"),
        ("x;y\n1.234;a\n0.5;b\n", Point, None, 1.234, "another row decides"),
        ("x;y\n1,234;a\n", Comma, None, 1.234, "a mark alone is before a fraction"),
        ("x;y\n1.234;a\n", Point, None, 1.234, "a mark alone is before a fraction"),
        ("x,y\n\"1,234\",a\n", Point, Some(','), 1234.0, "but a comma not beside commas"),
        ("x;y\n1,234;a\n1,234,567;b\n", Point, Some(','), 1234.0, "a fraction has one mark"),
        ("x;y\n0,234;a\n", Comma, None, 0.234, "no group follows a nought"),
        ("x;y\n1,23;a\nabc;b\n12.5;c\n", Comma, None, f64::NAN, "no column is left"),
        ("x\ty\n1.5E+03\ta\n", Point, None, 1500.0, "an exponent"),
        ("x;y\n\u{a0}+1,5 ;a\n", Comma, None, 1.5, "blanks around it"),
        ("x;y\n12;a\n", Comma, None, 12.0, "semicolons stand where commas are decimal marks"),
    ] {
        let (table, _folder) = table(csv);
        let format = table.format();
        assert_eq!((format.decimal, format.thousands), (decimal, thousands), "{why}");
        if !expected.is_nan() {
            assert_eq!(numbers(&table, "x")[0], expected, "{why}");
        }
    }
}

#[test]
fn rows_far_below_the_first_ones_decide_too() {
    let rows = "1.234;a\n".repeat(1 << 17);
    let (table, _folder) = table(format!("x;y\n{rows}1.234,5;b\n"));
    assert_eq!((table.format().decimal, table.format().thousands), (DecimalMark::Comma, Some('.')));
    assert_eq!(table.profile().columns[0].range, Some((1234.0, 1234.5)));
}

#[test]
fn missing_tokens_count_in_columns_of_numbers_alone() {
    let csv = "x,y,z\n1,NA,NA\n#N/A,b,null\n -,NA,\nNaN,b,-\n";
    let (table, _folder) = table(csv);
    let seen = table.profile().columns.iter().map(|c| (c.kind, c.n_missing, c.distinct));
    let expected = [
        (Numeric, 3, Distinct::Exactly(1)),
        (Text, 0, Distinct::Exactly(2)),
        (Numeric, 4, Distinct::Exactly(0)),
    ];
    assert!(seen.eq(expected));
    assert!(numbers(&table, "x")[1..].iter().all(|number| number.is_nan()));

    let missing = Some(vec!["-999".to_owned()]);
    let (table, _folder) =
        hinted("x,y\n-999,NA\n-999.5,7\n", &FormatHints { missing, ..FormatHints::default() });
    let seen = table.profile().columns.iter().map(|c| (c.kind, c.n_missing));
    assert!(seen.eq([(Numeric, 1), (Text, 0)]));
    assert_eq!(table.profile().columns[1].first_text_line, Some(2));
}

#[test]
fn hints_win_and_what_was_seen_is_told() {
    let marks = FormatHints { decimal: Some(DecimalMark::Point), ..FormatHints::default() };
    let points = Some(Thousands::Mark('.'));
    let points = FormatHints { thousands: points, ..FormatHints::default() };
    let plain = FormatHints { thousands: Some(Thousands::None), ..FormatHints::default() };
    let delimiter = FormatHints { delimiter: Some(','), ..FormatHints::default() };
    let latin = FormatHints { encoding: Some(Encoding::Windows1252), ..FormatHints::default() };
    let names = FormatHints { header: Some(Header::Present), ..FormatHints::default() };
    let values = FormatHints { header: Some(Header::Absent), ..FormatHints::default() };
    let agreeing = FormatHints { encoding: Some(Encoding::Gb18030), ..FormatHints::default() };
    for (csv, hints, told) in [
        (
            "x;y\n12,5;1\n",
            &marks,
            "numbers: said a decimal point, seen a decimal comma in 1 more columns",
        ),
        (
            "x;y\n1.234,5;1\n",
            &plain,
            "numbers: said a decimal comma, seen a decimal comma and points between thousands in 1 more columns",
        ),
        ("x;y,z\n1;2,3\n", &delimiter, "delimiter: said `,`, seen `;`"),
        ("größe;y\n1;2\n", &latin, "encoding: said windows-1252, seen utf-8"),
        ("1.5;2\n2;3\n", &names, "first row: said names, seen values"),
        ("x;y\n2;3\n", &values, "first row: said values, seen names"),
        ("x;y\n2;3\n", &agreeing, ""),
        ("x,y\n2,3\n", &points, ""),
    ] {
        let (table, _folder) = hinted(csv, hints);
        assert_eq!(table.profile().contradictions.join("; "), told);
        if hints.thousands == points.thousands {
            assert_eq!(table.format().decimal, DecimalMark::Comma);
        }
        let said = table.format().to_hints();
        let format = table.format();
        let (again, _folder) = hinted(csv, &said);
        assert_eq!(again.format(), format);
    }
}

#[test]
fn a_column_that_changes_half_way_is_text_from_there() {
    let [above, below] = ["1,5\ta\n", "2,5\tb\n"].map(|row| row.repeat(1000));
    let csv = format!("x\ty\n{above}offen\tc\n{below}");
    let (table, _folder) = table(csv);
    let x = &table.profile().columns[0];
    assert_eq!((x.kind, x.first_text_line, x.range), (Text, Some(1002), None));
}

#[test]
fn different_values_are_counted_within_a_bound() {
    let rows = (0..1 << 18).map(|i| format!("{i},{},{}\n", i % 1000, i % 2));
    let (table, _folder) = table(format!("id,y,z\n{}", rows.collect::<String>()));
    let seen = table.profile().columns.iter().map(|column| column.distinct).collect::<Vec<_>>();
    let Distinct::MoreThan(n) = seen[0] else { panic!("{seen:?}") };
    assert!((1 << 17..1 << 18).contains(&n), "{n}");
    assert_eq!(seen[1..], [Distinct::Exactly(1000), Distinct::Exactly(2)]);
}

#[test]
fn a_table_is_read_in_a_given_format_without_detection() {
    let (table, folder) = table("a;b\n1;2\n3;4\n");
    let path = folder.path().join("table.csv");
    let again = CsvTable::with_format(&path, table.format()).expect("a sound table");
    assert_eq!(again.profile(), table.profile());
    let format = TableFormat { header: Header::Absent, ..TableFormat::default() };
    let other = CsvTable::with_format(&path, &format).expect("a sound table");
    assert_eq!((other.profile().n_rows, &*other.profile().columns[0].name), (3, "column 1"));
}

/// Gives one byte at a time, and fails when asked for more than it should be.
struct Trickle(Vec<u8>);

impl std::io::Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        assert!(!self.0.is_empty(), "the sender waits for an answer");
        into[0] = self.0.remove(0);
        Ok(1)
    }
}

#[test]
fn a_stream_is_told_from_its_first_row() {
    let text = GB18030.encode("温度;判定\n12,5;合格\n").0.into_owned();
    let mut rows = CsvReader::new(Trickle(text), &FormatHints::default()).expect("a header");
    assert_eq!(*rows.format(), format(Encoding::Gb18030, ';', DecimalMark::Comma));
    assert_eq!(rows.header(), ["温度", "判定"]);
    let numbers = rows.numbers().clone();
    let row = rows.next_row().expect("a sound row").expect("a row");
    assert_eq!((numbers.read(row.cell(0)), row.cell(1)), (Cell::Number(12.5), "合格"));
}

#[test]
fn a_stream_goes_on_after_a_damaged_row() {
    let bytes = b"a,b\n1,x\n2,\xb9\n3,z\n".as_slice();
    let hints = FormatHints { encoding: Some(Encoding::Gb18030), ..FormatHints::default() };
    let mut rows = CsvReader::new(bytes, &hints).expect("a header");
    assert!(matches!(rows.next_row(), Ok(Some(_))));
    assert!(matches!(rows.next_row(), Err(TableError::Malformed { line: 3, .. })));
    assert_eq!(rows.next_row().expect("a sound row").map(|row| row.cell(1)), Some("z"));
}

/// A table of several blocks: line ends of all kinds, in quotes too, blank lines, gaps and tokens, a
/// column whose marks are found late, one that is text from some row on, and many values.
fn of_many_blocks() -> String {
    let mut csv = "id;x;late;mixed;note\r\n".to_owned();
    for i in 0..60_000 {
        let x = if i % 50 == 7 { "NA".to_owned() } else { format!("{}", i % 90 - 40) };
        let late = if i < 50_000 { i.to_string() } else { format!("{i},5") };
        let mixed = if i == 40_000 { "offen".to_owned() } else { format!("{},25", i % 9) };
        let note = ["plain", "\"two\r\nlines\"", "\"a \"\"word\"\"\n\r\"", ""][i as usize % 4];
        let end = ["\r\n", "\n", "\r", "\r\n\r\n"][i as usize / 1000 % 4];
        csv += &format!("{i};{x};{late};{mixed};{note}{end}");
    }
    csv
}

#[test]
fn blocks_that_are_read_apart_hold_what_rows_in_order_hold() {
    let csv = of_many_blocks();
    assert!(csv.len() > 3 << 19, "several blocks");
    let (apart, _folder) = table(&csv);
    // What is not UTF-8 is read in order; these bytes are the same in both.
    let hints = FormatHints { encoding: Some(Encoding::Windows1252), ..FormatHints::default() };
    let (in_order, _folder) = hinted(&csv, &hints);
    let (a, b) = (apart.profile(), in_order.profile());
    assert_eq!((&a.columns, a.n_rows), (&b.columns, 60_000));
    assert_eq!((a.format.decimal, a.format.delimiter), (DecimalMark::Comma, ';'));
    assert_eq!(a.columns[3].first_text_line, b.columns[3].first_text_line);
    assert_eq!(a.columns[2].range, Some((0.0, 59_999.5)));
}

#[test]
fn a_mistake_far_below_is_told_with_its_line_and_column() {
    let csv = of_many_blocks();
    // A header, 75,000 ends of rows and blank lines, 30,000 line feeds in quotes.
    let line = "line 105002";
    for (row, column) in
        [("1;2;3;4;a\"b\n", Some("note")), ("1;2;3;\"4\n\n", Some("mixed")), ("1;2;3\n", None)]
    {
        let text = format!("{csv}{row}{}", "1;2;3;4;5\n".repeat(100_000));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).expect("a file");
        // What is not UTF-8 is read in order, and no block of it apart.
        let [apart, in_order] = [Encoding::Utf8, Encoding::Windows1252].map(|encoding| {
            let hints = FormatHints { encoding: Some(encoding), ..FormatHints::default() };
            CsvTable::open(&path, &hints).expect_err("a mistake").to_string()
        });
        assert_eq!(apart, in_order);
        assert!(
            apart.starts_with(line) && column.is_none_or(|column| apart.contains(column)),
            "{apart}"
        );
    }
}
