//! The messages of the Open Inference Protocol as its REST face writes them: JSON, and tensors as
//! binary behind it.
//!
//! What is read becomes the same messages that gRPC carries, with raw contents: a number is checked
//! against its datatype here, everything else where gRPC's messages are. NaN and the infinities
//! travel only as binary, since JSON has no words for them. Members that the protocol does not name
//! are passed over, as unknown fields of a message are.
//!
//! Source: Open Inference Protocol, REST; Triton's extensions for binary tensor data, statistics,
//! model configuration and the model repository.

mod answers;
mod contents;
mod data;
mod few;
mod infer_request;
mod infer_response;
mod parameters;
mod repository;
mod text;

pub use answers::{
    model_config, model_metadata, model_statistics, repository_index, server_metadata,
};
pub use infer_request::{OutputForms, infer_request};
pub use infer_response::{EncodeError, InferBody, infer_response};
pub use repository::{index_request, load_request, unload_request};

/// How long a tensor's binary is.
const BINARY_DATA_SIZE: &str = "binary_data_size";
