use millwright_tensor::{ColumnSpec, Datatype};

use super::*;

fn classes() -> Vec<String> {
    ["bad", "good"].map(str::to_owned).to_vec()
}

fn signature() -> ModelSignature {
    let input = ColumnSpec {
        name: "features".to_owned(),
        datatype: Datatype::Fp32,
        row_shape: vec![2],
        elements: vec!["speed".to_owned(), "ink".to_owned()],
        optional: true,
    };
    ModelSignature::classifier(input, &classes())
}

/// One input a column: a text and two numbers.
fn mixed() -> ModelSignature {
    let column = |name: &str, datatype, optional| {
        let (row_shape, elements) = (vec![], vec![]);
        ColumnSpec { name: name.to_owned(), datatype, row_shape, elements, optional }
    };
    let text = column("note", Datatype::Bytes, false);
    let mut signature = ModelSignature::classifier(text, &classes());
    let numbers = ["speed", "ink"].map(|name| column(name, Datatype::Fp32, true));
    signature.inputs.extend(numbers);
    signature
}

fn numbers(name: &str, values: &[f64]) -> pb::NamedColumn {
    let values = Some(Values::Numbers(pb::Numbers { values: values.to_vec() }));
    pb::NamedColumn { name: name.to_owned(), values }
}

fn texts(name: &str, values: &[&str]) -> pb::NamedColumn {
    let values = values.iter().map(|text| (*text).to_owned()).collect();
    pb::NamedColumn { name: name.to_owned(), values: Some(Values::Texts(pb::Texts { values })) }
}

fn refused(signature: &ModelSignature, columns: &[pb::NamedColumn], why: &str) -> String {
    decode(signature, columns).expect_err(why).to_string()
}

#[test]
fn columns_come_in_any_order_and_leave_in_the_models() {
    let columns = [numbers("ink", &[3.0, f64::NAN]), numbers("speed", &[1.0, 2.0])];
    let rows = decode(&signature(), &columns).unwrap();
    let values = rows.columns()[0].to_f64().map(f64::to_bits).collect::<Vec<_>>();
    assert_eq!(values, [1.0, 3.0, 2.0, f64::NAN].map(f64::to_bits));
}

#[test]
fn texts_and_numbers_come_beside_each_other() {
    let columns = [
        numbers("ink", &[3.0, f64::NAN]),
        texts("note", &["漏油", ""]),
        numbers("speed", &[1.0, 2.0]),
    ];
    let rows = decode(&mixed(), &columns).unwrap();
    assert_eq!(rows.columns()[0].bytes(0), "漏油".as_bytes());
    assert_eq!(rows.columns()[0].bytes(1), b"");
    assert_eq!(rows.columns()[1].to_f64().collect::<Vec<_>>(), [1.0, 2.0]);
    assert_eq!(rows.columns()[2].to_f64().next(), Some(3.0));
    assert_eq!(rows.missing_cells(), [0, 1], "an empty text is not missing, a NaN is");
}

#[test]
fn a_wrong_column_is_named() {
    let speed = numbers("speed", &[1.0]);
    let ink = numbers("ink", &[1.0]);
    for (columns, field, why) in [
        (vec![speed.clone()], "columns", "one is missing"),
        (vec![speed.clone(), ink.clone(), numbers("hue", &[1.0])], "columns[2]", "unknown"),
        (vec![speed.clone(), speed.clone(), ink], "columns[1]", "given twice"),
        (vec![speed.clone(), texts("ink", &["1"])], "columns[1]", "texts for numbers"),
        (vec![speed, numbers("ink", &[1.0, 2.0])], "columns[1]", "another length"),
    ] {
        let error = refused(&signature(), &columns, why);
        assert!(error.starts_with(&format!("{field}: ")), "{why}: {error}");
    }
}

#[test]
fn a_wrong_column_beside_a_text_is_named() {
    let note = texts("note", &["oil"]);
    let [speed, ink] = ["speed", "ink"].map(|name| numbers(name, &[1.0]));
    for (columns, field, name, why) in [
        (vec![note.clone(), speed.clone()], "columns", "ink", "a number is missing"),
        (vec![ink.clone(), speed.clone()], "columns", "note", "the text is missing"),
        (
            vec![numbers("note", &[1.0]), speed.clone(), ink.clone()],
            "columns[0]",
            "note",
            "no text",
        ),
        (
            vec![note.clone(), texts("speed", &["1"]), ink.clone()],
            "columns[1]",
            "speed",
            "no number",
        ),
        (vec![note.clone(), speed.clone(), numbers("ink", &[])], "columns[2]", "ink", "no rows"),
        (vec![note.clone(), speed.clone(), speed.clone()], "columns[2]", "speed", "given twice"),
        (vec![note, speed, ink, numbers("hue", &[1.0])], "columns[3]", "hue", "unknown"),
    ] {
        let error = refused(&mixed(), &columns, why);
        assert!(error.starts_with(&format!("{field}: ")), "{why}: {error}");
        assert!(error.contains(&format!("{name:?}")), "{why}: {error}");
    }
}

#[test]
fn top_k_falls_and_keeps_class_order_among_equals() {
    let (probabilities, classes) = most_probable(vec![0.2, 0.5, 0.2, 0.1], 3);
    assert_eq!((probabilities, classes), (vec![0.5, 0.2, 0.2], vec![1, 0, 2]));
    assert_eq!(most_probable(vec![0.5, 0.5], 9).0.len(), 2);
}
