//! Predictions, from tensors to tensors.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use millwright_chassis::status;
use millwright_proto::{
    inference::{
        InferParameter, ModelInferRequest, ModelInferResponse, ModelStreamInferResponse,
        infer_parameter::ParameterChoice,
    },
    predictor::TimingReceipt,
};
use millwright_wire::{WireError, oip};
use prost::Message;

use crate::{
    Priority, ServingError,
    inference::{Inference, reference},
    job::{PredictOptions, Receipt},
    model::ServedModel,
};

/// What version, parameters and a stream's frame add to an answer, in bytes, at most.
const BESIDE: usize = 512;

impl Inference {
    /// As `Predictions::answer`: the version is chosen at once.
    pub(super) fn infer(
        &self,
        request: ModelInferRequest,
        options: PredictOptions,
    ) -> impl Future<Output = Result<ModelInferResponse, ServingError>> + Send + use<> {
        let (model, limit) = (self.asked(&request), self.largest);
        async move {
            let model = model?;
            let pending = model.batcher.statistics().arrived();
            let options = wishes(&request, options)?;
            let outputs = oip::Outputs::of(&model.signature, &request.outputs)?;
            let (rows, encoding) = oip::decode(&model.signature, &request)?;
            let (n_rows, imputed) = (rows.len(), rows.n_missing_cells());
            // Refused before it is computed, where that is certain.
            if outputs.shortest(n_rows) > limit {
                return Err(ServingError::TooLong { rows: n_rows, limit });
            }
            let answer = model.batcher.predict(rows, options).await?;
            let told = outputs.encode(&answer.rows, encoding)?;
            let names = request.model_name.len() + request.id.len();
            if told.encoded_len() + names + BESIDE > limit {
                return Err(ServingError::TooLong { rows: n_rows, limit });
            }
            pending.answered(answer.receipt);
            Ok(ModelInferResponse {
                model_name: request.model_name,
                model_version: model.version.to_string(),
                id: request.id,
                parameters: parameters(&model, answer.receipt, imputed),
                ..told
            })
        }
    }

    /// Bytes of the answer to a message, roughly.
    pub(super) fn answer_size(&self, request: &ModelInferRequest) -> usize {
        let Ok(model) = self.asked(request) else { return 0 };
        let n_rows = request.inputs.first().and_then(|input| input.shape.first());
        let n_rows = n_rows.and_then(|n| usize::try_from(*n).ok()).unwrap_or(0);
        let outputs = oip::Outputs::of(&model.signature, &request.outputs);
        outputs.map_or(0, |outputs| outputs.shortest(n_rows))
    }

    fn asked(&self, request: &ModelInferRequest) -> Result<Arc<ServedModel>, ServingError> {
        let ModelInferRequest { model_name, model_version, .. } = request;
        let asked = reference::of("model_name", model_name, "model_version", model_version);
        self.catalog.resolve(&asked?)
    }
}

/// `options`, and what the parameters of `request` wish.
fn wishes(
    request: &ModelInferRequest,
    options: PredictOptions,
) -> Result<PredictOptions, WireError> {
    let oip::RequestParameters { priority, timeout } = oip::parameters(&request.parameters)?;
    let priority = match priority {
        0 => Priority::default(),
        level => level_of(level)?,
    };
    Ok(PredictOptions { priority, timeout, ..options })
}

fn level_of(level: u64) -> Result<Priority, WireError> {
    let found = Priority::ALL.into_iter().find(|priority| priority.level() == level);
    found.ok_or_else(|| {
        let problem = format!(
            "must be 1 (first) to {}, or 0 for {}",
            Priority::ALL.len(),
            Priority::default().level(),
        );
        WireError::new("parameters[\"priority\"]", problem)
    })
}

/// What the protocol has no field for: the digest that answered, missing cells that took their
/// column's median, and where the time went.
fn parameters(
    model: &ServedModel,
    receipt: Receipt,
    imputed: u32,
) -> BTreeMap<String, InferParameter> {
    let TimingReceipt { queue_us, batch_rows, kernel_us } = receipt.to_wire();
    // By name, as the map keeps them.
    let choices = [
        ("batch_rows", ParameterChoice::Int64Param(batch_rows.into())),
        ("digest", ParameterChoice::StringParam(model.digest())),
        ("imputed_cells", ParameterChoice::Int64Param(imputed.into())),
        ("kernel_us", ParameterChoice::Int64Param(i64::try_from(kernel_us).unwrap_or(i64::MAX))),
        ("queue_us", ParameterChoice::Int64Param(i64::try_from(queue_us).unwrap_or(i64::MAX))),
    ];
    let parameter = |choice| InferParameter { parameter_choice: Some(choice) };
    choices.map(|(name, choice)| (name.to_owned(), parameter(choice))).into()
}

/// The protocol tells a failed message by a text beside its id.
pub(super) fn in_band(
    id: String,
    outcome: Result<ModelInferResponse, ServingError>,
) -> ModelStreamInferResponse {
    match outcome {
        Ok(response) => {
            ModelStreamInferResponse { infer_response: Some(response), ..Default::default() }
        }
        Err(error) => ModelStreamInferResponse {
            error_message: status(&error).message().to_owned(),
            infer_response: Some(ModelInferResponse { id, ..Default::default() }),
        },
    }
}
