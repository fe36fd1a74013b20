//! Rows as tensors: the codec of the Open Inference Protocol.

mod classification;
mod input;
mod metadata;
mod number;
mod output;
mod parameters;
mod repository;

pub use input::decode;
pub use metadata::{config_inputs, config_outputs, inputs, outputs};
pub use output::Outputs;
pub use parameters::{RequestParameters, parameters};
pub use repository::{to_load, to_unload};

/// How the elements of tensors travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In typed lists, inside the tensors.
    Typed,
    /// As little-endian bytes, beside the tensors.
    Raw,
}

/// As much of a caller's name as an error repeats.
fn short(name: &str) -> String {
    name.chars().take(80).collect()
}
