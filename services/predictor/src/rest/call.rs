//! A request as a call of the gRPC service.

use std::panic::resume_unwind;

use axum::{body::Body, response::Response};
use http::request::Parts;
use millwright_proto::inference::{
    ModelConfigRequest, ModelMetadataRequest, ModelReadyRequest, ModelStatisticsRequest,
    ServerMetadataRequest, ServerReadyRequest, grpc_inference_service_server::GrpcInferenceService,
};
use millwright_wire::json;
use prost::Message;
use serde_json::json as value;
use tonic::{Request, metadata::MetadataMap};

use super::{
    answer, body,
    refusal::{Failure, Refusal},
    route::{ModelCall, ModelPath, Route},
};
use crate::inference::Inference;

/// Bodies from this length on are read and written beside the runtime's threads: 64 MiB of JSON take
/// most of a second, in which nobody else on the thread would be answered.
const LONG: usize = 256 << 10;

/// A request whose route is known.
pub(super) struct Call<'a> {
    pub(super) inference: Inference,
    pub(super) parts: &'a Parts,
    pub(super) body: Body,
}

impl Call<'_> {
    pub(super) async fn answer(self, route: Route<'_>) -> Result<Response, Failure> {
        match route {
            Route::Server => self.server().await,
            Route::Live => Ok(answer::json(&value!({ "live": true }))),
            Route::Ready => self.ready().await,
            Route::Statistics => self.statistics(ModelPath { name: "", version: "" }).await,
            Route::Model(ModelCall::Metadata, model) => self.metadata(model).await,
            Route::Model(ModelCall::Ready, model) => self.model_ready(model).await,
            Route::Model(ModelCall::Config, model) => self.config(model).await,
            Route::Model(ModelCall::Statistics, model) => self.statistics(model).await,
            Route::Model(ModelCall::Infer, model) => self.infer(model).await,
            Route::Index => self.index().await,
            Route::Load(model) => self.load(model).await,
            Route::Unload(model) => self.unload(model).await,
        }
    }

    fn request<M>(&self, message: M) -> Request<M> {
        as_call(self.parts, message)
    }

    async fn server(self) -> Result<Response, Failure> {
        let asked = self.request(ServerMetadataRequest {});
        let answer = self.inference.server_metadata(asked).await?;
        Ok(answer::json(&json::server_metadata(answer.get_ref())))
    }

    async fn ready(self) -> Result<Response, Failure> {
        let asked = self.request(ServerReadyRequest {});
        let answer = self.inference.server_ready(asked).await?;
        Ok(answer::readiness(value!({}), answer.get_ref().ready))
    }

    async fn metadata(self, model: ModelPath<'_>) -> Result<Response, Failure> {
        let (name, version) = model.owned();
        let asked = self.request(ModelMetadataRequest { name, version });
        let answer = self.inference.model_metadata(asked).await?;
        Ok(answer::json(&json::model_metadata(answer.get_ref())))
    }

    async fn model_ready(self, model: ModelPath<'_>) -> Result<Response, Failure> {
        let (name, version) = model.owned();
        let asked = self.request(ModelReadyRequest { name, version });
        let answer = self.inference.model_ready(asked).await?;
        Ok(answer::readiness(value!({ "name": model.name }), answer.get_ref().ready))
    }

    async fn config(self, model: ModelPath<'_>) -> Result<Response, Failure> {
        let (name, version) = model.owned();
        let asked = self.request(ModelConfigRequest { name, version });
        let config = self.inference.model_config(asked).await?.into_inner().config;
        Ok(answer::json(&json::model_config(&config.unwrap_or_default())))
    }

    async fn statistics(self, model: ModelPath<'_>) -> Result<Response, Failure> {
        let (name, version) = model.owned();
        let asked = self.request(ModelStatisticsRequest { name, version });
        let answer = self.inference.model_statistics(asked).await?;
        Ok(answer::json(&json::model_statistics(answer.get_ref())))
    }

    async fn infer(self, model: ModelPath<'_>) -> Result<Response, Failure> {
        let Self { inference, parts, body } = self;
        let limit = inference.largest;
        let json_bytes = body::json_bytes(&parts.headers)?;
        let body = body::read(&parts.headers, body, limit).await?;
        let size = body.len();
        let read = move || json::infer_request(&body, json_bytes).map_err(Refusal::from);
        let (mut message, forms) = aside(size, read).await?;
        (message.model_name, message.model_version) = model.owned();
        let answer = inference.model_infer(as_call(parts, message)).await?.into_inner();
        let size = answer.encoded_len();
        let write = move || json::infer_response(&answer, &forms, limit).map_err(Refusal::from);
        Ok(answer::predictions(aside(size, write).await?))
    }

    async fn index(self) -> Result<Response, Failure> {
        let Self { inference, parts, body } = self;
        let body = body::read(&parts.headers, body, inference.largest).await?;
        let asked = as_call(parts, json::index_request(&body)?);
        let answer = inference.repository_index(asked).await?;
        Ok(answer::json(&json::repository_index(answer.get_ref())))
    }

    async fn load(self, model: &str) -> Result<Response, Failure> {
        let Self { inference, parts, body } = self;
        let body = body::read(&parts.headers, body, inference.largest).await?;
        let asked = as_call(parts, json::load_request(model, &body)?);
        inference.repository_model_load(asked).await?;
        Ok(answer::json(&value!({})))
    }

    async fn unload(self, model: &str) -> Result<Response, Failure> {
        let Self { inference, parts, body } = self;
        let body = body::read(&parts.headers, body, inference.largest).await?;
        let asked = as_call(parts, json::unload_request(model, &body)?);
        inference.repository_model_unload(asked).await?;
        Ok(answer::json(&value!({})))
    }
}

/// `message` with what the layers said of the request: its deadline, and whatever else.
fn as_call<M>(parts: &Parts, message: M) -> Request<M> {
    let metadata = MetadataMap::from_headers(parts.headers.clone());
    Request::from_parts(metadata, parts.extensions.clone(), message)
}

/// Does `work` on `bytes` bytes, beside the runtime's threads where they are many.
async fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    if bytes < LONG {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => resume_unwind(error.into_panic()),
    }
}
