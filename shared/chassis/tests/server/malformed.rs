//! Bytes that are no message are the caller's mistake, which is named.

use bytes::Bytes;
use futures::stream;
use http::{Request, StatusCode, uri::PathAndQuery};
use http_body_util::Full;
use millwright_proto::inference::{ModelInferResponse, ModelStreamInferResponse};
use tonic::{Code, Status, body::Body, client::Grpc};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use crate::plant::{Plant, READ_APART, end_of, open_stream, soon};

/// As prost encodes bytes: in field 1, where the methods below have text.
type Field1 = Vec<u8>;

fn is_blamed_on_the_model_name(status: &Status) {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let violations = status.get_details_bad_request().expect("google.rpc.BadRequest");
    assert_eq!(violations.field_violations[0].field, "model_name");
}

#[tokio::test]
async fn text_that_is_not_utf8_is_an_invalid_argument() {
    let plant = Plant::start(Default::default()).await;
    let mut grpc = Grpc::new(plant.channel().await);
    grpc.ready().await.expect("connected");
    let path = PathAndQuery::from_static("/inference.GRPCInferenceService/ModelInfer");
    let codec = ProstCodec::<Field1, ModelInferResponse>::default();
    let answer = grpc.unary(tonic::Request::new(vec![0xff]), path, codec).await;
    is_blamed_on_the_model_name(&answer.expect_err("not UTF-8"));
}

#[tokio::test]
async fn a_bad_message_within_a_stream_is_an_invalid_argument() {
    let plant = Plant::start(Default::default()).await;
    let mut grpc = Grpc::new(plant.channel().await);
    grpc.ready().await.expect("connected");
    let path = PathAndQuery::from_static("/inference.GRPCInferenceService/ModelStreamInfer");
    let codec = ProstCodec::<Field1, ModelStreamInferResponse>::default();
    let messages = stream::iter([vec![b'a'], vec![0xff]]);
    let answers = grpc.streaming(tonic::Request::new(messages), path, codec).await;
    let ended = end_of(answers.expect("it begins").into_inner()).await;
    is_blamed_on_the_model_name(&ended.expect_err("not UTF-8"));
}

#[tokio::test]
async fn a_frame_that_is_cut_short_is_an_invalid_argument() {
    let plant = Plant::start(Default::default()).await;
    let cut = Bytes::from_static(&[0, 0, 0, 0, 9, 1]);
    let request = Request::post(path(&plant))
        .header("content-type", "application/grpc")
        .body(Body::new(Full::new(cut)))
        .expect("a request");
    let answer = plant.sender().await.send_request(request).await.expect("an answer");
    let status = Status::from_header_map(answer.headers()).expect("a status");
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
}

#[tokio::test]
async fn a_stream_that_its_caller_gave_up_does_not_look_like_a_whole_one() {
    let plant = Plant::start(Default::default()).await;
    let mut messages = tonic::Request::new(open_stream(&[""]));
    messages.metadata_mut().insert(READ_APART, "yes".parse().expect("a value"));
    let mut client = plant.client().await;
    let call = tokio::spawn(async move { client.model_stream_infer(messages).await });
    plant.machine.waits(1).await;
    call.abort();
    let mut read = plant.machine.read.subscribe();
    let ended = soon(read.wait_for(Option::is_some)).await.expect("the sender lives").to_owned();
    assert_eq!(ended, Some(Err(Code::Aborted)));
}

#[tokio::test]
async fn a_request_that_is_not_grpc_is_refused_as_http_does() {
    let plant = Plant::start(Default::default()).await;
    let request = Request::get(path(&plant)).body(Body::empty()).expect("a request");
    let answer = plant.sender().await.send_request(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_timeout_that_is_none_is_an_invalid_argument() {
    let plant = Plant::start(Default::default()).await;
    let mut request = tonic::Request::new(crate::plant::request(""));
    request.metadata_mut().insert("grpc-timeout", "soon".parse().expect("a value"));
    let status = plant.client().await.model_infer(request).await.expect_err("no duration");
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
}

fn path(plant: &Plant) -> String {
    format!("{}/inference.GRPCInferenceService/ModelInfer", plant.origin())
}
