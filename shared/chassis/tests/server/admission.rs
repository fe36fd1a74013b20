//! Requests beyond the seats are shed at once, and told when to come again.

use millwright_chassis::Limits;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt;

use crate::plant::{Plant, open_stream, request};

fn one_seat() -> Limits {
    Limits { max_in_flight: 1, ..Default::default() }
}

fn is_shed(status: &Status) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    let retry = status.get_details_retry_info().expect("google.rpc.RetryInfo");
    assert!(retry.retry_delay.is_some_and(|pause| !pause.is_zero()));
}

#[tokio::test]
async fn a_call_beyond_the_seats_is_shed_and_the_seat_comes_back() {
    let plant = Plant::start(one_seat()).await;
    let mut client = plant.client().await;
    let mut other = client.clone();
    let seated = tokio::spawn(async move { other.model_infer(request("wait")).await });
    plant.machine.waits(1).await;
    is_shed(&client.model_infer(request("")).await.expect_err("the seat is taken"));
    plant.machine.release.add_permits(1);
    seated.await.expect("no panic").expect("an answer");
    client.model_infer(request("")).await.expect("the seat is free");
}

#[tokio::test]
async fn a_stream_holds_its_seat_until_it_ends() {
    let plant = Plant::start(one_seat()).await;
    let mut client = plant.client().await;
    let mut answers =
        client.model_stream_infer(open_stream(&[""])).await.expect("it begins").into_inner();
    answers.message().await.expect("fine").expect("an answer");
    is_shed(&client.model_infer(request("")).await.expect_err("the stream is open"));
}

#[tokio::test]
async fn health_needs_no_seat() {
    let plant = Plant::start(one_seat()).await;
    let mut other = plant.client().await;
    tokio::spawn(async move { other.model_infer(request("wait")).await });
    plant.machine.waits(1).await;
    let mut health = HealthClient::new(plant.channel().await);
    health.check(HealthCheckRequest::default()).await.expect("busy is not dead");
}
