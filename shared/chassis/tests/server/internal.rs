//! What went wrong inside stays inside.

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::plant::{Plant, end_of, open_stream, request};

fn tells_nothing(status: &Status) {
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().starts_with("internal error, incident "));
    assert!(!status.message().contains("secret"));
    let info = status.get_details_error_info().expect("google.rpc.ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INTERNAL", "millwright"));
}

#[tokio::test]
async fn an_internal_error_tells_its_incident_alone() {
    let plant = Plant::start(Default::default()).await;
    let mut client = plant.client().await;
    for model in ["internal", "unknown"] {
        tells_nothing(&client.model_infer(request(model)).await.expect_err("it fails"));
    }
}

#[tokio::test]
async fn a_stream_that_ends_in_an_unknown_error_tells_its_incident_alone() {
    let plant = Plant::start(Default::default()).await;
    let mut client = plant.client().await;
    let answers = client.model_stream_infer(open_stream(&["unknown"])).await.expect("it begins");
    tells_nothing(&end_of(answers.into_inner()).await.expect_err("it fails"));
}

#[tokio::test]
async fn a_method_that_does_not_exist_stays_unimplemented() {
    let plant = Plant::start(Default::default()).await;
    let mut client = plant.client().await;
    let status = client.server_ready(millwright_proto::inference::ServerReadyRequest {}).await;
    assert_eq!(status.expect_err("not there").code(), Code::Unimplemented);
}
