//! Models that are made, not trained, and how they come to a predictor.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use millwright_client::{RegistryClient, RetryPolicy};
use millwright_domain::{
    AliasName, Artifact, Expected, JobId, Lineage, ModelName, NewVersion, SetAlias, Version,
};
use millwright_ml::{FittedPipeline, MEDIA_TYPE, Manifest, PipelineParts};
use millwright_proto::inference::{
    RepositoryIndexRequest, ServerReadyRequest,
    grpc_inference_service_client::GrpcInferenceServiceClient,
};
use tonic::{Status, transport::Endpoint};

use crate::{
    Failure,
    plant::{Plant, Server},
    wait::wait_for,
};

/// Models that are published at a time.
const TOGETHER: usize = 4;
/// How long a predictor may take until it serves what was published.
const PATIENCE: Duration = Duration::from_secs(600);

/// A model that was made.
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) parts: PipelineParts,
}

/// Publishes `models` in a registry of `plant`, and has its predictor fetch and keep them.
pub(crate) fn keep(plant: &Plant, models: impl Iterator<Item = Made>) -> Result<(), Failure> {
    let registry = plant.registry()?;
    let published = wait_for(publish_all(registry.address, models))??;
    let predictor = plant.predictor_of(registry.address, &[])?;
    until_served(&predictor, published)?;
    predictor.process.terminate()?;
    registry.process.terminate()?;
    Ok(())
}

/// Publishes `models`; how many there were.
pub(crate) async fn publish_all(
    registry: SocketAddr,
    models: impl Iterator<Item = Made>,
) -> Result<usize, Failure> {
    let client = RegistryClient::connect_lazy(&registry.to_string())?;
    // A registry that has thousands to take says now and then that it is busy.
    let client = client.with_retry(RetryPolicy::PATIENT);
    let one = |Made { name, parts }| {
        let client = &client;
        async move {
            let pipeline = FittedPipeline::from_parts(parts)?;
            let uploaded = client.upload_artifact(MEDIA_TYPE, pipeline.encode()?.into());
            let artifact = uploaded.await?;
            publish(client, &name, pipeline.manifest(), &artifact).await.map(drop)
        }
    };
    let published = stream::iter(models).map(one).buffer_unordered(TOGETHER);
    published.try_fold(0, |n, ()| async move { Ok(n + 1) }).await
}

/// Registers an artifact that was uploaded, and points `production` at it.
pub(crate) async fn publish(
    registry: &RegistryClient,
    name: &str,
    manifest: &Manifest,
    artifact: &Artifact,
) -> Result<Version, Failure> {
    let model = name.parse::<ModelName>().map_err(|error| Failure::Program(error.to_string()))?;
    let job = JobId::random();
    let new = NewVersion {
        idempotency_key: job.to_string(),
        model: model.clone(),
        artifact: artifact.digest,
        signature: manifest.signature.clone(),
        classes: manifest.classes.clone(),
        evaluation: manifest.evaluation.clone(),
        lineage: Lineage {
            dataset: manifest.dataset,
            spec: manifest.spec.clone(),
            job,
            library: manifest.library.clone(),
            summary: manifest.summary.clone(),
        },
    };
    let version = registry.create_version(new).await?.version;
    let set = SetAlias { model, alias: AliasName::production(), version, expected: Expected::Any };
    registry.set_alias(&set).await?;
    Ok(version)
}

/// Waits until `predictor` serves all that aliases point to, which are `models` models.
pub(crate) fn until_served(predictor: &Server, models: usize) -> Result<(), Failure> {
    let begun = Instant::now();
    let address = predictor.address;
    while !wait_for(is_ready(address))?.unwrap_or(false) && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
    let served = wait_for(n_served(address))?.map_err(Box::new)?;
    if served < models {
        return Err(Failure::Unserved { served, published: models });
    }
    Ok(())
}

async fn is_ready(predictor: SocketAddr) -> Result<bool, Status> {
    let mut client = connect(predictor).await?;
    Ok(client.server_ready(ServerReadyRequest {}).await?.into_inner().ready)
}

async fn n_served(predictor: SocketAddr) -> Result<usize, Status> {
    let mut client = connect(predictor).await?.max_decoding_message_size(64 << 20);
    let ready = RepositoryIndexRequest { ready: true, ..RepositoryIndexRequest::default() };
    Ok(client.repository_index(ready).await?.into_inner().models.len())
}

async fn connect(
    predictor: SocketAddr,
) -> Result<GrpcInferenceServiceClient<tonic::transport::Channel>, Status> {
    let unavailable = |error: tonic::transport::Error| Status::unavailable(error.to_string());
    let endpoint = Endpoint::from_shared(format!("http://{predictor}")).map_err(unavailable)?;
    Ok(GrpcInferenceServiceClient::new(endpoint.connect().await.map_err(unavailable)?))
}
