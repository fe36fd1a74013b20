//! From a table to answers, through all three services.

use futures::{StreamExt, stream};
use millwright_client::PageRequest;
use millwright_domain::{ModelRef, Version};
use millwright_proto::{
    inference::{
        InferTensorContents, ModelInferRequest,
        grpc_inference_service_client::GrpcInferenceServiceClient,
        model_infer_request::InferInputTensor,
    },
    predictor::{PredictStreamRequest, predict_stream_response::Result as Outcome},
};
use millwright_tests::{Plant, data, numbers, numeric_spec, request, text_spec, texts};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_texts_becomes_answers() {
    let plant = Plant::start().await;
    let version = plant.train("plant1.notes", &data::notes(), text_spec()).await;
    assert_eq!(version.classes, ["electric", "hydraulic"]);
    assert_eq!(version.evaluation.n_test, 12);
    assert!(version.lineage.summary.converged);

    let columns = vec![texts("text", &["液压 漏油", "motor trips", ""])];
    let mut request = request("plant1.notes", columns);
    request.correlation_id = "order 4711".to_owned();
    let answer = plant.predictor().predict(request).await.unwrap();
    assert_eq!(answer.correlation_id, "order 4711");
    let labels = answer.predictions.iter().map(|p| p.label.as_str()).collect::<Vec<_>>();
    assert_eq!(labels[..2], ["hydraulic", "electric"]);
    let answered = answer.version.unwrap();
    assert_eq!(answered.version, 1);
    assert_eq!(answered.digest, version.artifact.digest.to_string());
    let timing = answer.timing.unwrap();
    assert_eq!(timing.batch_rows, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_gives_the_same_answer() {
    let plant = Plant::start().await;
    let version = plant.train("digits", &data::digits(), numeric_spec()).await;
    let names = version.signature.inputs[0].elements.clone();
    let row = (0..64).map(|i| f64::from(i % 17)).collect::<Vec<_>>();
    let columns = || names.iter().zip(&row).map(|(name, value)| numbers(name, &[*value])).collect();

    let unary = plant.predictor().predict(request("digits", columns())).await.unwrap();
    let message =
        PredictStreamRequest { row_index: 7, request: Some(request("digits", columns())) };
    let mut stream = plant.predictor().predict_stream(stream::iter([message])).await.unwrap();
    let streamed = stream.next().await.unwrap().unwrap();
    assert_eq!(streamed.row_index, 7);
    let Some(Outcome::Prediction(streamed)) = streamed.result else { panic!("{streamed:?}") };
    assert_eq!(streamed.predictions, unary.predictions);
    assert!(stream.next().await.is_none());

    let contents = InferTensorContents { fp64_contents: row, ..Default::default() };
    let input = InferInputTensor {
        name: "features".to_owned(),
        datatype: "FP64".to_owned(),
        shape: vec![1, 64],
        contents: Some(contents),
        ..Default::default()
    };
    let infer = ModelInferRequest {
        model_name: "digits".to_owned(),
        inputs: vec![input],
        id: "a".to_owned(),
        ..Default::default()
    };
    let mut client = GrpcInferenceServiceClient::new(plant.predictor_channel());
    let inferred = client.model_infer(infer).await.unwrap().into_inner();
    assert_eq!((inferred.id.as_str(), inferred.model_version.as_str()), ("a", "1"));
    let outputs = inferred.outputs.into_iter().map(|o| o.contents.unwrap()).collect::<Vec<_>>();
    assert_eq!(outputs[0].bytes_contents[0], unary.predictions[0].label.as_bytes());
    assert_eq!(outputs[1].fp32_contents, unary.predictions[0].probabilities);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_version_takes_over_and_the_first_can_come_back() {
    let plant = Plant::start().await;
    plant.train("notes", &data::notes(), text_spec()).await;
    let mut other = text_spec();
    other.pipeline.logistic.l2 = 10.0;
    let second = plant.train("notes", &data::notes(), other).await;
    assert_eq!(second.version.get(), 2);
    let ask = || request("notes", vec![texts("text", &["oil"])]);
    let answer = plant.predictor().predict(ask()).await.unwrap();
    assert_eq!(answer.version.unwrap().version, 2);
    plant.promote(&second.model, Version::FIRST).await;
    let answer = plant.predictor().predict(ask()).await.unwrap();
    assert_eq!(answer.version.unwrap().version, 1);
    let history =
        plant.registry().alias_history(&second.model, &PageRequest::default()).await.unwrap();
    let moves = history.items.iter().map(|m| m.to.map_or(0, Version::get)).collect::<Vec<_>>();
    assert_eq!(moves, [1, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_outlives_a_restart() {
    let plant = Plant::start().await;
    let before = plant.train("notes", &data::notes(), text_spec()).await;
    let folder = plant.stop().await;
    let plant = Plant::start_on(folder).await;
    plant.until_served(&before.model, before.version).await;
    let reference: ModelRef = "notes@production".parse().unwrap();
    assert_eq!(plant.registry().version(&reference).await.unwrap(), before);
    assert_eq!(plant.trainer().jobs(&PageRequest::default()).await.unwrap().items.len(), 1);
    let again = plant.train("notes", &data::notes(), text_spec()).await;
    assert_eq!(again.version.get(), 2);
    assert_eq!(again.artifact, before.artifact, "the same work gives the same bytes");
}
