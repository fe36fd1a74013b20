//! Many callers of a costly model share batches, and none can tell.

use bytes::Bytes;
use futures::future::join_all;
use millwright_ml::PipelineParts;
use millwright_proto::inference::{
    ModelInferRequest, ModelInferResponse,
    grpc_inference_service_client::GrpcInferenceServiceClient, infer_parameter::ParameterChoice,
    model_infer_request::InferInputTensor,
};
use millwright_tests::Plant;
use tonic::transport::Channel;

const CALLERS: usize = 64;
/// Calls of each caller, one after the other.
const ROUNDS: usize = 4;
/// 32 MFLOP and 64 MB of weights a row: 1 ms and more on any one core.
const FEATURES: usize = 8_000;
const CLASSES: usize = 2_000;

fn ask(caller: usize) -> ModelInferRequest {
    let value = |feature: usize| ((caller * 31 + feature * 7) % 97) as f32 / 16.0 - 3.0;
    let raw = (0..FEATURES).flat_map(|feature| value(feature).to_le_bytes()).collect::<Vec<_>>();
    ModelInferRequest {
        model_name: "wide".to_owned(),
        id: caller.to_string(),
        inputs: vec![InferInputTensor {
            name: "features".to_owned(),
            datatype: "FP32".to_owned(),
            shape: vec![1, FEATURES as i64],
            ..Default::default()
        }],
        raw_input_contents: vec![Bytes::from(raw)],
        ..Default::default()
    }
}

async fn infer(channel: &Channel, caller: usize) -> ModelInferResponse {
    let mut client = GrpcInferenceServiceClient::new(channel.clone());
    let answer = client.model_infer(ask(caller)).await.expect("predicted").into_inner();
    assert_eq!(answer.id, caller.to_string());
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_share_batches_and_get_the_bits_of_a_lone_call() {
    let plant = Plant::start().await;
    plant.register("wide", PipelineParts::seeded(FEATURES, CLASSES, 42)).await;
    let channel = plant.predictor_channel();
    let mut alone = Vec::with_capacity(CALLERS);
    for caller in 0..CALLERS {
        let answer = infer(&channel, caller).await;
        assert_eq!(parameter(&answer, "batch_rows"), 1);
        assert!(parameter(&answer, "kernel_us") >= 300, "the model is meant to be costly");
        alone.push(answer.raw_output_contents);
    }
    let together = join_all((0..CALLERS).map(|caller| rounds(&channel, caller))).await;
    let answers = together.iter().flatten();
    let rows = answers.map(|answer| parameter(answer, "batch_rows")).sum::<i64>();
    let mean = rows as f64 / (CALLERS * ROUNDS) as f64;
    assert!(mean > 8.0, "mean batch of {mean} rows");
    for (answers, alone) in together.iter().zip(&alone) {
        let same = answers.iter().all(|answer| answer.raw_output_contents == *alone);
        assert!(same, "an answer depends on its neighbours");
    }
}

async fn rounds(channel: &Channel, caller: usize) -> Vec<ModelInferResponse> {
    let mut answers = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        answers.push(infer(channel, caller).await);
    }
    answers
}

fn parameter(answer: &ModelInferResponse, name: &str) -> i64 {
    match answer.parameters[name].parameter_choice {
        Some(ParameterChoice::Int64Param(value)) => value,
        ref other => panic!("{name} is {other:?}"),
    }
}
