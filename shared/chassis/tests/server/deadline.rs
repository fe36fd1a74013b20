//! A deadline ends the call and its work, whatever kind of call it is.

use std::time::Duration;

use hyper::body::Incoming;
use millwright_chassis::Limits;
use millwright_proto::inference::grpc_inference_service_client::GrpcInferenceServiceClient;
use tonic::{Code, Request, body::Body, client::GrpcService};
use tower::service_fn;

use crate::plant::{Plant, end_of, open_stream, request, soon};

fn within<T>(timeout: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("grpc-timeout", timeout.parse().expect("a value"));
    request
}

/// A client without a clock: tonic's own would end the call before the server does.
async fn timeless(
    plant: &Plant,
) -> GrpcInferenceServiceClient<impl GrpcService<Body, ResponseBody = Incoming> + use<>> {
    let (sender, origin) = (plant.sender().await, plant.origin());
    let service = service_fn(move |request| sender.clone().send_request(request));
    GrpcInferenceServiceClient::with_origin(service, origin.parse().expect("a URL"))
}

#[tokio::test]
async fn a_unary_call_ends_at_its_deadline_and_its_work_is_dropped() {
    let plant = Plant::start(Default::default()).await;
    let mut client = timeless(&plant).await;
    let status =
        soon(client.model_infer(within("50m", request("wait")))).await.expect_err("it waits");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    plant.machine.waits(0).await;
}

#[tokio::test]
async fn a_unary_call_without_a_deadline_gets_the_longest() {
    let patient = Plant::start(Default::default()).await;
    let call = patient.client().await.model_infer(request("no-deadline")).await;
    call.expect("the handler sees a deadline");

    let limits = Limits { max_deadline: Duration::from_millis(50), ..Default::default() };
    let plant = Plant::start(limits).await;
    let mut client = plant.client().await;
    for asked in ["10H", "99999999H"] {
        let call = client.model_infer(within(asked, request("wait")));
        assert_eq!(
            soon(call).await.expect_err("it waits").code(),
            Code::DeadlineExceeded,
            "{asked}"
        );
    }
}

#[tokio::test]
async fn a_stream_ends_at_its_deadline_and_its_work_is_dropped() {
    let plant = Plant::start(Default::default()).await;
    let mut client = timeless(&plant).await;
    // Long enough for the first answer on a machine that does much else.
    let messages = within("2S", open_stream(&["", "wait"]));
    let mut answers = client.model_stream_infer(messages).await.expect("it begins").into_inner();
    answers.message().await.expect("in time").expect("the first answer");
    plant.machine.waits(1).await;
    let status = end_of(answers).await.expect_err("it waits");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    plant.machine.waits(0).await;
}

#[tokio::test]
async fn a_stream_without_a_deadline_outlives_the_longest() {
    let limits = Limits { max_deadline: Duration::from_millis(1), ..Default::default() };
    let plant = Plant::start(limits).await;
    let mut client = plant.client().await;
    let mut answers =
        client.model_stream_infer(open_stream(&["wait"])).await.expect("it begins").into_inner();
    plant.machine.waits(1).await;
    let other = soon(client.model_infer(request("wait"))).await.expect_err("its longest is over");
    assert_eq!(other.code(), Code::DeadlineExceeded);
    plant.machine.release.add_permits(1);
    answers.message().await.expect("no deadline").expect("an answer");
}
