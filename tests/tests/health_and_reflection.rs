//! What a stranger can find out without a contract in hand.

use futures::StreamExt;
use millwright_proto::inference::{
    ModelMetadataRequest, ServerLiveRequest, ServerMetadataRequest, ServerReadyRequest,
    grpc_inference_service_client::GrpcInferenceServiceClient,
};
use millwright_tests::{Plant, data, numeric_spec, text_spec};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

#[tokio::test(flavor = "multi_thread")]
async fn health_knows_services_and_models() {
    let plant = Plant::start().await;
    let mut health = HealthClient::new(plant.predictor_channel());
    let asked = HealthCheckRequest { service: "notes".to_owned() };
    let unknown = health.check(asked.clone()).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    plant.train("notes", &data::notes(), text_spec()).await;
    let mut heard = health.watch(asked).await.unwrap().into_inner();
    while heard.next().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    for service in
        ["", "millwright.predictor.v1.PredictorService", "inference.GRPCInferenceService"]
    {
        let asked = HealthCheckRequest { service: service.to_owned() };
        let answer = health.check(asked).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service:?}");
    }
    plant.stop().await;
    let mut last = ServingStatus::Serving;
    while let Some(Ok(answer)) = heard.next().await {
        last = answer.status();
    }
    assert_eq!(last, ServingStatus::NotServing);
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_what_is_served() {
    let plant = Plant::start().await;
    let mut reflection = ServerReflectionClient::new(plant.predictor_channel());
    let list = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let answers = reflection.server_reflection_info(futures::stream::iter([list])).await.unwrap();
    let answer = answers.into_inner().next().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("a list, not {answer:?}");
    };
    let names = list.service.into_iter().map(|service| service.name).collect::<Vec<_>>();
    for name in ["inference.GRPCInferenceService", "millwright.predictor.v1.PredictorService"] {
        assert!(names.iter().any(|listed| listed == name), "{name} in {names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_says_what_a_model_takes_and_gives() {
    let plant = Plant::start().await;
    plant.train("digits", &data::digits(), numeric_spec()).await;
    let mut client = GrpcInferenceServiceClient::new(plant.predictor_channel());
    assert!(client.server_live(ServerLiveRequest {}).await.unwrap().into_inner().live);
    assert!(client.server_ready(ServerReadyRequest {}).await.unwrap().into_inner().ready);
    let server = client.server_metadata(ServerMetadataRequest {}).await.unwrap().into_inner();
    assert_eq!(server.name, "millwright");
    let asked = ModelMetadataRequest { name: "digits".to_owned(), version: String::new() };
    let model = client.model_metadata(asked).await.unwrap().into_inner();
    assert_eq!(model.versions, ["1"]);
    let tensor = |t: &millwright_proto::inference::model_metadata_response::TensorMetadata| {
        format!("{} {} {:?}", t.name, t.datatype, t.shape)
    };
    assert_eq!(model.inputs.iter().map(tensor).collect::<Vec<_>>(), ["features FP32 [-1, 64]"]);
    let outputs = ["label BYTES [-1]", "probabilities FP32 [-1, 10]"];
    assert_eq!(model.outputs.iter().map(tensor).collect::<Vec<_>>(), outputs);
}
