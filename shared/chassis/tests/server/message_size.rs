//! Messages and headers beyond the limit are refused, and told so.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::stream;
use millwright_chassis::Limits;
use millwright_proto::inference::ModelInferRequest;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::plant::{Plant, end_of, request};

fn is_too_large(status: &Status) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.get_details_retry_info().is_none(), "it would be too large again");
    assert!(status.message().contains("1024 bytes"), "names the limit: {status}");
}

fn large() -> ModelInferRequest {
    let raw_input_contents = vec![Bytes::from(vec![0; 2000])];
    ModelInferRequest { raw_input_contents, ..Default::default() }
}

fn limits() -> Limits {
    Limits { max_message_bytes: 1024, ..Default::default() }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_told_the_limit() {
    let plant = Plant::start(limits()).await;
    let answer = plant.client().await.model_infer(large()).await;
    is_too_large(&answer.expect_err("too large"));
}

#[tokio::test]
async fn a_large_message_within_a_stream_is_told_the_limit() {
    let plant = Plant::start(limits()).await;
    let messages = stream::iter([request(""), large()]);
    let answers = plant.client().await.model_stream_infer(messages).await.expect("it begins");
    is_too_large(&end_of(answers.into_inner()).await.expect_err("too large"));
}

#[tokio::test]
async fn headers_beyond_the_limit_never_reach_a_handler() {
    let plant = Plant::start(Limits::default()).await;
    let mut client = plant.client().await;
    let mut request = Request::new(request(""));
    for i in 0..20 {
        let name = format!("x-{i}").parse::<tonic::metadata::AsciiMetadataKey>().expect("a key");
        request.metadata_mut().insert(name, "v".repeat(1000).parse().expect("a value"));
    }
    client.model_infer(request).await.expect_err("20 kB of headers");
    client.model_infer(crate::plant::request("")).await.expect("the connection goes on");
    assert_eq!(plant.machine.calls.load(Ordering::Relaxed), 1, "the other did not arrive");
}
