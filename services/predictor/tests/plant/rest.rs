//! The REST face, and requests to it that no client library sends.

use millwright_predictor::Config;
use millwright_proto::inference::{
    ModelInferRequest, grpc_inference_service_client::GrpcInferenceServiceClient,
    model_infer_request::InferInputTensor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::{
    raw::{Raw, Told},
    registry::{Registry, pipeline},
    serving::Predictor,
};

/// Longest message of the plant, in bytes.
const LARGEST: usize = 64 << 10;

async fn plant() -> (Registry, TempDir, Predictor) {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    registry.point("press", "production", (1, &registry.keep(pipeline(1))));
    let mut config = Config::new(folder.path(), &registry.address);
    config.limits.max_message_bytes = LARGEST;
    let predictor = Predictor::start_with(config).await;
    predictor.until_serving("press", 1).await;
    (registry, folder, predictor)
}

fn rows(data: &Value) -> Value {
    json!({ "inputs": [{ "name": "features", "shape": [2, 2], "datatype": "FP32", "data": data }] })
}

fn two_rows() -> Vec<u8> {
    rows(&json!([[0.5, -1.25], [3.0, 0.1]])).to_string().into_bytes()
}

const INFER: &str = "/v2/models/press/infer";

async fn infer(raw: &mut Raw, body: &[u8]) -> Told {
    raw.ask("POST", INFER, "", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_that_of_grpc_bit_for_bit() {
    let (_registry, _folder, predictor) = plant().await;
    let told = infer(&mut Raw::connect(&predictor.rest).await, &two_rows()).await;
    assert_eq!(told.status, 200, "{:?}", told.json());
    let told = told.json();
    assert_eq!((&told["model_name"], &told["model_version"]), (&json!("press"), &json!("1")));

    let floats = [0.5_f32, -1.25, 3.0, 0.1].map(f32::to_le_bytes);
    let request = ModelInferRequest {
        model_name: "press".to_owned(),
        inputs: vec![InferInputTensor {
            name: "features".to_owned(),
            datatype: "FP32".to_owned(),
            shape: vec![2, 2],
            ..InferInputTensor::default()
        }],
        raw_input_contents: vec![floats.concat().into()],
        ..ModelInferRequest::default()
    };
    let origin = format!("http://{}", predictor.address);
    let channel = Channel::from_shared(origin).expect("a URL").connect_lazy();
    let mut client = GrpcInferenceServiceClient::new(channel);
    let answer = client.model_infer(request).await.expect("an answer").into_inner();
    let position = answer.outputs.iter().position(|output| output.name == "probabilities");
    let raw = &answer.raw_output_contents[position.expect("a classifier")];
    let wanted: Vec<u32> =
        raw.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let output = told["outputs"].as_array().expect("a list");
    let output = output.iter().find(|output| output["name"] == "probabilities").expect("there");
    let data = output["data"].as_array().expect("a list").iter();
    let bits = data.map(|value| (value.as_f64().expect("a number") as f32).to_bits());
    assert_eq!(bits.collect::<Vec<_>>(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_refused_by_name_and_the_connection_goes_on() {
    let (_registry, _folder, predictor) = plant().await;
    let mut raw = Raw::connect(&predictor.rest).await;
    let nan = String::from_utf8(two_rows()).expect("text").replace("0.1", "NaN");
    let secret = rows(&json!([["secret", 1.0], [2.0, 3.0]])).to_string();
    let beyond = rows(&json!([[1e39, 1.0], [2.0, 3.0]])).to_string();
    let ragged = rows(&json!([[1.0, 2.0, 3.0], [4.0]])).to_string();
    let few = rows(&json!([1.0, 2.0, 3.0])).to_string();
    let deep = "[".repeat(20_000);
    for (body, named, why) in [
        ("", "body", "empty"),
        ("{", "body", "cut"),
        (&nan, "NaN", "a word that JSON does not have"),
        (&secret, "inputs[0].data", "a text for a number"),
        (&beyond, "inputs[0].data", "beyond FP32"),
        (&ragged, "inputs[0].data", "ragged"),
        (&few, "inputs[0].contents", "too few"),
        (&deep, "body", "a bomb"),
        (r#"{"inputs": []}"#, "inputs", "no input"),
    ] {
        let told = infer(&mut raw, body.as_bytes()).await;
        assert_eq!(told.status, 400, "{why}: {}", told.error());
        assert!(told.error().contains(named), "{why}: {}", told.error());
        assert!(!told.error().contains("secret"), "{why}: {}", told.error());
    }
    assert_eq!(infer(&mut raw, &two_rows()).await.status, 200, "the same connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_length_of_the_json_is_refused() {
    let (_registry, _folder, predictor) = plant().await;
    let mut raw = Raw::connect(&predictor.rest).await;
    let json = json!({ "inputs": [{ "name": "features", "shape": [1, 2], "datatype": "FP32",
        "parameters": { "binary_data_size": 8 } }] });
    let json = json.to_string();
    let body = [json.as_bytes(), &[0; 8]].concat();
    let right = json.len().to_string();
    for (length, status) in [
        (right.as_str(), 200),
        ("0", 400),
        ("7", 400),
        ("-1", 400),
        ("many", 400),
        ("99999", 400),
        ("18446744073709551616", 400),
    ] {
        let header = format!("Inference-Header-Content-Length: {length}\r\n");
        let told = raw.ask("POST", INFER, &header, &body).await;
        assert_eq!(told.status, status, "{length}: {}", String::from_utf8_lossy(&told.body));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_path_or_method_of_the_protocol_is_refused() {
    let (_registry, _folder, predictor) = plant().await;
    let mut raw = Raw::connect(&predictor.rest).await;
    for (method, path, headers, status) in [
        ("GET", "/", "", 404),
        ("POST", "/v1/models/press:predict", "", 404),
        ("GET", "/v2/models/press/infer", "", 405),
        ("POST", "/v2/models/press", "", 405),
        ("DELETE", "/v2/models/press", "", 405),
        ("OPTIONS", "/v2", "", 405),
        ("GET", "/v2/models/oven", "", 404),
        ("GET", "/v2/models/Press", "", 400),
        ("GET", "/v2/models/press/versions/0", "", 400),
        ("GET", "/v2/models/press/versions/9", "", 404),
        ("POST", INFER, "content-encoding: gzip\r\n", 415),
        ("POST", "/v2/repository/models/press/load", "origin: http://evil\r\n", 403),
        ("POST", "/v2/repository/models/press/unload", "origin: null\r\n", 403),
    ] {
        let told = raw.ask(method, path, headers, b"").await;
        assert_eq!(told.status, status, "{method} {path}: {}", told.error());
        let allowed = told.headers.get("allow").map(String::as_str);
        let wanted = match (status, path) {
            (405, "/v2/models/press/infer") => Some("POST"),
            (405, _) => Some("GET, HEAD"),
            _ => None,
        };
        assert_eq!(allowed, wanted, "{method} {path}");
    }
    let live = raw.ask("GET", "/v2/health/live", "origin: http://hmi\r\n", b"").await;
    assert_eq!((live.status, live.json()), (200, json!({"live": true})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_refused_however_it_is_announced() {
    let (_registry, _folder, predictor) = plant().await;
    let mut announced = Raw::connect(&predictor.rest).await;
    let head = format!("POST {INFER} HTTP/1.1\r\nhost: plant\r\n");
    // Nothing of the body is sent: it is refused for what is said of it.
    announced.send(format!("{head}content-length: {}\r\n\r\n", LARGEST + 1)).await;
    assert_eq!(announced.told().await.status, 413);

    let mut chunked = Raw::connect(&predictor.rest).await;
    let chunk = format!("{LARGEST:x}\r\n{}\r\n", " ".repeat(LARGEST));
    chunked.send(format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}1\r\n \r\n")).await;
    assert_eq!(chunked.told().await.status, 413);

    let mut just_so = Raw::connect(&predictor.rest).await;
    let mut body = two_rows();
    body.resize(LARGEST, b' ');
    assert_eq!(infer(&mut just_so, &body).await.status, 200, "as long as it may be");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_beyond_the_limit_is_refused_with_what_to_do() {
    let (_registry, _folder, predictor) = plant().await;
    let n = 3_000;
    let request = json!({ "inputs": [{ "name": "features", "shape": [n, 2], "datatype": "FP32",
        "data": vec![7; 2 * n] }] });
    let mut raw = Raw::connect(&predictor.rest).await;
    let told = infer(&mut raw, request.to_string().as_bytes()).await;
    assert_eq!(told.status, 413, "{}", told.error());
    assert!(told.error().contains("fewer rows"), "{}", told.error());
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let (_registry, _folder, predictor) = plant().await;
    let mut raw = Raw::connect(&predictor.rest).await;
    let request = |id: &str| {
        let mut body = rows(&json!([1, 2, 3, 4]));
        body["id"] = json!(id);
        let body = body.to_string();
        format!("POST {INFER} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    raw.send([request("eins"), request("二"), request("three")].concat()).await;
    for id in ["eins", "二", "three"] {
        assert_eq!(raw.told().await.json()["id"], id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_cut_short_is_not_answered_as_a_whole_one() {
    let (_registry, _folder, predictor) = plant().await;
    let mut cut = Raw::connect(&predictor.rest).await;
    let head = format!("POST {INFER} HTTP/1.1\r\nhost: plant\r\ncontent-length: 9999\r\n\r\n");
    cut.send([head.as_bytes(), &two_rows()].concat()).await;
    let rest = cut.hang_up().await;
    assert!(!rest.starts_with("HTTP/1.1 2"), "{rest}");
}
