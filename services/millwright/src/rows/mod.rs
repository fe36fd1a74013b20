//! Rows to predict, read one by one from CSV or from JSON lines; the input may be endless.

mod csv;
mod jsonl;

use std::io::{self, BufRead, BufReader, Cursor, Read};

use millwright_domain::{ColumnKind, FormatHints, ModelSignature};
use millwright_ml::TableError;
use millwright_proto::predictor::{NamedColumn, Numbers, Texts, named_column::Values};
use millwright_tensor::Datatype;

/// A line of JSON may be this long: half of what a message holds.
const MAX_LINE_BYTES: u64 = 32 << 20;

/// A text in JSON may be this long, as a field of CSV may.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// What some programs write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Blanks before the rows are held until it is known what they belong to, up to this many bytes.
const MAX_BLANKS: usize = 1 << 16;

/// A column that a model takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
}

/// The value of one column in one row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// NaN is a missing one.
    Number(f64),
    Text(String),
}

impl Cell {
    /// About the bytes that it takes on its way.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Number(_) => size_of::<f64>(),
            Self::Text(text) => text.len(),
        }
    }
}

/// A row, in the order of the model's columns, or what is wrong with it.
pub(crate) type Row = Result<Vec<Cell>, RowError>;

/// Rows until the input ends or cannot be read any further.
pub(crate) type Rows = Box<dyn Iterator<Item = Result<Row, InputError>> + Send>;

/// Called with the names of columns that the model does not know, once for each name.
pub(crate) type OnUnknown = Box<dyn FnMut(&[String]) + Send>;

/// Why one row cannot be predicted; the next one may be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum RowError {
    #[error("{0}")]
    Malformed(String),
    #[error("column {column:?} is not a number")]
    NotANumber { column: String },
    #[error("column {column:?} is not a text")]
    NotAText { column: String },
    #[error("column {column:?} is missing; write null where a number is not known")]
    MissingNumber { column: String },
    #[error("column {column:?} is missing")]
    MissingText { column: String },
    #[error("column {column:?} is longer than {} MiB", MAX_TEXT_BYTES >> 20)]
    TextTooLong { column: String },
    #[error("a number is out of range")]
    OutOfRange,
    #[error("not valid UTF-8")]
    NotUtf8,
    #[error("not a JSON object")]
    NotAnObject,
    #[error("longer than {} MiB", MAX_LINE_BYTES >> 20)]
    TooLong,
}

/// Why the input cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("cannot read the rows: {0}")]
    Io(#[from] io::Error),
    #[error("no row was read: the input is empty")]
    Empty,
    #[error("the input is a JSON array: write one object a line")]
    Array,
    #[error(
        "the input is JSON lines, which have no delimiter and no decimal mark: leave the flags of a \
         file format out"
    )]
    HintsOfJson,
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the model needs columns that the header does not have: {}", .0.join(", "))]
    MissingColumns(Vec<String>),
}

/// The columns of `signature`, in its order, by the names that people know.
pub(crate) fn columns(signature: &ModelSignature) -> Vec<Column> {
    let mut columns = Vec::new();
    for input in &signature.inputs {
        let text = input.datatype == Datatype::Bytes;
        let kind = if text { ColumnKind::Text } else { ColumnKind::Numeric };
        columns.extend(input.elements.iter().map(|name| Column { name: name.clone(), kind }));
    }
    columns
}

/// Reads `input`: JSON lines if it begins with `{`, otherwise CSV; what `hints` leave open of that
/// is detected from its first rows.
pub(crate) fn read(
    input: impl Read + Send + 'static,
    hints: &FormatHints,
    columns: Vec<Column>,
    unknown: OnUnknown,
) -> Result<Rows, InputError> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let (blanks, first) = begin(&mut input)?;
    match first {
        None => Err(InputError::Empty),
        Some(b'[') => Err(InputError::Array),
        Some(b'{') if *hints != FormatHints::default() => Err(InputError::HintsOfJson),
        Some(b'{') => Ok(Box::new(jsonl::Lines::new(input, columns, unknown))),
        // Of a table, they may be names of its columns.
        Some(_) => {
            let input = Cursor::new(blanks).chain(input);
            Ok(Box::new(csv::Table::open(input, hints, columns, unknown)?))
        }
    }
}

/// Takes the blanks that `input` begins with, a byte order mark before them; and what comes next.
fn begin(input: &mut impl BufRead) -> io::Result<(Vec<u8>, Option<u8>)> {
    let mut blanks = Vec::new();
    loop {
        let Some(&byte) = input.fill_buf()?.first() else { return Ok((blanks, None)) };
        let mark = BYTE_ORDER_MARK.strip_prefix(&blanks[..]).and_then(<[u8]>::first);
        let is_blank = byte.is_ascii_whitespace() || mark == Some(&byte);
        if !is_blank || blanks.len() == MAX_BLANKS {
            return Ok((blanks, Some(byte)));
        }
        blanks.push(byte);
        input.consume(1);
    }
}

/// `rows` as the columns of a request.
pub(crate) fn to_named(columns: &[Column], rows: &[&[Cell]]) -> Vec<NamedColumn> {
    let named = columns.iter().enumerate().map(|(at, column)| {
        let values = match column.kind {
            ColumnKind::Numeric => Values::Numbers(Numbers { values: numbers(rows, at) }),
            ColumnKind::Text => Values::Texts(Texts { values: texts(rows, at) }),
        };
        NamedColumn { name: column.name.clone(), values: Some(values) }
    });
    named.collect()
}

fn numbers(rows: &[&[Cell]], at: usize) -> Vec<f64> {
    rows.iter()
        .filter_map(|row| if let Cell::Number(x) = row[at] { Some(x) } else { None })
        .collect()
}

fn texts(rows: &[&[Cell]], at: usize) -> Vec<String> {
    let text =
        |row: &&[Cell]| if let Cell::Text(text) = &row[at] { Some(text.clone()) } else { None };
    rows.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use millwright_domain::{DecimalMark, Header};

    use super::*;

    fn column(name: &str, kind: ColumnKind) -> Column {
        Column { name: name.to_owned(), kind }
    }

    fn numeric() -> Vec<Column> {
        vec![column("a", ColumnKind::Numeric), column("b", ColumnKind::Numeric)]
    }

    fn detected() -> FormatHints {
        FormatHints::default()
    }

    /// The rows of `input`, and the columns that were dropped.
    fn all(input: &str, columns: Vec<Column>) -> (Vec<Row>, Vec<String>) {
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let seen = dropped.clone();
        let unknown =
            Box::new(move |names: &[String]| seen.lock().unwrap().extend_from_slice(names));
        let input = Cursor::new(input.to_owned().into_bytes());
        let rows = read(input, &detected(), columns, unknown).expect("a header");
        let rows = rows.map(|row| row.expect("readable")).collect();
        let dropped = dropped.lock().unwrap().clone();
        (rows, dropped)
    }

    fn pair(a: f64, b: f64) -> Row {
        Ok(vec![Cell::Number(a), Cell::Number(b)])
    }

    #[test]
    fn csv_gives_the_models_columns_in_its_order_and_names_the_others() {
        let (rows, dropped) = all("\u{feff}x;b;a\r\n?;2;1\r\n;4;3.5\r\n", numeric());
        assert_eq!(rows, [pair(1.0, 2.0), pair(3.5, 4.0)]);
        assert_eq!(dropped, ["x"]);
    }

    #[test]
    fn json_lines_give_the_same() {
        let (rows, dropped) =
            all("{\"b\":2,\"a\":1,\"x\":0}\n\n{\"a\":3.5,\"b\":4,\"x\":1}", numeric());
        assert_eq!(rows, [pair(1.0, 2.0), pair(3.5, 4.0)]);
        assert_eq!(dropped, ["x"], "each name once");
    }

    #[test]
    fn an_empty_cell_nan_and_null_are_missing_numbers() {
        for input in ["a,b\n,2", "a,b\nNaN,2", "a,b\n nan ,2", "{\"a\":null,\"b\":2}"] {
            let (rows, _) = all(input, numeric());
            let [Ok(cells)] = &rows[..] else { panic!("one row: {rows:?}") };
            assert!(matches!(cells[0], Cell::Number(x) if x.is_nan()));
        }
    }

    #[test]
    fn a_bad_row_is_an_error_and_the_next_is_read() {
        let of = |column: &str| column.to_owned();
        for (input, error) in [
            ("a,b\n1\n3,4", RowError::Malformed(of("line 2 has 1 fields, the header has 2"))),
            ("a,b\n1,inf\n3,4", RowError::NotANumber { column: of("b") }),
            ("a,b\n1,oil\n3,4", RowError::NotANumber { column: of("b") }),
            ("{\"a\":1}\n{\"a\":3,\"b\":4}", RowError::MissingNumber { column: of("b") }),
            ("{\"a\":1,\"b\":\"2\"}\n{\"a\":3,\"b\":4}", RowError::NotANumber { column: of("b") }),
            ("{\"a\":1,\n{\"a\":3,\"b\":4}", RowError::NotAnObject),
            ("{\"a\":1,\"b\":1e999}\n{\"a\":3,\"b\":4}", RowError::OutOfRange),
        ] {
            assert_eq!(all(input, numeric()).0, [Err(error), pair(3.0, 4.0)], "{input}");
        }
    }

    #[test]
    fn a_table_is_read_as_its_first_rows_and_hints_say() {
        let excel = "\u{feff}a;b\r\n1.234,5;-\r\n2,5;4\r\n";
        let (rows, _) = all(excel, numeric());
        assert!(matches!(rows[0], Ok(ref cells) if cells[0] == Cell::Number(1234.5)), "{rows:?}");
        assert_eq!(rows[1], pair(2.5, 4.0));
        let hints = FormatHints {
            delimiter: Some('|'),
            decimal: Some(DecimalMark::Comma),
            missing: Some(vec!["999".to_owned()]),
            header: Some(Header::Absent),
            ..FormatHints::default()
        };
        let columns = vec![column("column 2", ColumnKind::Numeric)];
        let input = Cursor::new("1,5|2,5\n1,5|999\n");
        let rows = read(input, &hints, columns.clone(), Box::new(|_| ())).expect("columns");
        let rows: Vec<_> = rows.map(|row| row.expect("readable")).collect();
        assert_eq!(rows[0], Ok(vec![Cell::Number(2.5)]));
        assert!(matches!(&rows[1], Ok(cells) if matches!(cells[0], Cell::Number(x) if x.is_nan())));
        let json = read(Cursor::new("{\"a\":1}"), &hints, columns, Box::new(|_| ()));
        assert!(matches!(json.err(), Some(InputError::HintsOfJson)));
    }

    #[test]
    fn json_lines_are_known_behind_a_byte_order_mark_and_blanks() {
        for blanks in ["\u{feff}", " \t", "\u{feff}\r\n\n "] {
            let (rows, _) = all(&format!("{blanks}{{\"a\":3,\"b\":4}}"), numeric());
            assert_eq!(rows, [pair(3.0, 4.0)], "{blanks:?}");
        }
    }

    #[test]
    fn blanks_before_a_table_are_its_own() {
        let input = Cursor::new("\ta\tb\n0\t3\t4");
        let refused = read(input, &detected(), numeric(), Box::new(|_| ())).err().expect("no name");
        assert!(matches!(refused, InputError::Table(TableError::UnnamedColumn { position: 1 })));
    }

    #[test]
    fn an_array_and_blanks_alone_are_refused() {
        let refused = |input: &'static str| {
            let rows = read(Cursor::new(input), &detected(), numeric(), Box::new(|_| ()));
            rows.err().expect("no row").to_string()
        };
        assert!(refused("\n[{\"a\":3,\"b\":4}]").contains("one object a line"));
        assert!(refused(" \n").contains("empty"));
    }

    #[test]
    fn a_text_is_missing_or_too_long_by_itself() {
        let text = || vec![column("note", ColumnKind::Text)];
        let at_most = "x".repeat(MAX_TEXT_BYTES);
        let (rows, _) =
            all(&format!("{{}}\n{{\"note\":\"{at_most}\"}}\n{{\"note\":\"{at_most}x\"}}"), text());
        let name = || "note".to_owned();
        assert_eq!(rows[0], Err(RowError::MissingText { column: name() }));
        assert_eq!(rows[1], Ok(vec![Cell::Text(at_most)]));
        assert_eq!(rows[2], Err(RowError::TextTooLong { column: name() }));
    }

    #[test]
    fn a_header_without_the_models_columns_is_refused() {
        let input = Cursor::new("a,c\n1,2");
        let refused =
            read(input, &detected(), numeric(), Box::new(|_| ())).err().expect("b is missing");
        assert!(matches!(refused, InputError::MissingColumns(names) if names == ["b"]));
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_the_input_with_its_line() {
        let input = Cursor::new("a,b\n1,2\n\"3,4\n5,6\n");
        let mut rows = read(input, &detected(), numeric(), Box::new(|_| ())).expect("a header");
        assert_eq!(rows.next().and_then(Result::ok), Some(pair(1.0, 2.0)));
        let error = rows.next().and_then(Result::err).expect("the quote is open");
        assert!(error.to_string().contains("line 3"), "{error}");
    }

    #[test]
    fn chinese_text_in_quotes_reads_back() {
        let text = vec![column("备注", ColumnKind::Text)];
        let (rows, _) = all("备注,类别\n\"泵,漏油\n\"\"急\"\"\",x", text);
        assert_eq!(rows, [Ok(vec![Cell::Text("泵,漏油\n\"急\"".to_owned())])]);
    }
}
