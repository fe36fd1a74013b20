use millwright_proto::inference::{InferParameter, infer_parameter::ParameterChoice};
use serde_json::{Value, json};

use super::*;
use crate::json::infer_request;

fn answer(tensors: &[(&str, Vec<u8>)]) -> ModelInferResponse {
    let mut response = ModelInferResponse {
        model_name: "press".to_owned(),
        model_version: "3".to_owned(),
        ..ModelInferResponse::default()
    };
    for (datatype, raw) in tensors {
        response.outputs.push(InferOutputTensor {
            name: datatype.to_lowercase(),
            datatype: (*datatype).to_owned(),
            shape: vec![2],
            ..InferOutputTensor::default()
        });
        response.raw_output_contents.push(raw.clone().into());
    }
    response
}

fn texts(texts: &[&[u8]]) -> Vec<u8> {
    texts.iter().flat_map(|text| [&(text.len() as u32).to_le_bytes(), *text].concat()).collect()
}

/// The forms of a request that asks for `outputs`.
fn forms(outputs: &Value) -> OutputForms {
    let body = json!({ "inputs": [], "outputs": outputs }).to_string();
    infer_request(&body.into(), None).expect("a request").1
}

fn written(response: &ModelInferResponse) -> Result<Value, EncodeError> {
    let body = infer_response(response, &OutputForms::default(), 1 << 20)?;
    Ok(serde_json::from_slice(&body.bytes).expect("JSON"))
}

#[test]
fn every_datatype_that_json_has_words_for_is_written_exactly() {
    let pair = |a: [u8; 8], b: [u8; 8], size: usize| [&a[..size], &b[..size]].concat();
    let bits = |value: u64| value.to_le_bytes();
    for (datatype, raw, wanted) in [
        ("BOOL", vec![1, 0], json!([true, false])),
        ("INT8", vec![0x80, 0x7f], json!([-128, 127])),
        ("UINT8", vec![0, 255], json!([0, 255])),
        ("INT16", pair(bits(0x8000), bits(1), 2), json!([-32768, 1])),
        ("UINT16", pair(bits(0xffff), bits(1), 2), json!([65535, 1])),
        ("INT32", pair(bits(0x8000_0000), bits(1), 4), json!([i32::MIN, 1])),
        ("UINT32", pair(bits(0xffff_ffff), bits(1), 4), json!([u32::MAX, 1])),
        ("INT64", pair(bits(1 << 63), bits(1), 8), json!([i64::MIN, 1])),
        ("UINT64", pair(bits(u64::MAX), bits(1), 8), json!([u64::MAX, 1])),
        ("FP64", pair(0.1_f64.to_le_bytes(), (-0.5_f64).to_le_bytes(), 8), json!([0.1, -0.5])),
        ("BYTES", texts(&["液压".as_bytes(), b"\"\n"]), json!(["液压", "\"\n"])),
    ] {
        let told = written(&answer(&[(datatype, raw)])).expect(datatype);
        assert_eq!(told["outputs"][0]["data"], wanted, "{datatype}");
        assert_eq!(told["outputs"][0]["datatype"], datatype);
    }
}

#[test]
fn a_single_float_is_written_as_short_as_reads_back_to_its_bits() {
    for value in [0.1_f32, 1.0 / 3.0, f32::MIN_POSITIVE, f32::MAX, 1e-45, 16_777_216.0, -0.0] {
        let response = answer(&[("FP32", value.to_le_bytes().to_vec())]);
        let body = infer_response(&response, &OutputForms::default(), 1 << 20).expect("finite");
        let told: Value = serde_json::from_slice(&body.bytes).expect("JSON");
        let read = told["outputs"][0]["data"][0].as_f64().expect("a number") as f32;
        assert_eq!(read.to_bits(), value.to_bits());
    }
    let body = infer_response(
        &answer(&[("FP32", 0.1_f32.to_le_bytes().to_vec())]),
        &OutputForms::default(),
        999,
    );
    assert!(String::from_utf8_lossy(&body.expect("finite").bytes).contains("[0.1]"));
}

#[test]
fn what_json_cannot_say_is_refused_and_goes_as_binary() {
    for (datatype, raw) in [
        ("FP32", f32::NAN.to_le_bytes().to_vec()),
        ("FP32", f32::INFINITY.to_le_bytes().to_vec()),
        ("FP64", f64::NEG_INFINITY.to_le_bytes().to_vec()),
        ("FP16", vec![0, 0]),
        ("BF16", vec![0, 0]),
        ("BYTES", texts(&[b"\xff"])),
    ] {
        let response = answer(&[(datatype, raw.clone())]);
        let error = written(&response).expect_err(datatype).to_string();
        assert!(error.contains("binary_data"), "says what to do: {error}");
        let name = datatype.to_lowercase();
        let binary = forms(&json!([{"name": name, "parameters": {"binary_data": true}}]));
        let body = infer_response(&response, &binary, 1 << 20).expect("binary");
        assert_eq!(body.bytes[body.json_bytes.expect("binary follows")..], raw, "{datatype}");
    }
    let mut response = answer(&[]);
    let nan = InferParameter { parameter_choice: Some(ParameterChoice::DoubleParam(f64::NAN)) };
    response.parameters.insert("x".to_owned(), nan);
    written(&response).expect_err("a parameter neither");
}

#[test]
fn binary_outputs_follow_the_json_which_says_their_sizes() {
    let response = answer(&[("INT8", vec![1, 2]), ("UINT8", vec![3, 4]), ("BOOL", vec![1, 0])]);
    let wanted = |name| json!({"name": name, "parameters": {"binary_data": true}});
    let forms = forms(&json!([wanted("int8"), wanted("bool"), {"name": "uint8"}]));
    let body = infer_response(&response, &forms, 1 << 20).expect("written");
    let (json, binary) = body.bytes.split_at(body.json_bytes.expect("binary follows"));
    assert_eq!(binary, [1, 2, 1, 0]);
    let told: Value = serde_json::from_slice(json).expect("JSON");
    assert_eq!(told["outputs"][0]["parameters"]["binary_data_size"], 2);
    assert_eq!(told["outputs"][0].get("data"), None);
    assert_eq!(told["outputs"][1]["data"], json!([3, 4]));
    assert_eq!(told.get("id"), None, "none was given");
}

#[test]
fn an_answer_beyond_the_limit_is_refused_json_and_binary_alike() {
    let response = answer(&[("UINT8", vec![200; 1000])]);
    let binary = forms(&json!([{"name": "uint8", "parameters": {"binary_data": true}}]));
    for forms in [OutputForms::default(), binary] {
        let longest = infer_response(&response, &forms, usize::MAX).expect("unbounded").bytes.len();
        infer_response(&response, &forms, longest).expect("just long enough");
        let error = infer_response(&response, &forms, longest - 1).expect_err("one byte less");
        assert_eq!(error, EncodeError::TooLong { limit: longest - 1 });
    }
}
