//! Tools that know nothing of us but what reflection tells: grpcurl and ghz.

mod server;

use millwright_tests::{Plant, data, text_spec};
use serde_json::{Value, json};
use server::Server;

/// What an empty message may be refused with: INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION.
const REFUSALS: [i32; 3] = [3, 5, 9];
/// What is wrong with an uploaded file is no field's fault.
const FILE: &str = "data";

fn note(text: &str) -> Value {
    json!({"model_ref": "notes", "columns": [{"name": "text", "texts": {"values": [text]}}]})
}

fn tensor(text: &str) -> Value {
    // protobuf's JSON has bytes in base64.
    let input = json!({"name": "text", "datatype": "BYTES", "shape": [1],
        "contents": {"bytes_contents": [text]}});
    json!({"model_name": "notes", "inputs": [input]})
}

async fn plant() -> Plant {
    let plant = Plant::start().await;
    plant.train("notes", &data::notes(), text_spec()).await;
    plant
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Go and its module proxy"]
async fn everything_is_listed_and_described() {
    let plant = Plant::start().await;
    let ours = [
        "millwright.registry.v1.RegistryService",
        "millwright.trainer.v1.TrainerService",
        "millwright.predictor.v1.PredictorService",
    ];
    for (server, ours) in Server::all(&plant).iter().zip(ours) {
        let services = server.services();
        assert!(services.iter().any(|name| name == ours), "{ours} in {services:?}");
        for method in server.methods() {
            let types = server.types(&method);
            assert_eq!(types.len(), 2, "{method}: a request and an answer: {types:?}");
            for name in types {
                let said = server.described(&name);
                assert!(said.starts_with(&format!("{name} is a message:")), "{said}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Go and its module proxy"]
async fn an_empty_message_is_answered_or_refused_in_good_order() {
    let plant = Plant::start().await;
    let mut refused = Vec::new();
    for server in Server::all(&plant) {
        for method in server.methods() {
            let Some(refusal) = server.refusal(&method) else { continue };
            let said = &refusal.said;
            assert!(REFUSALS.contains(&refusal.code), "{method}: {said}");
            assert!(said.contains("google.rpc.ErrorInfo"), "{method}: {said}");
            assert!(!said.contains("not recognized"), "details that cannot be read: {said}");
            let request = server.described(&server.types(&method)[0]);
            for field in refusal.fields() {
                let shown = [format!(" {field} = "), format!("oneof {field} {{")];
                let known = shown.iter().any(|shown| request.contains(shown));
                assert!(known || field == FILE, "{method} has no {field}: {request}");
            }
            refused.push(method);
        }
    }
    for one in
        ["RegistryService.GetModel", "TrainerService.GetTrainingJob", "PredictorService.Predict"]
    {
        assert!(refused.iter().any(|method| method.ends_with(one)), "{one} is refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Go and its module proxy"]
async fn grpcurl_calls_every_service() {
    let plant = plant().await;
    let [registry, trainer, predictor] = Server::all(&plant);
    for server in [&registry, &trainer, &predictor] {
        let health = server.answer("grpc.health.v1.Health/Check", json!({}));
        assert_eq!(health["status"], "SERVING");
    }
    let listed = registry.answer("millwright.registry.v1.RegistryService/ListModels", json!({}));
    assert_eq!(listed["models"][0]["name"], "notes");

    let datasets = trainer.answer("millwright.trainer.v1.TrainerService/ListDatasets", json!({}));
    assert_eq!(datasets["datasets"][0]["nRows"], "36");
    let jobs = trainer.answer("millwright.trainer.v1.TrainerService/ListTrainingJobs", json!({}));
    let id = &jobs["jobs"][0]["id"];
    let watch = "millwright.trainer.v1.TrainerService/WatchTrainingJob";
    let states = trainer.answers(watch, &[json!({"id": id})]);
    let last = states.last().expect("a state");
    assert_eq!(last["job"]["state"], "TRAINING_JOB_STATE_SUCCEEDED", "{last}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Go and its module proxy"]
async fn grpcurl_predicts_by_both_protocols() {
    let plant = plant().await;
    let predictor = Server::at(plant.predictor_address);
    let served = "millwright.predictor.v1.PredictorService/ListServedModels";
    let served = predictor.answer(served, json!({}));
    assert_eq!(served["models"][0]["serving"]["model"], "notes");

    let oil = note("hydraulic oil leak");
    let predict = "millwright.predictor.v1.PredictorService/Predict";
    let answer = predictor.answer(predict, oil.clone());
    assert_eq!(answer["predictions"][0]["label"], "hydraulic");

    let stream = "millwright.predictor.v1.PredictorService/PredictStream";
    let messages = [json!({"row_index": 7, "request": oil}), json!({"row_index": 8})];
    let answers = predictor.answers(stream, &messages);
    assert_eq!(answers[0]["rowIndex"], "7");
    assert_eq!(answers[0]["prediction"]["predictions"][0]["label"], "hydraulic");
    assert_eq!(answers[1]["error"]["field"], "request");

    let server = "inference.GRPCInferenceService/ServerMetadata";
    assert_eq!(predictor.answer(server, json!({}))["name"], "millwright");
    let infer = "inference.GRPCInferenceService/ModelInfer";
    let answer = predictor.answer(infer, tensor("b2lsIGxlYWs="));
    assert_eq!(answer["outputs"][0]["contents"]["bytesContents"][0], "aHlkcmF1bGlj");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Go and its module proxy"]
async fn ghz_drives_both_protocols_without_an_error() {
    let plant = plant().await;
    let predictor = Server::at(plant.predictor_address);
    let calls = [
        ("millwright.predictor.v1.PredictorService/Predict", note("oil leak")),
        ("inference.GRPCInferenceService/ModelInfer", tensor("b2lsIGxlYWs=")),
    ];
    for (method, request) in calls {
        let report = predictor.driven(method, request);
        assert_eq!(report["count"], 500, "{method}");
        assert_eq!(report["statusCodeDistribution"], json!({"OK": 500}), "{method}");
        assert_eq!(report["errorDistribution"], json!({}), "{method}");
    }
}
