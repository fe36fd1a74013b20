//! `inference.GRPCInferenceService`: the same models for clients of the Open Inference Protocol.
//!
//! Whoever speaks it in another way, as `rest` does, calls the service as a value.

use futures::{FutureExt, stream::BoxStream};
use millwright_chassis::{Stop, status};
use millwright_proto::inference::{
    ModelConfigRequest, ModelConfigResponse, ModelInferRequest, ModelInferResponse,
    ModelMetadataRequest, ModelMetadataResponse, ModelReadyRequest, ModelReadyResponse,
    ModelStatisticsRequest, ModelStatisticsResponse, ModelStreamInferResponse,
    RepositoryIndexRequest, RepositoryIndexResponse, RepositoryModelLoadRequest,
    RepositoryModelLoadResponse, RepositoryModelUnloadRequest, RepositoryModelUnloadResponse,
    ServerLiveRequest, ServerLiveResponse, ServerMetadataRequest, ServerMetadataResponse,
    ServerReadyRequest, ServerReadyResponse, grpc_inference_service_server::GrpcInferenceService,
};
use tonic::{Request, Response, Status, Streaming};

use crate::{
    ServingError, catalog::Catalog, job::PredictOptions, repository::Repository, stream::in_order,
};

mod describe;
mod index;
mod infer;
mod reference;

/// Answers with what the catalog serves.
#[derive(Clone)]
pub(crate) struct Inference {
    pub(crate) catalog: Catalog,
    pub(crate) repository: Repository,
    pub(crate) stop: Stop,
    /// Longest answer, in bytes.
    pub(crate) largest: usize,
}

#[tonic::async_trait]
impl GrpcInferenceService for Inference {
    type ModelStreamInferStream = BoxStream<'static, Result<ModelStreamInferResponse, Status>>;

    async fn server_live(
        &self,
        _: Request<ServerLiveRequest>,
    ) -> Result<Response<ServerLiveResponse>, Status> {
        Ok(Response::new(ServerLiveResponse { live: true }))
    }

    async fn server_ready(
        &self,
        _: Request<ServerReadyRequest>,
    ) -> Result<Response<ServerReadyResponse>, Status> {
        let ready = self.catalog.is_open() && self.stop.clone().now_or_never().is_none();
        Ok(Response::new(ServerReadyResponse { ready }))
    }

    async fn model_ready(
        &self,
        request: Request<ModelReadyRequest>,
    ) -> Result<Response<ModelReadyResponse>, Status> {
        let ModelReadyRequest { name, version } = request.into_inner();
        let reference = reference::of("name", &name, "version", &version);
        let ready = self.catalog.resolve(&reference.map_err(|error| status(&error))?).is_ok();
        Ok(Response::new(ModelReadyResponse { ready }))
    }

    async fn server_metadata(
        &self,
        _: Request<ServerMetadataRequest>,
    ) -> Result<Response<ServerMetadataResponse>, Status> {
        Ok(Response::new(describe::server()))
    }

    async fn model_metadata(
        &self,
        request: Request<ModelMetadataRequest>,
    ) -> Result<Response<ModelMetadataResponse>, Status> {
        told(self.metadata(&request.into_inner()))
    }

    async fn model_config(
        &self,
        request: Request<ModelConfigRequest>,
    ) -> Result<Response<ModelConfigResponse>, Status> {
        told(self.config(&request.into_inner()))
    }

    async fn model_statistics(
        &self,
        request: Request<ModelStatisticsRequest>,
    ) -> Result<Response<ModelStatisticsResponse>, Status> {
        told(self.statistics(&request.into_inner()))
    }

    async fn model_infer(
        &self,
        request: Request<ModelInferRequest>,
    ) -> Result<Response<ModelInferResponse>, Status> {
        let options = PredictOptions::of_call(&request);
        told(self.infer(request.into_inner(), options).await)
    }

    async fn model_stream_infer(
        &self,
        request: Request<Streaming<ModelInferRequest>>,
    ) -> Result<Response<Self::ModelStreamInferStream>, Status> {
        let options = PredictOptions::of_stream(&request);
        let this = self.clone();
        let answer = move |message: ModelInferRequest| {
            let id = message.id.clone();
            this.infer(message, options).map(move |outcome| infer::in_band(id, outcome))
        };
        let this = self.clone();
        let size = move |message: &ModelInferRequest| this.answer_size(message);
        Ok(Response::new(in_order(request.into_inner(), self.stop.clone(), size, answer)))
    }

    async fn repository_index(
        &self,
        request: Request<RepositoryIndexRequest>,
    ) -> Result<Response<RepositoryIndexResponse>, Status> {
        told(self.index(&request.into_inner()))
    }

    async fn repository_model_load(
        &self,
        request: Request<RepositoryModelLoadRequest>,
    ) -> Result<Response<RepositoryModelLoadResponse>, Status> {
        told(self.load(&request.into_inner()).await)
    }

    async fn repository_model_unload(
        &self,
        request: Request<RepositoryModelUnloadRequest>,
    ) -> Result<Response<RepositoryModelUnloadResponse>, Status> {
        told(self.unload(&request.into_inner()).await)
    }
}

fn told<T>(outcome: Result<T, ServingError>) -> Result<Response<T>, Status> {
    outcome.map(Response::new).map_err(|error| status(&error))
}
