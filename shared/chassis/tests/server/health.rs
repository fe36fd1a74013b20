//! Health tells of each service, and of the drain.

use tonic::{Code, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::plant::{Plant, soon};

async fn ask(health: &mut HealthClient<Channel>, service: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = health.check(request).await.map_err(|status| status.code())?;
    Ok(answer.into_inner().status())
}

#[tokio::test]
async fn each_service_is_serving_and_others_are_not_known() {
    let plant = Plant::start(Default::default()).await;
    let mut health = HealthClient::new(plant.channel().await);
    assert_eq!(ask(&mut health, "").await, Ok(ServingStatus::Serving));
    let service = "inference.GRPCInferenceService";
    assert_eq!(ask(&mut health, service).await, Ok(ServingStatus::Serving));
    assert_eq!(ask(&mut health, "liveness").await, Ok(ServingStatus::Serving));
    assert_eq!(ask(&mut health, "elsewhere.Service").await, Err(Code::NotFound));
}

#[tokio::test]
async fn a_watch_hears_of_the_drain_and_does_not_hold_it() {
    let mut plant = Plant::start(Default::default()).await;
    let mut health = HealthClient::new(plant.channel().await);
    let mut watch =
        health.watch(HealthCheckRequest::default()).await.expect("it begins").into_inner();
    let first = watch.message().await.expect("fine").expect("a status");
    assert_eq!(first.status(), ServingStatus::Serving);
    plant.stop();
    let last = soon(watch.message()).await.expect("fine").expect("a status");
    assert_eq!(last.status(), ServingStatus::NotServing);
    plant.ended().await;
}

#[tokio::test]
async fn reflection_lists_what_is_served_and_no_more() {
    let plant = Plant::start(Default::default()).await;
    let mut reflection = ServerReflectionClient::new(plant.channel().await);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = reflection
        .server_reflection_info(futures::stream::iter([ask]))
        .await
        .expect("it begins")
        .into_inner();
    let answer = answers.message().await.expect("fine").expect("an answer").message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else {
        panic!("another kind of answer");
    };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(names, ["grpc.health.v1.Health", "inference.GRPCInferenceService"]);
}
