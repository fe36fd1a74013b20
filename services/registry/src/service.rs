//! The RPCs of `millwright.registry.v1.RegistryService`.

use std::time::Duration;

use futures::{StreamExt, stream::BoxStream};
use millwright_chassis::UploadMeter;
use millwright_proto::registry::{
    CreateModelVersionRequest, CreateModelVersionResponse, DeleteAliasRequest, DeleteAliasResponse,
    DeleteModelRequest, DeleteModelResponse, DeleteModelVersionRequest, DeleteModelVersionResponse,
    DownloadArtifactRequest, DownloadArtifactResponse, GetModelRequest, GetModelResponse,
    GetModelVersionRequest, GetModelVersionResponse, GetUploadProgressRequest,
    GetUploadProgressResponse, ListAliasHistoryRequest, ListAliasHistoryResponse,
    ListModelVersionsRequest, ListModelVersionsResponse, ListModelsRequest, ListModelsResponse,
    SetAliasRequest, SetAliasResponse, SetTagsRequest, SetTagsResponse, UploadArtifactRequest,
    UploadArtifactResponse, WatchModelsRequest, WatchModelsResponse,
    registry_service_server::RegistryService,
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::{artifacts::Artifacts, error::RegistryError, ledger::Ledger, watch};

mod alias;
mod artifact;
mod model;
mod version;

/// Answers calls; `stop` ends the watches.
pub(crate) struct Service {
    pub(crate) artifacts: Artifacts,
    /// Longest silence of an upload.
    pub(crate) patience: Duration,
    pub(crate) stop: CancellationToken,
    pub(crate) uploads: UploadMeter,
}

impl Service {
    fn ledger(&self) -> &Ledger {
        self.artifacts.ledger()
    }

    async fn watch(
        &self,
        asked: WatchModelsRequest,
    ) -> Result<Answers<WatchModelsResponse>, RegistryError> {
        let told = watch::follow(self.ledger(), asked.after_revision, self.stop.clone()).await?;
        Ok(told.map(|part| part.map_err(RegistryError::status)).boxed())
    }
}

type Answers<T> = BoxStream<'static, Result<T, Status>>;

fn answer<T>(outcome: Result<T, RegistryError>) -> Result<Response<T>, Status> {
    outcome.map(Response::new).map_err(RegistryError::status)
}

#[tonic::async_trait]
impl RegistryService for Service {
    type DownloadArtifactStream = Answers<DownloadArtifactResponse>;
    type WatchModelsStream = Answers<WatchModelsResponse>;

    async fn get_upload_progress(
        &self,
        request: Request<GetUploadProgressRequest>,
    ) -> Result<Response<GetUploadProgressResponse>, Status> {
        answer(self.upload_progress(request.into_inner()).await)
    }

    async fn upload_artifact(
        &self,
        request: Request<Streaming<UploadArtifactRequest>>,
    ) -> Result<Response<UploadArtifactResponse>, Status> {
        answer(self.upload(request.into_inner()).await)
    }

    async fn download_artifact(
        &self,
        request: Request<DownloadArtifactRequest>,
    ) -> Result<Response<Self::DownloadArtifactStream>, Status> {
        answer(self.download(request.into_inner()).await)
    }

    async fn create_model_version(
        &self,
        request: Request<CreateModelVersionRequest>,
    ) -> Result<Response<CreateModelVersionResponse>, Status> {
        answer(self.create_version(request.into_inner()).await)
    }

    async fn get_model_version(
        &self,
        request: Request<GetModelVersionRequest>,
    ) -> Result<Response<GetModelVersionResponse>, Status> {
        answer(self.version(&request.get_ref().model_ref).await)
    }

    async fn list_model_versions(
        &self,
        request: Request<ListModelVersionsRequest>,
    ) -> Result<Response<ListModelVersionsResponse>, Status> {
        answer(self.versions(request.into_inner()).await)
    }

    async fn delete_model_version(
        &self,
        request: Request<DeleteModelVersionRequest>,
    ) -> Result<Response<DeleteModelVersionResponse>, Status> {
        answer(self.delete_version(request.into_inner()).await)
    }

    async fn get_model(
        &self,
        request: Request<GetModelRequest>,
    ) -> Result<Response<GetModelResponse>, Status> {
        answer(self.model(&request.get_ref().name).await)
    }

    async fn list_models(
        &self,
        request: Request<ListModelsRequest>,
    ) -> Result<Response<ListModelsResponse>, Status> {
        answer(self.models(request.into_inner()).await)
    }

    async fn delete_model(
        &self,
        request: Request<DeleteModelRequest>,
    ) -> Result<Response<DeleteModelResponse>, Status> {
        answer(self.delete_model(&request.get_ref().name).await)
    }

    async fn set_tags(
        &self,
        request: Request<SetTagsRequest>,
    ) -> Result<Response<SetTagsResponse>, Status> {
        answer(self.set_tags(request.into_inner()).await)
    }

    async fn set_alias(
        &self,
        request: Request<SetAliasRequest>,
    ) -> Result<Response<SetAliasResponse>, Status> {
        answer(self.set_alias(request.into_inner()).await)
    }

    async fn delete_alias(
        &self,
        request: Request<DeleteAliasRequest>,
    ) -> Result<Response<DeleteAliasResponse>, Status> {
        answer(self.delete_alias(request.into_inner()).await)
    }

    async fn list_alias_history(
        &self,
        request: Request<ListAliasHistoryRequest>,
    ) -> Result<Response<ListAliasHistoryResponse>, Status> {
        answer(self.alias_history(request.into_inner()).await)
    }

    async fn watch_models(
        &self,
        request: Request<WatchModelsRequest>,
    ) -> Result<Response<Self::WatchModelsStream>, Status> {
        answer(self.watch(request.into_inner()).await)
    }
}
