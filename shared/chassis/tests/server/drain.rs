//! The stop: what was sent before the caller heard of it is finished, what comes after goes elsewhere,
//! and it ends.

use std::time::Duration;

use millwright_chassis::Limits;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::plant::{Plant, end_of, open_stream, request};

#[tokio::test]
async fn an_admitted_call_is_finished_and_a_new_one_refused() {
    let mut plant = Plant::start(Default::default()).await;
    let mut client = plant.client().await;
    let mut other = client.clone();
    let admitted = tokio::spawn(async move { other.model_infer(request("wait")).await });
    plant.machine.waits(1).await;

    let mut health = HealthClient::new(plant.channel().await);
    let watch = health.watch(HealthCheckRequest::default()).await.expect("it begins").into_inner();
    plant.stop();
    end_of(watch).await.expect("the drain has begun");

    client.model_infer(request("")).await.expect_err("the open connection takes no more");
    plant.endpoint().connect().await.expect_err("and nobody listens");
    plant.machine.release.add_permits(1);
    admitted.await.expect("no panic").expect("it was admitted");
    plant.ended().await;
}

#[tokio::test]
async fn a_call_that_was_sent_before_the_goodbye_arrived_is_answered() {
    let mut plant = Plant::start(Default::default()).await;
    let mut client = plant.client().await;
    client.model_infer(request("")).await.expect("the connection is open");
    plant.stop();
    // On one thread, this is sent before the connection reads what the server has said meanwhile.
    client.model_infer(request("")).await.expect("the caller could not know");
    plant.ended().await;
}

#[tokio::test]
async fn an_open_stream_is_cut_off_when_the_drain_is_over() {
    let limits = Limits { drain: Duration::from_millis(50), ..Default::default() };
    let mut plant = Plant::start(limits).await;
    let mut client = plant.client().await;
    let answers = client.model_stream_infer(open_stream(&["wait"])).await.expect("it begins");
    plant.machine.waits(1).await;
    plant.stop();
    plant.ended().await;
    end_of(answers.into_inner()).await.expect_err("cut off");
    plant.machine.waits(0).await;
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_the_drain() {
    let mut plant = Plant::start(Default::default()).await;
    let _idle = plant.client().await;
    let _mute = tokio::net::TcpStream::connect(plant.address).await.expect("it listens");
    plant.stop();
    plant.ended().await;
}
