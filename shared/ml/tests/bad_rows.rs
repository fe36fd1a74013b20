//! Rows that cannot be answered are refused, and the guilty one is named.

mod plant;

use millwright_domain::{Code, Fault};
use millwright_ml::{
    FittedPipeline, InputParts, PipelineParts, PredictError, Predictor, TextParts,
};
use millwright_tensor::{Column, Datatype, Rows};
use plant::{numbers, texts};

fn numeric() -> FittedPipeline {
    FittedPipeline::from_parts(PipelineParts::seeded(2, 3, 1)).expect("parts that fit")
}

fn text() -> FittedPipeline {
    let vocabulary = vec!["leak".into(), "pump".into()];
    let input = InputParts::Text(TextParts::words("note", vocabulary));
    let parts = PipelineParts { input, ..PipelineParts::seeded(2, 3, 1) };
    FittedPipeline::from_parts(parts).expect("parts that fit")
}

/// A text beside two numbers.
fn mixed_parts() -> PipelineParts {
    let vocabulary = vec!["leak".into(), "pump".into()];
    let PipelineParts { input, hidden, classes, weights, intercept } =
        PipelineParts::seeded(4, 3, 1);
    let InputParts::Numeric { columns } = input else { panic!("numeric parts") };
    let text = TextParts::words("note", vocabulary);
    let input = InputParts::Mixed { text, columns: columns[..2].to_vec() };
    PipelineParts { input, hidden, classes, weights, intercept }
}

fn mixed() -> FittedPipeline {
    FittedPipeline::from_parts(mixed_parts()).expect("parts that fit")
}

/// Three rows of a text and two numbers.
fn three(texts: [&[u8]; 3], first: [f64; 3], second: [f64; 3]) -> Rows {
    let texts = Column::var(texts).expect("three texts");
    let columns = [texts, Column::fp64(1, &first), Column::fp64(1, &second)];
    Rows::new(3, columns).expect("three rows")
}

fn refusal(pipeline: &FittedPipeline, rows: &Rows) -> PredictError {
    let error = pipeline.predict(rows).expect_err("rows that cannot be answered");
    assert_eq!(error.code(), Code::InvalidArgument);
    error
}

#[test]
fn infinite_numbers_are_named_by_row_and_column() {
    for value in [f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        let error = refusal(&numeric(), &numbers(2, &[1.0, 2.0, 3.0, value, value, 0.0]));
        assert_eq!(error, PredictError::Infinite { row: 1, column: "x1".to_owned() });
        assert_eq!(error.row(), Some(1));
        assert_eq!(error.violation().map(|v| v.field), Some("x1".to_owned()));
    }
}

#[test]
fn the_first_guilty_row_is_named_at_any_number_of_threads() {
    let wide = FittedPipeline::from_parts(PipelineParts::seeded(500, 40, 1)).expect("parts");
    let mut values = vec![0.0; 500 * 400];
    for row in [399, 17, 250] {
        values[row * 500 + 3] = f64::INFINITY;
    }
    let rows = numbers(500, &values);
    for threads in [1, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let error = pool.install(|| refusal(&wide, &rows));
        assert_eq!(error, PredictError::Infinite { row: 17, column: "x3".to_owned() });
    }
}

#[test]
fn text_that_is_no_text_is_named_by_row() {
    let rows = texts(&[&b"pump"[..], b"\xff", b""]);
    let error = refusal(&text(), &rows);
    assert_eq!(error, PredictError::NotUtf8 { row: 1, column: "note".to_owned() });
}

#[test]
fn the_first_guilty_row_of_texts_beside_numbers_is_named_whatever_is_wrong() {
    let (fine, bad) = ([0.0; 3], &b"\xff"[..]);
    let infinite = |row, column: &str| PredictError::Infinite { row, column: column.to_owned() };
    let not_utf8 = |row| PredictError::NotUtf8 { row, column: "note".to_owned() };
    for (rows, expected) in [
        (three([b"", bad, b""], fine, [0.0, 0.0, f64::INFINITY]), not_utf8(1)),
        (three([b"", b"", bad], fine, [0.0, f64::INFINITY, 0.0]), infinite(1, "x1")),
        (three([b""; 3], [0.0, 1e300, 0.0], [1e300, 0.0, 0.0]), infinite(0, "x1")),
    ] {
        assert_eq!(refusal(&mixed(), &rows), expected);
    }
    let extreme = PipelineParts { weights: vec![3e3; 12], ..mixed_parts() };
    let extreme = FittedPipeline::from_parts(extreme).expect("parts that fit");
    let rows = three([b""; 3], [0.0, 3e38, f64::INFINITY], fine);
    assert_eq!(refusal(&extreme, &rows), PredictError::Overflow { row: 1 });
}

#[test]
fn texts_beside_numbers_come_in_columns_of_their_own() {
    let text = Column::var(["pump"]).expect("a text");
    for (columns, what) in [
        (vec![text.clone(), Column::fp64(2, &[1.0; 2])], "one column of numbers for two"),
        (vec![text.clone(), Column::fp64(1, &[1.0]), text.clone()], "a text for a number"),
        (vec![Column::fp64(1, &[1.0]), Column::fp64(1, &[1.0]), text.clone()], "another order"),
        (vec![text, Column::fp64(1, &[1.0]), Column::fp64(2, &[1.0; 2])], "too wide a column"),
    ] {
        let rows = Rows::new(1, columns).expect("a row");
        let error = refusal(&mixed(), &rows);
        assert_eq!(error.row(), None, "{what}: {error}");
    }
}

#[test]
fn numbers_that_overflow_are_no_answer() {
    let parts = PipelineParts { weights: vec![3e38; 6], ..PipelineParts::seeded(2, 3, 1) };
    // Golden rows within the range must be answered, so the range is a point.
    let InputParts::Numeric { mut columns } = parts.input else { panic!("numeric parts") };
    columns.iter_mut().for_each(|column| column.range = (0.0, 0.0));
    let parts = PipelineParts { input: InputParts::Numeric { columns }, ..parts };
    let pipeline = FittedPipeline::from_parts(parts).expect("parts that fit");
    let error = refusal(&pipeline, &numbers(2, &[0.0, 0.0, 1e6, -1e6]));
    assert_eq!(error, PredictError::Overflow { row: 1 });
}

#[test]
fn other_shapes_and_types_are_refused() {
    let two = Rows::new(1, [Column::fp32(2, &[1.0; 2]), Column::fp32(2, &[1.0; 2])]);
    assert_eq!(
        refusal(&numeric(), &two.expect("a row")),
        PredictError::Inputs { expected: 1, found: 2 }
    );
    let error = refusal(&numeric(), &numbers(3, &[1.0; 3]));
    assert!(matches!(error, PredictError::Width { expected: 2, found: 3, .. }), "{error}");
    let whole = Column::Fixed { datatype: Datatype::Int32, width: 2, data: vec![0; 8].into() };
    let error = refusal(&numeric(), &Rows::new(1, [whole]).expect("a row"));
    assert!(matches!(error, PredictError::Datatype { found: Datatype::Int32, .. }), "{error}");
    for (pipeline, rows) in [(numeric(), texts(&["pump"])), (text(), numbers(2, &[1.0; 2]))] {
        let error = refusal(&pipeline, &rows);
        assert!(matches!(error, PredictError::Datatype { .. }), "{error}");
        assert_eq!(error.row(), None);
    }
}

#[test]
fn no_rows_are_answered_by_no_rows() {
    let nothing = [Column::fp64(1, &[]), Column::fp64(1, &[])];
    let nothing = std::iter::once(Column::var::<&str>([]).expect("nothing")).chain(nothing);
    let of_both = Rows::new(0, nothing).expect("no rows");
    for (pipeline, rows) in
        [(numeric(), numbers(2, &[])), (text(), texts::<&str>(&[])), (mixed(), of_both)]
    {
        let answer = pipeline.predict(&rows).expect("nothing is wrong with no rows");
        assert_eq!((answer.len(), answer.columns().len()), (0, 2));
    }
}
