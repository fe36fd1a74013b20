//! What is wrong with a prediction is said, and where.

use futures::{StreamExt, stream};
use millwright_domain::{Code, Expected, Fault, SetAlias, Version};
use millwright_proto::{
    inference::{
        ModelInferRequest, ModelReadyRequest,
        grpc_inference_service_client::GrpcInferenceServiceClient,
        model_infer_request::{InferInputTensor, InferRequestedOutputTensor},
    },
    predictor::{
        NamedColumn, PredictRequest, PredictStreamRequest,
        predict_stream_response::Result as Outcome,
    },
};
use millwright_tests::{Plant, data, numbers, numeric_spec, request, text_spec, texts};
use tonic::Code as Status;

const TABLE: &str = "speed,ink,label,fold\n1,10,good,train\n2,,good,train\n8,30,bad,train\n\
    9,33,bad,train\n1,11,good,test\n9,31,bad,test\n";

async fn press() -> Plant {
    let plant = Plant::start().await;
    plant.train("press", TABLE.as_bytes(), numeric_spec()).await;
    plant
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_column_is_named() {
    let plant = press().await;
    let speed = || numbers("speed", &[1.0, 2.0]);
    let ink = || numbers("ink", &[1.0, 2.0]);
    let cases: [(Vec<NamedColumn>, &str, &str); 6] = [
        (vec![speed()], "columns", "ink is missing"),
        (vec![speed(), ink(), numbers("hue", &[1.0, 1.0])], "columns[2]", "hue is unknown"),
        (vec![speed(), texts("ink", &["1", "2"])], "columns[1]", "texts where numbers go"),
        (vec![speed(), numbers("ink", &[1.0])], "columns[1]", "fewer rows"),
        (vec![speed(), numbers("ink", &[1.0, f64::INFINITY])], "ink", "infinite"),
        (vec![speed(), speed(), ink()], "columns[1]", "twice"),
    ];
    for (columns, field, why) in cases {
        let error = plant.predictor().predict(request("press", columns)).await.expect_err(why);
        assert_eq!(error.code(), Code::InvalidArgument, "{why}: {error}");
        assert_eq!(error.violation().expect(why).field, field, "{why}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_number_is_imputed_and_counted() {
    let plant = press().await;
    let columns = vec![numbers("speed", &[1.0, f64::NAN]), numbers("ink", &[f64::NAN; 2])];
    let answer = plant.predictor().predict(request("press", columns)).await.unwrap();
    let imputed = answer.predictions.iter().map(|p| p.imputed_cells).collect::<Vec<_>>();
    assert_eq!(imputed, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rows_are_answered_with_none() {
    let plant = press().await;
    let columns = vec![numbers("speed", &[]), numbers("ink", &[])];
    let answer = plant.predictor().predict(request("press", columns)).await.unwrap();
    assert!(answer.predictions.is_empty());
    assert_eq!(answer.classes, ["bad", "good"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_leads_nowhere_says_what_to_do() {
    let plant = press().await;
    plant.run_job("press", TABLE.as_bytes(), numeric_spec()).await;
    for (reference, code, why) in [
        ("press@9", Code::NotFound, "no such version"),
        ("press@staging", Code::NotFound, "no such alias"),
        ("lathe", Code::NotFound, "no such model"),
        ("press@2", Code::FailedPrecondition, "no alias points to it"),
        ("press@0", Code::InvalidArgument, "versions start at 1"),
        ("Press!", Code::InvalidArgument, "no name"),
    ] {
        let error = plant.predictor().predict(request(reference, vec![])).await.expect_err(why);
        assert_eq!(error.code(), code, "{why}: {error}");
    }
    let error = plant.predictor().predict(request("press@2", vec![])).await.unwrap_err();
    assert!(error.to_string().contains("set an alias"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_message_does_not_end_a_stream() {
    let plant = press().await;
    let good = || request("press", vec![numbers("speed", &[1.0]), numbers("ink", &[2.0])]);
    let requests: [PredictRequest; 4] =
        [good(), request("press", vec![]), request("lathe", vec![]), good()];
    let messages = (10..).zip(requests);
    let messages = messages
        .map(|(row_index, request)| PredictStreamRequest { row_index, request: Some(request) });
    let messages = stream::iter(messages.collect::<Vec<_>>());
    let answers = plant.predictor().predict_stream(messages).await.unwrap();
    let answers = answers.map(|answer| answer.expect("the stream goes on")).collect::<Vec<_>>();
    let answers = answers.await;
    let indices = answers.iter().map(|answer| answer.row_index).collect::<Vec<_>>();
    assert_eq!(indices, [10, 11, 12, 13]);
    let codes = answers.iter().map(|answer| match answer.result.as_ref().expect("set") {
        Outcome::Prediction(_) => Status::Ok,
        Outcome::Error(error) => Status::from(error.code),
    });
    let expected = [Status::Ok, Status::InvalidArgument, Status::NotFound, Status::Ok];
    assert_eq!(codes.collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_tensor_is_named() {
    let plant = press().await;
    let tensor = |name: &str, datatype: &str, shape: &[i64]| InferInputTensor {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: shape.to_vec(),
        ..Default::default()
    };
    let raw = |bytes: usize| vec![bytes::Bytes::from(vec![0; bytes])];
    let huge = i64::MAX;
    let mut client = GrpcInferenceServiceClient::new(plant.predictor_channel());
    for (inputs, raw_input_contents, why) in [
        (vec![], vec![], "no input"),
        (vec![tensor("other", "FP32", &[1, 2])], raw(8), "unknown input"),
        (vec![tensor("features", "FP8", &[1, 2])], raw(8), "unknown datatype"),
        (vec![tensor("features", "BYTES", &[1, 2])], raw(8), "text for numbers"),
        (vec![tensor("features", "FP16", &[1, 2])], raw(3), "part of a half"),
        (vec![tensor("features", "FP32", &[1, 3])], raw(12), "wrong width"),
        (vec![tensor("features", "FP32", &[2])], raw(8), "no batch axis"),
        (vec![tensor("features", "FP32", &[])], raw(8), "no shape"),
        (vec![tensor("features", "FP32", &[-1, 2])], raw(8), "negative"),
        (vec![tensor("features", "FP32", &[huge, 2])], raw(8), "more rows than bytes"),
        (vec![tensor("features", "FP32", &[1, 2])], raw(7), "part of an element"),
        (vec![tensor("features", "FP32", &[1, 2])], vec![], "no contents"),
        (vec![tensor("features", "FP32", &[1, 2])], [raw(8), raw(8)].concat(), "an entry too many"),
    ] {
        let request = ModelInferRequest {
            model_name: "press".to_owned(),
            inputs,
            raw_input_contents,
            ..Default::default()
        };
        let status = client.model_infer(request).await.expect_err(why);
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{why}: {status}");
    }
    let ready = ModelReadyRequest { name: "lathe".to_owned(), version: String::new() };
    assert!(!client.model_ready(ready).await.unwrap().into_inner().ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_too_many_fields_is_refused_before_it_is_decoded() {
    let plant = Plant::start().await;
    let inputs = vec![InferInputTensor::default(); 200_000];
    let bomb = ModelInferRequest { inputs, ..Default::default() };
    let mut client = GrpcInferenceServiceClient::new(plant.predictor_channel());
    let status = client.model_infer(bomb).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_is_asked_for_once_and_by_its_name() {
    let plant = press().await;
    let mut client = GrpcInferenceServiceClient::new(plant.predictor_channel());
    for (outputs, why) in [
        (vec!["label", "probabilities", "label"], "twice"),
        (vec!["logits"], "the model has none of that name"),
    ] {
        let output =
            |name: &str| InferRequestedOutputTensor { name: name.to_owned(), ..Default::default() };
        let request = ModelInferRequest {
            model_name: "press".to_owned(),
            inputs: vec![InferInputTensor {
                name: "features".to_owned(),
                datatype: "FP32".to_owned(),
                shape: vec![1, 2],
                ..Default::default()
            }],
            outputs: outputs.into_iter().map(output).collect(),
            raw_input_contents: vec![bytes::Bytes::from_static(&[0; 8])],
            ..Default::default()
        };
        let status = client.model_infer(request).await.expect_err(why);
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{why}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_longer_than_a_field_may_be_is_refused() {
    let plant = Plant::start().await;
    plant.train("notes", &data::notes(), text_spec()).await;
    let long = "oil ".repeat((16 << 20) / 4 + 1);
    let ask = request("notes", vec![texts("text", &["fine", &long])]);
    let error = plant.predictor().predict(ask).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.to_string().contains("row 1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_utf_8_is_refused() {
    let plant = Plant::start().await;
    plant.train("notes", &data::notes(), text_spec()).await;
    let text = b"\x02\x00\x00\x00\xff\xfe";
    let request = ModelInferRequest {
        model_name: "notes".to_owned(),
        inputs: vec![InferInputTensor {
            name: "text".to_owned(),
            datatype: "BYTES".to_owned(),
            shape: vec![1],
            ..Default::default()
        }],
        raw_input_contents: vec![bytes::Bytes::from_static(text)],
        ..Default::default()
    };
    let mut client = GrpcInferenceServiceClient::new(plant.predictor_channel());
    let status = client.model_infer(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status}");
    assert!(status.message().contains("UTF-8"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_is_not_moved_to_what_does_not_exist() {
    let plant = press().await;
    let set = |version, expected| SetAlias {
        model: "press".parse().expect("a name"),
        alias: "production".parse().expect("a name"),
        version: Version::new(version).expect("above 0"),
        expected,
    };
    for (set, code, why) in [
        (set(7, Expected::Any), Code::NotFound, "no such version"),
        (set(1, Expected::Nowhere), Code::Aborted, "it exists"),
        (set(1, Expected::At(Version::FIRST.next())), Code::Aborted, "it points elsewhere"),
    ] {
        let error = plant.registry().set_alias(&set).await.expect_err(why);
        assert_eq!(error.code(), code, "{why}: {error}");
    }
}
