//! A pipeline of a text and numbers, asked in both protocols.

use bytes::Bytes;
use millwright_client::RetryPolicy;
use millwright_domain::Fault;
use millwright_ml::{FittedPipeline, InputParts, NumericColumn, PipelineParts, TextParts};
use millwright_proto::{
    inference::{
        InferTensorContents, ModelInferRequest, ModelInferResponse, ModelMetadataRequest,
        infer_parameter::ParameterChoice, model_infer_request::InferInputTensor,
    },
    predictor::{NamedColumn, Numbers, PredictRequest, Texts, named_column::Values},
};
use tempfile::TempDir;

use crate::{registry::Registry, serving::Predictor};

const NOTES: [&str; 2] = ["oil leak", ""];
const SPEEDS: [f64; 2] = [f64::NAN, 2.5];

/// Two known words and a number; two classes.
fn pipeline() -> Vec<u8> {
    let text = TextParts::words("note", ["leak", "oil"].map(Box::from).to_vec());
    let speed =
        NumericColumn { name: "speed".to_owned(), median: 1.0, mean: 1.5, range: (0.0, 3.0) };
    let parts = PipelineParts {
        input: InputParts::Mixed { text, columns: vec![speed] },
        hidden: vec![],
        classes: ["fault", "fine"].map(str::to_owned).to_vec(),
        weights: vec![0.5, -1.0, 2.0],
        intercept: vec![0.25],
    };
    FittedPipeline::from_parts(parts).expect("parts that fit").encode().expect("an artifact")
}

async fn plant() -> (Registry, TempDir, Predictor) {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    registry.point("press", "production", (1, &registry.keep(pipeline())));
    let predictor = Predictor::start(folder.path(), &registry.address).await;
    predictor.until_serving("press", 1).await;
    (registry, folder, predictor)
}

fn named(columns: Vec<(&str, Values)>) -> PredictRequest {
    let column = |(name, values): (&str, Values)| NamedColumn {
        name: name.to_owned(),
        values: Some(values),
    };
    let columns = columns.into_iter().map(column).collect();
    PredictRequest { model_ref: "press".to_owned(), columns, ..PredictRequest::default() }
}

fn notes() -> Values {
    Values::Texts(Texts { values: NOTES.map(str::to_owned).to_vec() })
}

fn speeds() -> Values {
    Values::Numbers(Numbers { values: SPEEDS.to_vec() })
}

fn tensor(name: &str, datatype: &str, contents: InferTensorContents) -> InferInputTensor {
    let (name, datatype, contents) = (name.to_owned(), datatype.to_owned(), Some(contents));
    InferInputTensor { name, datatype, shape: vec![2, 1], contents, ..Default::default() }
}

fn tensors() -> ModelInferRequest {
    let bytes_contents = NOTES.map(|note| Bytes::from_static(note.as_bytes())).to_vec();
    let notes = InferTensorContents { bytes_contents, ..Default::default() };
    let speeds = InferTensorContents { fp64_contents: SPEEDS.to_vec(), ..Default::default() };
    let inputs = vec![tensor("speed", "FP64", speeds), tensor("note", "BYTES", notes)];
    ModelInferRequest { model_name: "press".to_owned(), inputs, ..Default::default() }
}

fn raw(mut typed: ModelInferRequest) -> ModelInferRequest {
    typed.inputs.iter_mut().for_each(|input| input.contents = None);
    let speeds = SPEEDS.iter().flat_map(|speed| speed.to_le_bytes()).collect::<Vec<_>>();
    let note = |note: &str| [&(note.len() as u32).to_le_bytes(), note.as_bytes()].concat();
    typed.raw_input_contents = vec![speeds.into(), NOTES.map(note).concat().into()];
    typed
}

fn imputed(answer: &ModelInferResponse) -> Option<&ParameterChoice> {
    answer.parameters["imputed_cells"].parameter_choice.as_ref()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_give_the_same_answer_and_count_what_was_imputed() {
    let (_registry, _folder, predictor) = plant().await;
    let request = named(vec![("speed", speeds()), ("note", notes())]);
    let answer = predictor.client.predict(request).await.expect("predicted");
    let cells = answer.predictions.iter().map(|row| row.imputed_cells).collect::<Vec<_>>();
    assert_eq!(cells, [1, 0]);
    let told = answer.predictions.iter().flat_map(|row| row.probabilities.clone());
    let told = told.collect::<Vec<_>>();

    let mut client = predictor.open_inference();
    let typed = client.model_infer(tensors()).await.expect("predicted").into_inner();
    let contents = typed.outputs[1].contents.as_ref().expect("typed as it was asked");
    assert_eq!(contents.fp32_contents, told);
    assert_eq!(imputed(&typed), Some(&ParameterChoice::Int64Param(1)));

    let raw = client.model_infer(raw(tensors())).await.expect("predicted").into_inner();
    let bytes = told.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    assert_eq!(raw.raw_output_contents[1], bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_is_an_input_of_its_own() {
    let (_registry, _folder, predictor) = plant().await;
    let request = ModelMetadataRequest { name: "press".to_owned(), ..Default::default() };
    let metadata = predictor.open_inference().model_metadata(request).await;
    let inputs = metadata.expect("told").into_inner().inputs;
    let inputs = inputs.iter().map(|input| (&*input.name, &*input.datatype, &*input.shape));
    assert_eq!(
        inputs.collect::<Vec<_>>(),
        [("note", "BYTES", &[-1][..]), ("speed", "FP32", &[-1])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let (_registry, _folder, predictor) = plant().await;
    let client = predictor.client.clone().with_retry(RetryPolicy::NEVER);
    let error = client.predict(named(vec![("note", notes())])).await.expect_err("refused");
    assert!(error.to_string().contains("\"speed\""), "{error}");
    assert_eq!(error.violation().map(|violation| violation.field), Some("columns".to_owned()));
    let mut request = tensors();
    request.inputs.pop();
    let error = predictor.open_inference().model_infer(request).await.err();
    assert!(error.expect("refused").message().contains("\"note\""));
}
