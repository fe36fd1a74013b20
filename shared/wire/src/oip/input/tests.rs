use std::collections::BTreeMap;

use millwright_proto::inference::InferParameter;

use super::*;

/// One input a column: a text and a number that may be missing.
fn mixed() -> ModelSignature {
    let column = |name: &str, datatype, optional| {
        let (row_shape, elements) = (vec![], vec![]);
        ColumnSpec { name: name.to_owned(), datatype, row_shape, elements, optional }
    };
    let classes = ["bad", "good"].map(str::to_owned);
    let note = column("note", Datatype::Bytes, false);
    let mut signature = ModelSignature::classifier(note, &classes);
    signature.inputs.push(column("speed", Datatype::Fp32, true));
    signature
}

fn tensor(name: &str, datatype: &str, shape: &[i64]) -> InferInputTensor {
    let (name, datatype) = (name.to_owned(), datatype.to_owned());
    InferInputTensor { name, datatype, shape: shape.to_vec(), ..Default::default() }
}

fn notes(texts: &[&str]) -> InferInputTensor {
    let bytes_contents = texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect();
    let contents = Some(InferTensorContents { bytes_contents, ..Default::default() });
    InferInputTensor { contents, ..tensor("note", "BYTES", &[texts.len() as i64]) }
}

fn speeds(datatype: &str, shape: &[i64], contents: InferTensorContents) -> InferInputTensor {
    InferInputTensor { contents: Some(contents), ..tensor("speed", datatype, shape) }
}

fn doubles(values: &[f64]) -> InferTensorContents {
    InferTensorContents { fp64_contents: values.to_vec(), ..Default::default() }
}

fn typed(inputs: Vec<InferInputTensor>) -> ModelInferRequest {
    ModelInferRequest { inputs, ..Default::default() }
}

fn raw(inputs: Vec<InferInputTensor>, contents: Vec<Vec<u8>>) -> ModelInferRequest {
    let raw_input_contents = contents.into_iter().map(Bytes::from).collect();
    ModelInferRequest { inputs, raw_input_contents, ..Default::default() }
}

fn speed_of(request: &ModelInferRequest) -> Vec<f64> {
    let (rows, _) = decode(&mixed(), request).expect("two rows");
    assert_eq!(rows.columns()[0].bytes(1), b"b");
    rows.columns()[1].to_f64().collect()
}

#[test]
fn numbers_of_every_type_and_both_shapes_come_beside_a_text() {
    let ints = InferTensorContents { int_contents: vec![1, -2], ..Default::default() };
    let longs = InferTensorContents { int64_contents: vec![1, -2], ..Default::default() };
    let singles = InferTensorContents { fp32_contents: vec![1.0, -2.0], ..Default::default() };
    for (datatype, contents) in [
        ("FP32", singles),
        ("FP64", doubles(&[1.0, -2.0])),
        ("INT8", ints.clone()),
        ("INT32", ints),
        ("INT64", longs),
    ] {
        for shape in [&[2][..], &[2, 1]] {
            let speed = speeds(datatype, shape, contents.clone());
            assert_eq!(
                speed_of(&typed(vec![speed, notes(&["a", "b"])])),
                [1.0, -2.0],
                "{datatype}"
            );
        }
    }
}

#[test]
fn raw_contents_are_read_input_by_input() {
    let texts = b"\x01\0\0\0a\x01\0\0\0b".to_vec();
    let inputs = |datatype| vec![tensor("note", "BYTES", &[2]), tensor("speed", datatype, &[2, 1])];
    let singles = [1.0_f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let shorts = [1_i16, -2].iter().flat_map(|v| v.to_le_bytes()).collect();
    for (datatype, speeds) in [("FP32", singles), ("INT16", shorts)] {
        let request = raw(inputs(datatype), vec![texts.clone(), speeds]);
        assert_eq!(speed_of(&request), [1.0, -2.0], "{datatype}");
        assert_eq!(decode(&mixed(), &request).expect("two rows").1, Encoding::Raw);
    }
}

#[test]
fn a_missing_number_is_counted() {
    let speed = speeds("FP64", &[2], doubles(&[f64::NAN, 1.0]));
    let (rows, _) = decode(&mixed(), &typed(vec![notes(&["", "b"]), speed])).expect("two rows");
    assert_eq!(rows.missing_cells(), [1, 0]);
}

#[test]
fn a_wrong_input_is_named() {
    let (note, speed) = (notes(&["a"]), speeds("FP64", &[1], doubles(&[1.0])));
    let parameter = BTreeMap::from([("binary_data".to_owned(), InferParameter::default())]);
    let asking = InferInputTensor { parameters: parameter, ..note.clone() };
    for (inputs, field, why) in [
        (vec![note.clone()], "inputs: input \"speed\" is missing", "a number is missing"),
        (vec![speed.clone()], "inputs: input \"note\" is missing", "the text is missing"),
        (vec![note.clone(), speed.clone(), speed.clone()], "inputs[2]: ", "given twice"),
        (vec![note.clone(), tensor("hue", "FP32", &[1])], "inputs[1]: ", "unknown"),
        (vec![asking, speed.clone()], "inputs[0]: ", "a parameter"),
        (vec![note.clone(), speeds("FP64", &[2], doubles(&[1.0, 2.0]))], "inputs[1].shape", "rows"),
        (
            vec![note.clone(), speeds("FP64", &[1, 2], doubles(&[1.0; 2]))],
            "inputs[1].shape",
            "wide",
        ),
        (vec![note.clone(), speeds("FP64", &[1], doubles(&[]))], "inputs[1].contents", "too few"),
        (vec![note, speeds("BYTES", &[1], doubles(&[]))], "inputs[1].datatype", "no number"),
        (vec![tensor("note", "FP32", &[1]), speed], "inputs[0].datatype", "no text"),
    ] {
        let error = decode(&mixed(), &typed(inputs)).expect_err(why).to_string();
        assert!(error.starts_with(field), "{why}: {error}");
    }
}
