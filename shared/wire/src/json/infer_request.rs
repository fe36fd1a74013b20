//! The body of an inference request → its message.

use std::collections::HashMap;

use bytes::Bytes;
use millwright_proto::inference::{
    ModelInferRequest,
    model_infer_request::{InferInputTensor, InferRequestedOutputTensor},
};
use millwright_tensor::Datatype;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{BINARY_DATA_SIZE, data, few::Few, parameters::Parameters, text::read};
use crate::{WireError, convert::parse};

/// The message that `body` says, with raw contents, and how its answer is wanted. Model and version
/// are left to the caller, who knows them from the path.
///
/// The first `json_bytes` of the body are JSON, all of it where none are named; what follows are the
/// binary tensors, in the order of the inputs.
///
/// # Errors
/// [`WireError`] names the member that is wrong. It never repeats an element of a tensor.
pub fn infer_request(
    body: &Bytes,
    json_bytes: Option<usize>,
) -> Result<(ModelInferRequest, OutputForms), WireError> {
    let json_bytes = json_bytes.unwrap_or(body.len());
    if json_bytes > body.len() {
        let problem = format!("says {json_bytes} bytes of a body that has {}", body.len());
        return Err(WireError::new("Inference-Header-Content-Length", problem));
    }
    let (json, mut binary) = (body.slice(..json_bytes), body.slice(json_bytes..));
    let mut json: Request<'_> = read(&json)?;
    let forms = OutputForms::of(&mut json)?;
    let mut request = ModelInferRequest {
        id: json.id.unwrap_or_default(),
        parameters: json.parameters.unwrap_or_default().into_wire(),
        outputs: outputs(json.outputs.unwrap_or_default()),
        ..ModelInferRequest::default()
    };
    for (i, input) in json.inputs.0.into_iter().enumerate() {
        let taken = input.take(&mut binary);
        let (tensor, raw) = taken.map_err(|error| error.within(&format!("inputs[{i}]")))?;
        request.inputs.push(tensor);
        request.raw_input_contents.push(raw);
    }
    match binary.len() {
        0 => Ok((request, forms)),
        left => Err(WireError::new("inputs", format!("leave {left} bytes of the body to nobody"))),
    }
}

/// A request as it is written.
#[derive(Deserialize)]
struct Request<'a> {
    id: Option<String>,
    parameters: Option<Parameters>,
    #[serde(borrow)]
    inputs: Few<Input<'a>>,
    outputs: Option<Few<Output>>,
}

/// One of its inputs.
#[derive(Deserialize)]
struct Input<'a> {
    name: String,
    shape: Few<i64>,
    datatype: String,
    parameters: Option<Parameters>,
    // Read when the datatype is known: it may come later in the text.
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// One of the outputs that it wants.
#[derive(Deserialize)]
struct Output {
    name: String,
    parameters: Option<Parameters>,
}

impl Input<'_> {
    /// The tensor and its contents, which are cut off `binary` where they are not in the text.
    fn take(self, binary: &mut Bytes) -> Result<(InferInputTensor, Bytes), WireError> {
        let datatype: Datatype = parse("datatype", &self.datatype)?;
        let mut parameters = self.parameters.unwrap_or_default();
        let shape = self.shape.0;
        let raw = match (self.data, parameters.take_size(BINARY_DATA_SIZE)?) {
            (Some(data), None) => data::contents(datatype, &shape, data)
                .map_err(|problem| WireError::new("data", problem))?,
            (None, Some(size)) if size <= binary.len() => binary.split_to(size),
            (None, Some(size)) => {
                let problem = format!("says {size}, and {} bytes are left", binary.len());
                return Err(WireError::new("parameters.binary_data_size", problem));
            }
            (Some(_), Some(_)) => {
                return Err(WireError::new(
                    "data",
                    "must be absent where binary_data_size is given",
                ));
            }
            (None, None) => return Err(WireError::new("data", "is missing")),
        };
        let (name, datatype, parameters) = (self.name, self.datatype, parameters.into_wire());
        Ok((InferInputTensor { name, datatype, shape, parameters, contents: None }, raw))
    }
}

fn outputs(outputs: Few<Output>) -> Vec<InferRequestedOutputTensor> {
    let wanted = |output: Output| InferRequestedOutputTensor {
        name: output.name,
        parameters: output.parameters.unwrap_or_default().into_wire(),
    };
    outputs.0.into_iter().map(wanted).collect()
}

/// Which outputs a caller wants as binary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputForms {
    otherwise: bool,
    by_name: HashMap<String, bool>,
}

impl OutputForms {
    /// Takes the parameters that say so out of a request.
    fn of(request: &mut Request<'_>) -> Result<Self, WireError> {
        let mut forms = Self::default();
        if let Some(parameters) = &mut request.parameters {
            forms.otherwise = parameters.take_flag("binary_data_output")?.unwrap_or(false);
        }
        let outputs = request.outputs.iter_mut().flat_map(|outputs| &mut outputs.0);
        for (i, output) in outputs.enumerate() {
            let Some(parameters) = &mut output.parameters else { continue };
            let flag = parameters.take_flag("binary_data");
            if let Some(flag) = flag.map_err(|error| error.within(&format!("outputs[{i}]")))? {
                forms.by_name.insert(output.name.clone(), flag);
            }
        }
        Ok(forms)
    }

    /// Whether the output `name` goes as binary.
    pub(super) fn is_binary(&self, name: &str) -> bool {
        self.by_name.get(name).copied().unwrap_or(self.otherwise)
    }
}

#[cfg(test)]
mod tests;
