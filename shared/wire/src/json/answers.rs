//! Answers to questions about the server and its models.

use millwright_proto::inference::{
    DataType, InferBatchStatistics, InferStatistics, ModelConfig, ModelDynamicBatching,
    ModelMetadataResponse, ModelQueuePolicy, ModelStatistics, ModelStatisticsResponse,
    RepositoryIndexResponse, ServerMetadataResponse, StatisticDuration,
    model_config::SchedulingChoice, model_metadata_response::TensorMetadata,
    model_queue_policy::TimeoutAction, repository_index_response::ModelIndex,
};
use serde_json::{Value, json};

/// Answer to `GET v2`.
pub fn server_metadata(answer: &ServerMetadataResponse) -> Value {
    let ServerMetadataResponse { name, version, extensions } = answer;
    json!({ "name": name, "version": version, "extensions": extensions })
}

/// Answer to `GET v2/models/{model}`.
pub fn model_metadata(answer: &ModelMetadataResponse) -> Value {
    let ModelMetadataResponse { name, versions, platform, inputs, outputs } = answer;
    let tensors = |tensors: &[TensorMetadata]| tensors.iter().map(tensor).collect::<Value>();
    json!({
        "name": name,
        "versions": versions,
        "platform": platform,
        "inputs": tensors(inputs),
        "outputs": tensors(outputs),
    })
}

fn tensor(tensor: &TensorMetadata) -> Value {
    let TensorMetadata { name, datatype, shape } = tensor;
    json!({ "name": name, "datatype": datatype, "shape": shape })
}

/// Answer to `GET v2/models/{model}/config`.
pub fn model_config(config: &ModelConfig) -> Value {
    let inputs = config.input.iter();
    let inputs = inputs.map(|input| part(&input.name, input.data_type(), &input.dims));
    let outputs = config.output.iter();
    let outputs = outputs.map(|output| part(&output.name, output.data_type(), &output.dims));
    let mut told = json!({
        "name": config.name,
        "platform": config.platform,
        "backend": config.backend,
        "max_batch_size": config.max_batch_size,
        "input": inputs.collect::<Value>(),
        "output": outputs.collect::<Value>(),
    });
    if let Some(SchedulingChoice::DynamicBatching(batching)) = &config.scheduling_choice {
        told["dynamic_batching"] = dynamic_batching(batching);
    }
    told
}

/// An input or an output.
fn part(name: &str, data_type: DataType, dims: &[i64]) -> Value {
    json!({ "name": name, "data_type": data_type.as_str_name(), "dims": dims })
}

fn dynamic_batching(batching: &ModelDynamicBatching) -> Value {
    let mut told = json!({
        "max_queue_delay_microseconds": batching.max_queue_delay_microseconds,
        "priority_levels": batching.priority_levels,
        "default_priority_level": batching.default_priority_level,
    });
    if let Some(policy) = &batching.default_queue_policy {
        told["default_queue_policy"] = queue_policy(policy);
    }
    told
}

fn queue_policy(policy: &ModelQueuePolicy) -> Value {
    let action: TimeoutAction = policy.timeout_action();
    json!({
        "timeout_action": action.as_str_name(),
        "default_timeout_microseconds": policy.default_timeout_microseconds,
        "allow_timeout_override": policy.allow_timeout_override,
    })
}

/// Answer to `GET v2/models/{model}/stats` and `GET v2/models/stats`.
pub fn model_statistics(answer: &ModelStatisticsResponse) -> Value {
    json!({ "model_stats": answer.model_stats.iter().map(statistics).collect::<Value>() })
}

fn statistics(model: &ModelStatistics) -> Value {
    json!({
        "name": model.name,
        "version": model.version,
        "last_inference": model.last_inference,
        "inference_count": model.inference_count,
        "execution_count": model.execution_count,
        "inference_stats": requests(&model.inference_stats.unwrap_or_default()),
        "batch_stats": model.batch_stats.iter().map(batches).collect::<Value>(),
    })
}

fn requests(statistics: &InferStatistics) -> Value {
    json!({
        "success": duration(statistics.success),
        "fail": duration(statistics.fail),
        "queue": duration(statistics.queue),
        "compute_input": duration(statistics.compute_input),
        "compute_infer": duration(statistics.compute_infer),
        "compute_output": duration(statistics.compute_output),
    })
}

fn batches(statistics: &InferBatchStatistics) -> Value {
    json!({
        "batch_size": statistics.batch_size,
        "compute_input": duration(statistics.compute_input),
        "compute_infer": duration(statistics.compute_infer),
        "compute_output": duration(statistics.compute_output),
    })
}

fn duration(duration: Option<StatisticDuration>) -> Value {
    let StatisticDuration { count, ns } = duration.unwrap_or_default();
    json!({ "count": count, "ns": ns })
}

/// Answer to `POST v2/repository/index`.
pub fn repository_index(answer: &RepositoryIndexResponse) -> Value {
    answer.models.iter().map(index).collect()
}

/// `version` and `reason` are absent where there is none.
fn index(model: &ModelIndex) -> Value {
    let ModelIndex { name, version, state, reason } = model;
    let mut told = json!({ "name": name, "state": state });
    for (member, text) in [("version", version), ("reason", reason)] {
        if !text.is_empty() {
            told[member] = text.as_str().into();
        }
    }
    told
}
