//! The answer to an inference request → its body.

use std::io;

use bytes::Bytes;
use millwright_proto::inference::{ModelInferResponse, model_infer_response::InferOutputTensor};
use millwright_tensor::Datatype;
use serde::Serialize;

use super::{OutputForms, contents::Contents, parameters::Told};

/// Why an answer cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// JSON has no words for what is in it.
    #[error("{0}")]
    Unwritable(String),
    /// It is longer than answers may be.
    #[error(
        "the answer is longer than the {limit} bytes of a message: \
         send fewer rows at once, or ask for binary outputs"
    )]
    TooLong {
        /// Longest answer, in bytes.
        limit: usize,
    },
}

/// A body, and where its binary begins.
#[derive(Debug)]
pub struct InferBody {
    /// JSON, then the binary outputs in order.
    pub bytes: Vec<u8>,
    /// Bytes of the JSON, where something follows it.
    pub json_bytes: Option<usize>,
}

/// `response`, which came with raw contents, in the `forms` that its caller wants, in at most
/// `limit` bytes.
///
/// # Errors
/// [`EncodeError`].
pub fn infer_response(
    response: &ModelInferResponse,
    forms: &OutputForms,
    limit: usize,
) -> Result<InferBody, EncodeError> {
    let outputs = response.outputs.iter().zip(&response.raw_output_contents);
    let outputs = outputs.map(|(tensor, raw)| {
        Ok(Output {
            tensor,
            raw,
            datatype: datatype(tensor)?,
            binary: forms.is_binary(&tensor.name),
        })
    });
    let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
    let mut body = Bounded { bytes: Vec::new(), limit };
    let answer = Answer::new(response, &outputs);
    serde_json::to_writer(&mut body, &answer).map_err(|error| match error.is_io() {
        true => EncodeError::TooLong { limit },
        false => EncodeError::Unwritable(error.to_string()),
    })?;
    let json_bytes = body.bytes.len();
    for output in outputs.iter().filter(|output| output.binary) {
        io::Write::write_all(&mut body, output.raw).map_err(|_| EncodeError::TooLong { limit })?;
    }
    let has_binary = outputs.iter().any(|output| output.binary);
    Ok(InferBody { bytes: body.bytes, json_bytes: has_binary.then_some(json_bytes) })
}

fn datatype(tensor: &InferOutputTensor) -> Result<Datatype, EncodeError> {
    let unknown =
        || EncodeError::Unwritable(format!("output {:?} is of no known type", tensor.name));
    tensor.datatype.parse().map_err(|_| unknown())
}

/// One output on its way out.
struct Output<'a> {
    tensor: &'a InferOutputTensor,
    raw: &'a Bytes,
    datatype: Datatype,
    binary: bool,
}

/// An answer as it is written.
#[derive(Serialize)]
struct Answer<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "Told::is_empty")]
    parameters: Told<'a>,
    outputs: Vec<Tensor<'a>>,
}

/// One of its outputs.
#[derive(Serialize)]
struct Tensor<'a> {
    name: &'a str,
    datatype: &'a str,
    shape: &'a [i64],
    #[serde(skip_serializing_if = "Told::is_empty")]
    parameters: Told<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Contents<'a>>,
}

impl<'a> Answer<'a> {
    fn new(response: &'a ModelInferResponse, outputs: &[Output<'a>]) -> Self {
        Self {
            model_name: &response.model_name,
            model_version: &response.model_version,
            id: &response.id,
            parameters: Told::new(&response.parameters),
            outputs: outputs.iter().map(Tensor::new).collect(),
        }
    }
}

impl<'a> Tensor<'a> {
    fn new(output: &Output<'a>) -> Self {
        let InferOutputTensor { name, datatype, shape, parameters, .. } = output.tensor;
        let parameters = Told::new(parameters);
        let (parameters, data) = match output.binary {
            true => (parameters.with_size(output.raw.len()), None),
            false => (parameters, Some(Contents { datatype: output.datatype, raw: output.raw })),
        };
        Self { name, datatype, shape, parameters, data }
    }
}

/// Bytes up to a limit; writing beyond it fails.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
