//! A handler that panics harms its own request alone, and tells nothing.

use tonic::{Code, Status};

use crate::plant::{Plant, end_of, open_stream, request};

fn is_an_incident(status: &Status) {
    assert_eq!(status.code(), Code::Internal);
    let id = status.message().strip_prefix("internal error, incident ").expect("an incident id");
    assert_eq!(id.len(), 36, "and nothing else");
}

#[tokio::test]
async fn a_panic_in_a_handler_is_an_incident() {
    let plant = Plant::start(Default::default()).await;
    let mut client = plant.client().await;
    is_an_incident(&client.model_infer(request("panic")).await.expect_err("it panicked"));
    client.model_infer(request("")).await.expect("the connection goes on");
}

#[tokio::test]
async fn a_panic_within_a_stream_ends_it_as_an_incident() {
    let plant = Plant::start(Default::default()).await;
    let mut client = plant.client().await;
    let answers = client.model_stream_infer(open_stream(&["", "panic"])).await.expect("it begins");
    is_an_incident(&end_of(answers.into_inner()).await.expect_err("it panicked"));
    client.model_infer(request("")).await.expect("the connection goes on");
}
