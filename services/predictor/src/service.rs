//! `PredictorService`: rows by named columns, one call or a stream.
//!
//! The life of a prediction: the reference is resolved to a version in the `catalog`, the columns
//! become rows, the version's `batcher` queues and computes them, and its answer is told.

use std::{future::Future, sync::Arc};

use futures::{FutureExt, future::ready, stream::BoxStream};
use millwright_chassis::{Stop, status};
use millwright_domain::{Fault, ModelName, ModelRef, NameError};
use millwright_proto::predictor::{
    GetStatisticsRequest, GetStatisticsResponse, ListServedModelsRequest, ListServedModelsResponse,
    PredictError, PredictRequest, PredictResponse, PredictStreamRequest, PredictStreamResponse,
    ServedModel as ServedWire, ServedVersion, VersionStatistics, predict_stream_response,
    predictor_service_server::PredictorService,
};
use millwright_wire::{ToWire, WireError, named};
use prost::Message;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    ServingError,
    catalog::Catalog,
    job::{Answer, PredictOptions},
    model::ServedModel,
    stream::in_order,
};

/// What a message of a stream adds to an answer, in bytes, at most.
const FRAME: usize = 64;

/// Longest correlation id, in characters.
const LONGEST_ID: usize = 128;

/// Answers with what the catalog serves.
#[derive(Clone)]
pub(crate) struct Predictions {
    pub(crate) catalog: Catalog,
    pub(crate) stop: Stop,
    /// Longest answer, in bytes.
    pub(crate) largest: usize,
}

#[tonic::async_trait]
impl PredictorService for Predictions {
    type PredictStreamStream = BoxStream<'static, Result<PredictStreamResponse, Status>>;

    async fn predict(
        &self,
        request: Request<PredictRequest>,
    ) -> Result<Response<PredictResponse>, Status> {
        let options = PredictOptions::of_call(&request);
        let answer = self.answer(request.into_inner(), options).await;
        answer.map(Response::new).map_err(|error| status(&error))
    }

    async fn predict_stream(
        &self,
        request: Request<Streaming<PredictStreamRequest>>,
    ) -> Result<Response<Self::PredictStreamStream>, Status> {
        let options = PredictOptions::of_stream(&request);
        let this = self.clone();
        let answer = move |message: PredictStreamRequest| {
            let row_index = message.row_index;
            let answer = match message.request {
                Some(request) => this.answer(request, options).left_future(),
                None => ready(Err(WireError::new("request", "must be set").into())).right_future(),
            };
            answer.map(move |outcome| in_band(row_index, outcome))
        };
        let this = self.clone();
        let size = move |message: &PredictStreamRequest| {
            message.request.as_ref().map_or(0, |request| this.answer_size(request))
        };
        Ok(Response::new(in_order(request.into_inner(), self.stop.clone(), size, answer)))
    }

    async fn list_served_models(
        &self,
        _: Request<ListServedModelsRequest>,
    ) -> Result<Response<ListServedModelsResponse>, Status> {
        let slots = self.catalog.slots().into_iter();
        let models = slots.map(|(name, alias, slot)| {
            let nothing = || ServedVersion { model: name.to_string(), ..Default::default() };
            ServedWire {
                serving: Some(slot.serving.as_ref().map_or_else(nothing, |model| model.to_wire())),
                alias: alias.to_string(),
                wanted_version: slot.wanted.version.get(),
                problem: slot.problem.map(|problem| problem.text().to_owned()).unwrap_or_default(),
                signature: slot.serving.map(|model| model.signature.to_wire()),
            }
        });
        Ok(Response::new(ListServedModelsResponse { models: models.collect() }))
    }

    async fn get_statistics(
        &self,
        request: Request<GetStatisticsRequest>,
    ) -> Result<Response<GetStatisticsResponse>, Status> {
        let asked = self.loaded(&request.into_inner().model).map_err(|error| status(&error))?;
        let slots = self.catalog.slots();
        let versions = asked.iter().map(|model| {
            let aliases = slots.iter().filter(|(_, _, slot)| {
                slot.serving.as_ref().is_some_and(|serving| Arc::ptr_eq(serving, model))
            });
            let wait = model.batcher.oldest_wait().unwrap_or_default();
            VersionStatistics {
                version: Some(model.to_wire()),
                aliases: aliases.map(|(_, alias, _)| alias.to_string()).collect(),
                queued_rows: model.batcher.queued_rows() as u64,
                oldest_wait_us: u64::try_from(wait.as_micros()).unwrap_or(u64::MAX),
                ..model.batcher.statistics().to_native()
            }
        });
        Ok(Response::new(GetStatisticsResponse { versions: versions.collect() }))
    }
}

impl Predictions {
    /// The loaded versions of a model, or of all models where none is named.
    fn loaded(&self, model: &str) -> Result<Vec<Arc<ServedModel>>, ServingError> {
        if model.is_empty() {
            return Ok(self.catalog.loaded());
        }
        let wrong = |source| ServingError::Reference { field: "model", source };
        self.catalog.loaded_of(&model.parse::<ModelName>().map_err(wrong)?)
    }

    /// Answers one message. The version is chosen at once, so that a stream never goes back to an
    /// earlier one; the rest is done when the future is polled.
    fn answer(
        &self,
        request: PredictRequest,
        options: PredictOptions,
    ) -> impl Future<Output = Result<PredictResponse, ServingError>> + Send + use<> {
        let (model, limit) = (self.resolve(&request), self.largest);
        async move {
            let model = model?;
            let pending = model.batcher.statistics().arrived();
            check_id(&request.correlation_id)?;
            let rows = named::decode(&model.signature, &request.columns)?;
            let n_rows = rows.len();
            // Refused before it is computed, where that is certain.
            if named::shortest(&model.signature, n_rows, request.top_k) > limit {
                return Err(ServingError::TooLong { rows: n_rows, limit });
            }
            let imputed = rows.missing_cells();
            let answer = model.batcher.predict(rows, options).await?;
            let receipt = answer.receipt;
            let answer = told(&model, &request, &imputed, &answer);
            if answer.encoded_len() + FRAME > limit {
                return Err(ServingError::TooLong { rows: n_rows, limit });
            }
            pending.answered(receipt);
            Ok(answer)
        }
    }

    /// Bytes of the answer to a message, roughly.
    fn answer_size(&self, request: &PredictRequest) -> usize {
        let Ok(model) = self.resolve(request) else { return 0 };
        let n_rows = request.columns.first().map_or(0, named::length);
        let labels = model.classes.iter().map(String::len).sum::<usize>();
        labels.saturating_add(named::shortest(&model.signature, n_rows, request.top_k))
    }

    fn resolve(&self, request: &PredictRequest) -> Result<Arc<ServedModel>, ServingError> {
        let reference: Result<ModelRef, NameError> = request.model_ref.parse();
        let wrong = |source| ServingError::Reference { field: "model_ref", source };
        self.catalog.resolve(&reference.map_err(wrong)?)
    }
}

fn check_id(id: &str) -> Result<(), WireError> {
    if id.chars().count() <= LONGEST_ID {
        return Ok(());
    }
    Err(WireError::new("correlation_id", format!("must have {LONGEST_ID} characters at most")))
}

fn told(
    model: &ServedModel,
    request: &PredictRequest,
    imputed: &[u32],
    answer: &Answer,
) -> PredictResponse {
    PredictResponse {
        correlation_id: request.correlation_id.clone(),
        version: Some(model.to_wire()),
        classes: model.classes.clone(),
        predictions: named::encode(&answer.rows, imputed, request.top_k),
        timing: Some(answer.receipt.to_wire()),
    }
}

/// An `Err` would end the stream: what is wrong with one message is told in its answer.
fn in_band(
    row_index: u64,
    outcome: Result<PredictResponse, ServingError>,
) -> PredictStreamResponse {
    let result = match outcome {
        Ok(prediction) => predict_stream_response::Result::Prediction(prediction),
        Err(error) => {
            let status = status(&error);
            let retry_after = error.retry_after().map_or(0, |wait| wait.as_millis());
            predict_stream_response::Result::Error(PredictError {
                code: status.code().into(),
                message: status.message().to_owned(),
                field: error.violation().map(|violation| violation.field).unwrap_or_default(),
                retry_after_ms: u64::try_from(retry_after).unwrap_or(u64::MAX),
            })
        }
    };
    PredictStreamResponse { row_index, result: Some(result) }
}
