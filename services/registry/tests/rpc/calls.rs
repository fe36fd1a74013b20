//! Calls as their callers make them.

use bytes::Bytes;
use futures::stream;
use millwright_domain::Digest;
use millwright_proto::{
    registry::{
        AliasMove, Artifact, CreateModelVersionRequest, DeleteModelVersionRequest,
        DownloadArtifactRequest, Evaluation, GetModelRequest, GetModelVersionRequest,
        GetUploadProgressRequest, Lineage, ListAliasHistoryRequest, ListModelVersionsRequest,
        ListModelVersionsResponse, Model, ModelSignature, ModelVersion, SetAliasRequest,
        SetAliasResponse, TrainingSummary, UploadArtifactRequest, upload_artifact_request::Part,
    },
    trainer::{
        LogisticRegression, PipelineSpec, SplitSpec, StopReason, TextInput, TrainingSpec,
        pipeline_spec::Input, split_spec::Split,
    },
};
use tonic::Status;
use tonic_types::StatusExt;

use crate::running::Client;

pub(crate) fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// The header that belongs to `bytes`.
pub(crate) fn header(bytes: &[u8]) -> Artifact {
    let media_type = "application/octet-stream".to_owned();
    Artifact { digest: digest(bytes), size_bytes: bytes.len() as u64, media_type }
}

/// The messages of an upload in chunks of 1 MiB.
pub(crate) fn parts(header: Artifact, bytes: &[u8]) -> Vec<UploadArtifactRequest> {
    rest(header, bytes, 0)
}

/// As [`parts`] without the first `offset` bytes.
pub(crate) fn rest(header: Artifact, bytes: &[u8], offset: usize) -> Vec<UploadArtifactRequest> {
    let header = UploadArtifactRequest { offset: offset as u64, part: Some(Part::Header(header)) };
    let chunks = bytes[offset..].chunks(1 << 20).map(Bytes::copy_from_slice).map(Part::Chunk);
    let chunks = chunks.map(|part| UploadArtifactRequest { offset: 0, part: Some(part) });
    std::iter::once(header).chain(chunks).collect()
}

pub(crate) async fn send(
    client: &Client,
    parts: Vec<UploadArtifactRequest>,
) -> Result<Artifact, Status> {
    let answer = client.clone().upload_artifact(stream::iter(parts)).await?;
    Ok(answer.into_inner().artifact.expect("an answer has an artifact"))
}

/// How much of an upload has arrived.
pub(crate) async fn progress(client: &Client, artifact: Artifact) -> Result<u64, Status> {
    let asked = GetUploadProgressRequest { artifact: Some(artifact) };
    Ok(client.clone().get_upload_progress(asked).await?.into_inner().offset)
}

pub(crate) async fn upload(client: &Client, bytes: &[u8]) -> Result<Artifact, Status> {
    send(client, parts(header(bytes), bytes)).await
}

pub(crate) async fn download(client: &Client, digest: String) -> Result<Vec<u8>, Status> {
    download_from(client, digest, 0).await
}

pub(crate) async fn download_from(
    client: &Client,
    digest: String,
    offset: u64,
) -> Result<Vec<u8>, Status> {
    let asked = DownloadArtifactRequest { digest, offset };
    let mut answers = client.clone().download_artifact(asked).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(answer) = answers.message().await? {
        assert!(answer.chunk.len() <= 1 << 20);
        bytes.extend_from_slice(&answer.chunk);
    }
    Ok(bytes)
}

/// A request that registers the artifact `bytes`.
pub(crate) fn version(model: &str, bytes: &[u8], key: &str) -> CreateModelVersionRequest {
    CreateModelVersionRequest {
        model: model.to_owned(),
        artifact_digest: digest(bytes),
        signature: Some(ModelSignature::default()),
        classes: vec!["good".to_owned(), "bad".to_owned()],
        evaluation: Some(Evaluation { n_test: 4, accuracy: 0.75, ..Evaluation::default() }),
        lineage: Some(lineage(key)),
        idempotency_key: key.to_owned(),
    }
}

fn lineage(job: &str) -> Lineage {
    let text = TextInput { column: "note".to_owned(), vectorizer: None };
    let pipeline = PipelineSpec {
        target: "fault".to_owned(),
        input: Some(Input::Text(text)),
        reduction: None,
        logistic_regression: Some(LogisticRegression::default()),
    };
    let split = SplitSpec { split: Some(Split::HeldOutFraction(0.2)) };
    Lineage {
        dataset_digest: digest(b"data"),
        spec: Some(TrainingSpec {
            pipeline: Some(pipeline),
            split: Some(split),
            seed: 42,
            ..TrainingSpec::default()
        }),
        job_id: job.to_owned(),
        library: "millwright 0.1.0".to_owned(),
        summary: Some(TrainingSummary {
            stopped: StopReason::Tolerance.into(),
            ..TrainingSummary::default()
        }),
    }
}

pub(crate) async fn create(
    client: &Client,
    asked: CreateModelVersionRequest,
) -> Result<ModelVersion, Status> {
    let answer = client.clone().create_model_version(asked).await?;
    Ok(answer.into_inner().version.expect("an answer has a version"))
}

/// `n` versions of `press`, all of the artifact `a`.
pub(crate) async fn versions(client: &Client, n: u64) {
    upload(client, b"a").await.expect("uploaded");
    for i in 1..=n {
        create(client, version("press", b"a", &format!("key{i}"))).await.expect("created");
    }
}

pub(crate) async fn get(client: &Client, reference: &str) -> Result<ModelVersion, Status> {
    let asked = GetModelVersionRequest { model_ref: reference.to_owned() };
    let answer = client.clone().get_model_version(asked).await?;
    Ok(answer.into_inner().version.expect("an answer has a version"))
}

pub(crate) async fn model(client: &Client, name: &str) -> Result<Model, Status> {
    let asked = GetModelRequest { name: name.to_owned() };
    let answer = client.clone().get_model(asked).await?;
    Ok(answer.into_inner().model.expect("an answer has a model"))
}

/// A page of the versions of `press`.
pub(crate) async fn page(
    client: &Client,
    page_size: u32,
    page_token: &str,
) -> Result<ListModelVersionsResponse, Status> {
    let (model, page_token) = ("press".to_owned(), page_token.to_owned());
    let asked = ListModelVersionsRequest { model, page_size, page_token };
    Ok(client.clone().list_model_versions(asked).await?.into_inner())
}

/// Numbers of the versions of `press`, newest first.
pub(crate) async fn numbers(client: &Client) -> Vec<u64> {
    let page = page(client, 1000, "").await.expect("listed");
    page.versions.iter().map(|version| version.version).collect()
}

pub(crate) async fn delete(client: &Client, version: u64) -> Result<u64, Status> {
    let asked = DeleteModelVersionRequest { model: "press".to_owned(), version };
    Ok(client.clone().delete_model_version(asked).await?.into_inner().revision)
}

/// The moves of the aliases of `press`.
pub(crate) async fn moves(client: &Client) -> Vec<AliasMove> {
    let asked = ListAliasHistoryRequest { model: "press".to_owned(), ..Default::default() };
    client.clone().list_alias_history(asked).await.expect("told").into_inner().moves
}

/// A request that points `press@production` at `version`.
pub(crate) fn production(version: u64, expected_version: Option<u64>) -> SetAliasRequest {
    let (model, alias) = ("press".to_owned(), "production".to_owned());
    SetAliasRequest { model, alias, version, expected_version }
}

pub(crate) async fn set(
    client: &Client,
    asked: SetAliasRequest,
) -> Result<SetAliasResponse, Status> {
    Ok(client.clone().set_alias(asked).await?.into_inner())
}

/// The field that a refusal names.
pub(crate) fn field(refused: &Status) -> Option<String> {
    let violations = refused.get_details_bad_request()?.field_violations;
    violations.into_iter().next().map(|violation| violation.field)
}
