//! What clients ask about the server and its models.

use std::sync::Arc;

use millwright_proto::inference::{
    ModelConfig, ModelConfigRequest, ModelConfigResponse, ModelDynamicBatching,
    ModelMetadataRequest, ModelMetadataResponse, ModelQueuePolicy, ModelStatistics,
    ModelStatisticsRequest, ModelStatisticsResponse, ServerMetadataResponse,
    model_config::SchedulingChoice, model_queue_policy::TimeoutAction,
};
use millwright_wire::oip;

use crate::{
    BatchPolicy, Priority, ServingError,
    inference::{Inference, reference},
    model::ServedModel,
};

/// What computes all models, as configurations name it.
const BACKEND: &str = "millwright";
const PLATFORM: &str = "millwright_pipeline";

/// Extensions of the protocol, by the names that Triton has given them.
const EXTENSIONS: [&str; 6] = [
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "schedule_policy",
    "statistics",
];

pub(super) fn server() -> ServerMetadataResponse {
    ServerMetadataResponse {
        name: "millwright".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        extensions: EXTENSIONS.map(str::to_owned).to_vec(),
    }
}

impl Inference {
    pub(super) fn metadata(
        &self,
        request: &ModelMetadataRequest,
    ) -> Result<ModelMetadataResponse, ServingError> {
        let model = self.named(&request.name, &request.version)?;
        let loaded = self.catalog.loaded_of(&model.name)?;
        Ok(ModelMetadataResponse {
            name: model.name.to_string(),
            versions: loaded.iter().map(|other| other.version.to_string()).collect(),
            platform: PLATFORM.to_owned(),
            inputs: oip::inputs(&model.signature),
            outputs: oip::outputs(&model.signature),
        })
    }

    pub(super) fn config(
        &self,
        request: &ModelConfigRequest,
    ) -> Result<ModelConfigResponse, ServingError> {
        let model = self.named(&request.name, &request.version)?;
        let policy = model.batcher.policy();
        let config = ModelConfig {
            name: model.name.to_string(),
            platform: PLATFORM.to_owned(),
            backend: BACKEND.to_owned(),
            max_batch_size: i32::try_from(policy.max_batch_size).unwrap_or(i32::MAX),
            input: oip::config_inputs(&model.signature),
            output: oip::config_outputs(&model.signature),
            scheduling_choice: Some(SchedulingChoice::DynamicBatching(batching(policy))),
        };
        Ok(ModelConfigResponse { config: Some(config) })
    }

    pub(super) fn statistics(
        &self,
        request: &ModelStatisticsRequest,
    ) -> Result<ModelStatisticsResponse, ServingError> {
        let ModelStatisticsRequest { name, version } = request;
        let models = match (name.as_str(), version.as_str()) {
            ("", "") => self.catalog.loaded(),
            (_, "") => self.catalog.loaded_of(&reference::of("name", name, "version", "")?.name)?,
            _ => vec![self.named(name, version)?],
        };
        let told = |model: &Arc<ServedModel>| ModelStatistics {
            name: model.name.to_string(),
            version: model.version.to_string(),
            ..model.batcher.statistics().to_oip()
        };
        Ok(ModelStatisticsResponse { model_stats: models.iter().map(told).collect() })
    }

    fn named(&self, name: &str, version: &str) -> Result<Arc<ServedModel>, ServingError> {
        self.catalog.resolve(&reference::of("name", name, "version", version)?)
    }
}

fn batching(policy: &BatchPolicy) -> ModelDynamicBatching {
    let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    ModelDynamicBatching {
        max_queue_delay_microseconds: micros(policy.max_queue_delay),
        priority_levels: Priority::ALL.len() as u64,
        default_priority_level: Priority::default().level(),
        default_queue_policy: Some(ModelQueuePolicy {
            timeout_action: TimeoutAction::Reject.into(),
            default_timeout_microseconds: micros(policy.patience().unwrap_or_default()),
            allow_timeout_override: true,
        }),
    }
}
