use millwright_proto::inference::infer_parameter::ParameterChoice;
use serde_json::{Value, json};

use super::*;

fn body(json: &Value, binary: &[u8]) -> (Bytes, usize) {
    let mut bytes = json.to_string().into_bytes();
    let json_bytes = bytes.len();
    bytes.extend_from_slice(binary);
    (bytes.into(), json_bytes)
}

fn read(json: &Value) -> Result<(ModelInferRequest, OutputForms), WireError> {
    infer_request(&body(json, &[]).0, None)
}

fn refused(json: &Value) -> String {
    read(json).expect_err("it is wrong").to_string()
}

#[test]
fn a_request_is_read_whole_whatever_the_order_of_its_members() {
    let json = r#"{"outputs": [{"name": "label", "parameters": {"classification": 2}}],
        "inputs": [{"data": [[1.5, 2]], "datatype": "FP32", "shape": [1, 2], "name": "features"},
                   {"name": "note", "shape": [1], "datatype": "BYTES", "data": ["轴承"]}],
        "id": "Auftrag 7", "colour": {"unknown": ["passed", "over"]},
        "parameters": {"priority": 1, "timeout": 18446744073709551615, "who": "mes", "x": null}}"#;
    let (request, forms) = infer_request(&json.into(), None).expect("right");
    assert_eq!(request.id, "Auftrag 7");
    assert_eq!(request.inputs[0].name, "features");
    assert_eq!(request.inputs[0].shape, [1, 2]);
    assert_eq!(request.raw_input_contents[0], [0, 0, 0xc0, 0x3f, 0, 0, 0, 0x40][..]);
    assert_eq!(request.raw_input_contents[1][4..], *"轴承".as_bytes());
    let choice = |name: &str| request.parameters[name].parameter_choice.clone();
    assert_eq!(choice("priority"), Some(ParameterChoice::Int64Param(1)));
    assert_eq!(choice("timeout"), Some(ParameterChoice::Uint64Param(u64::MAX)));
    assert_eq!(choice("who"), Some(ParameterChoice::StringParam("mes".to_owned())));
    assert_eq!(request.parameters.len(), 3, "null is as good as absent");
    assert!(request.outputs[0].parameters.contains_key("classification"));
    assert_eq!(forms, OutputForms::default());
}

#[test]
fn binary_tensors_follow_the_json_in_the_order_of_the_inputs() {
    let json = json!({
        "inputs": [
            {"name": "a", "shape": [1], "datatype": "FP32", "parameters": {"binary_data_size": 4}},
            {"name": "b", "shape": [1], "datatype": "INT8", "data": [7]},
            {"name": "c", "shape": [1], "datatype": "FP16", "parameters": {"binary_data_size": 2}},
        ],
        "outputs": [{"name": "label", "parameters": {"binary_data": false}}, {"name": "p"}],
        "parameters": {"binary_data_output": true},
    });
    let (bytes, json_bytes) = body(&json, &[1, 2, 3, 4, 5, 6]);
    let (request, forms) = infer_request(&bytes, Some(json_bytes)).expect("right");
    assert_eq!(request.raw_input_contents, [&[1, 2, 3, 4][..], &[7], &[5, 6]]);
    assert!(request.inputs.iter().all(|input| input.parameters.is_empty()), "they are ours");
    assert!(request.parameters.is_empty() && request.outputs[0].parameters.is_empty());
    assert!(!forms.is_binary("label") && forms.is_binary("p"));
}

#[test]
fn a_body_that_does_not_add_up_is_refused() {
    let input = |size: Value| {
        json!({"inputs": [{"name": "a", "shape": [1], "datatype": "FP32",
                           "parameters": {"binary_data_size": size}}]})
    };
    for (size, binary, field) in [
        (json!(4), 3, "inputs[0].parameters.binary_data_size: "),
        (json!(4), 5, "inputs: "),
        (json!(-4), 4, "inputs[0].parameters.binary_data_size: "),
        (json!("4"), 4, "inputs[0].parameters.binary_data_size: "),
        (json!(u64::MAX), 4, "inputs[0].parameters.binary_data_size: "),
    ] {
        let (bytes, json_bytes) = body(&input(size.clone()), &vec![0; binary]);
        let error = infer_request(&bytes, Some(json_bytes)).expect_err("wrong").to_string();
        assert!(error.starts_with(field), "{size} of {binary}: {error}");
    }
    let (bytes, json_bytes) = body(&input(json!(4)), &[0; 4]);
    for (json_bytes, why) in [(0, "no JSON"), (json_bytes - 1, "cut"), (usize::MAX, "too long")] {
        infer_request(&bytes, Some(json_bytes)).expect_err(why);
    }
}

#[test]
fn a_member_that_is_wrong_is_named_and_never_repeated() {
    let input = |member: &str, value: Value| {
        let mut input = json!({"name": "a", "shape": [1], "datatype": "FP32", "data": [1]});
        input[member] = value;
        json!({ "inputs": [input] })
    };
    for (request, begins) in [
        (input("datatype", json!("FLOAT")), "inputs[0].datatype: "),
        (input("data", json!(["secret"])), "inputs[0].data: element 0 "),
        (input("data", Value::Null), "inputs[0].data: is missing"),
        (input("parameters", json!({"binary_data_size": 4})), "inputs[0].data: must be absent"),
        (input("shape", json!(["secret"])), "body: is not of the protocol's form at line 1"),
        (input("name", json!(["secret"])), "body: is not of the protocol's form at line 1"),
        (json!({"id": "secret"}), "body: missing field `inputs`"),
        (json!(["secret"]), "body: "),
        (json!({"inputs": [], "id": 7}), "body: "),
        (json!({"inputs": [], "parameters": {"secret": []}}), "body: "),
        (json!({"inputs": [], "parameters": {"binary_data_output": 1}}), "parameters."),
        (
            json!({"inputs": [], "outputs": [{"name": "a", "parameters": {"binary_data": 1}}]}),
            "outputs[0].parameters.binary_data: ",
        ),
    ] {
        let error = refused(&request);
        assert!(error.starts_with(begins), "{request}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn text_that_is_no_json_is_refused_where_it_goes_wrong() {
    for (text, why) in [
        ("", "nothing"),
        ("{\"inputs\": []", "cut"),
        ("{\"inputs\": []} {}", "two"),
        (
            "{\"inputs\": [{\"name\": \"a\", \"shape\": [1], \"datatype\": \"FP32\", \"data\": [NaN]}]}",
            "NaN",
        ),
        ("{\"inputs\": [], \"id\": Infinity}", "an infinity"),
    ] {
        let error = infer_request(&text.into(), None).expect_err(why).to_string();
        assert!(error.starts_with("body: is no JSON at line 1, column "), "{why}: {error}");
    }
    let latin = Bytes::from_static(b"{\"inputs\": [], \"id\": \"\xfc\"}");
    infer_request(&latin, None).expect_err("no UTF-8");
}

#[test]
fn more_inputs_than_a_model_can_have_are_refused() {
    let input = json!({"name": "", "shape": [], "datatype": "", "data": []});
    let many = json!({ "inputs": vec![input; (1 << 14) + 1] });
    assert!(refused(&many).starts_with("body: "), "before any of them is looked at");
}
