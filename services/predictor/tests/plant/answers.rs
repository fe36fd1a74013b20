//! Answers that do not fit a message.

use futures::{StreamExt, stream};
use millwright_client::RetryPolicy;
use millwright_domain::{Code, Fault};
use millwright_predictor::Config;
use millwright_proto::{
    inference::{ModelInferRequest, model_infer_request::InferInputTensor},
    predictor::{PredictRequest, PredictStreamRequest, predict_stream_response::Result as Outcome},
};
use tempfile::TempDir;

use crate::{
    registry::{Registry, pipeline},
    serving::{Predictor, request},
};

/// A predictor whose messages have 64 KiB at most.
async fn plant() -> (Registry, TempDir, Predictor) {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    registry.point("press", "production", (1, &registry.keep(pipeline(1))));
    let mut config = Config::new(folder.path(), &registry.address);
    config.limits.max_message_bytes = 64 << 10;
    let predictor = Predictor::start_with(config).await;
    predictor.until_serving("press", 1).await;
    (registry, folder, predictor)
}

/// 48 KiB of rows, whose answer is three times as long.
fn long() -> PredictRequest {
    request("press", 3_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_fits_no_message_is_refused_with_what_to_do() {
    let (_registry, _folder, predictor) = plant().await;
    let client = predictor.client.clone().with_retry(RetryPolicy::NEVER);
    let error = client.predict(long()).await.map(|_| ()).expect_err("too long");
    assert_eq!((error.code(), error.retry_after()), (Code::ResourceExhausted, None), "{error}");
    assert!(error.to_string().contains("top_k"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_after_an_answer_that_fits_no_message() {
    let (_registry, _folder, predictor) = plant().await;
    let requests = [request("press", 1), long(), request("press", 2)];
    let messages = (0..).zip(requests);
    let messages = messages
        .map(|(row_index, request)| PredictStreamRequest { row_index, request: Some(request) });
    let messages = stream::iter(messages.collect::<Vec<_>>());
    let answers = predictor.client.predict_stream(messages).await.expect("a stream");
    let answers = answers.map(|answer| answer.expect("in-band")).collect::<Vec<_>>().await;
    let rows = |outcome: &Option<Outcome>| match outcome {
        Some(Outcome::Prediction(prediction)) => Ok(prediction.predictions.len()),
        Some(Outcome::Error(error)) => Err(error.code),
        None => panic!("an answer without a result"),
    };
    let told = answers.iter().map(|answer| (answer.row_index, rows(&answer.result)));
    let exhausted = tonic::Code::ResourceExhausted.into();
    assert_eq!(told.collect::<Vec<_>>(), [(0, Ok(1)), (1, Err(exhausted)), (2, Ok(2))]);
}

/// Rows of two numbers, whose answers take 46 bytes each.
fn tensor(n: usize) -> ModelInferRequest {
    let features = InferInputTensor {
        name: "features".to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![n as i64, 2],
        ..Default::default()
    };
    ModelInferRequest {
        model_name: "press".to_owned(),
        inputs: vec![features],
        raw_input_contents: vec![vec![0; n * 2 * size_of::<f32>()].into()],
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tensors_that_hardly_fit_are_answered_or_refused_with_what_to_do() {
    let (_registry, _folder, predictor) = plant().await;
    let mut client = predictor.open_inference();
    let mut fit = vec![];
    for n in 1_400..1_430 {
        let answer = client.model_infer(tensor(n)).await;
        let refused = answer.as_ref().err().map(|status| status.message().to_owned());
        let told = refused.as_ref().is_none_or(|message| message.contains("send fewer rows"));
        assert!(told, "{n} rows: {refused:?}");
        fit.push(refused.is_none());
    }
    assert!(fit.is_sorted_by(|before, after| before >= after), "no more fits after what does not");
    assert!(fit[0] && !fit[29], "{fit:?}");
}
