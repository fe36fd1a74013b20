//! Rows → tensors of an answer.

use std::num::NonZeroUsize;

use bytes::Bytes;
use millwright_domain::ModelSignature;
use millwright_proto::inference::{
    InferTensorContents, ModelInferResponse, model_infer_request::InferRequestedOutputTensor,
    model_infer_response::InferOutputTensor,
};
use millwright_tensor::{Column, ColumnSpec, Datatype, Rows};

use super::{Encoding, classification, metadata::shape, short};
use crate::WireError;

/// The outputs that a request asks for, in its order.
pub struct Outputs<'a>(Vec<Output<'a>>);

/// One of them.
struct Output<'a> {
    /// In the signature.
    position: usize,
    spec: &'a ColumnSpec,
    /// As many of the most probable classes instead of all scores.
    classes: Option<NonZeroUsize>,
}

impl<'a> Outputs<'a> {
    /// The outputs that are `wanted`, or all where none is named, of a model with this signature.
    ///
    /// # Errors
    /// [`WireError`] names the wanted output that the model does not have, or that asks for what is
    /// not done.
    pub fn of(
        signature: &'a ModelSignature,
        wanted: &[InferRequestedOutputTensor],
    ) -> Result<Self, WireError> {
        if wanted.is_empty() {
            let all = signature.outputs.iter().enumerate();
            let whole = |(position, spec)| Output { position, spec, classes: None };
            return Ok(Self(all.map(whole).collect()));
        }
        let output = |(i, output): (usize, &InferRequestedOutputTensor)| {
            let is_given = wanted[..i].iter().any(|earlier| earlier.name == output.name);
            let found = if is_given {
                Err(WireError::new("name", "is asked for twice"))
            } else {
                Output::of(signature, output)
            };
            found.map_err(|error| error.within(&format!("outputs[{i}]")))
        };
        Ok(Self(wanted.iter().enumerate().map(output).collect::<Result<_, _>>()?))
    }

    /// Bytes that the answer to `n` rows has at least.
    pub fn shortest(&self, n: usize) -> usize {
        n.saturating_mul(self.0.iter().map(Output::shortest).sum())
    }

    /// An answer with these outputs; names and version of the response are left to the caller.
    ///
    /// # Errors
    /// [`WireError`] where the model answered without one of them.
    pub fn encode(
        &self,
        answer: &Rows,
        encoding: Encoding,
    ) -> Result<ModelInferResponse, WireError> {
        let mut response = ModelInferResponse {
            outputs: Vec::with_capacity(self.0.len()),
            ..ModelInferResponse::default()
        };
        for output in &self.0 {
            let (mut tensor, column) = output.tensor(answer)?;
            let elements = output.classes.map_or(1, NonZeroUsize::get) * answer.len();
            match encoding {
                Encoding::Typed => tensor.contents = Some(typed(&column, elements)),
                Encoding::Raw => response.raw_output_contents.push(raw(&column, elements)),
            }
            response.outputs.push(tensor);
        }
        Ok(response)
    }
}

impl<'a> Output<'a> {
    fn of(
        signature: &'a ModelSignature,
        wanted: &InferRequestedOutputTensor,
    ) -> Result<Self, WireError> {
        let found = signature.outputs.iter().position(|spec| spec.name == wanted.name);
        let unknown = || {
            let problem = format!("the model has no output {:?}", short(&wanted.name));
            WireError::new("name", problem)
        };
        let position = found.ok_or_else(unknown)?;
        let spec = &signature.outputs[position];
        Ok(Self { position, spec, classes: classification::classes(wanted, spec)? })
    }

    /// Bytes of a row, at least; a text has a length at least.
    fn shortest(&self) -> usize {
        let text = size_of::<u32>();
        match (self.classes, self.spec.datatype.size()) {
            (Some(k), _) => k.get().saturating_mul(text + classification::SHORTEST),
            (None, Some(size)) => self.spec.width().saturating_mul(size),
            (None, None) => 1,
        }
    }

    /// Header and elements of the tensor.
    fn tensor(&self, answer: &Rows) -> Result<(InferOutputTensor, Column), WireError> {
        let missing = || WireError::new("outputs", "the model answered without it");
        let column = answer.columns().get(self.position).ok_or_else(missing)?;
        let n = i64::try_from(answer.len()).unwrap_or(i64::MAX);
        let name = self.spec.name.clone();
        let (datatype, shape, column) = match self.classes {
            None => (self.spec.datatype, shape(n, self.spec), column.clone()),
            Some(k) => {
                let shape = vec![n, i64::try_from(k.get()).unwrap_or(i64::MAX)];
                (Datatype::Bytes, shape, classification::texts(column, self.spec, k)?)
            }
        };
        let datatype = datatype.name().to_owned();
        Ok((InferOutputTensor { name, datatype, shape, ..Default::default() }, column))
    }
}

/// Outputs of models are FP32 or strings of bytes, of which there are `n`.
fn typed(column: &Column, n: usize) -> InferTensorContents {
    match column {
        Column::Fixed { .. } => {
            InferTensorContents { fp32_contents: column.to_f32().collect(), ..Default::default() }
        }
        Column::Coded { codes, texts } => InferTensorContents {
            bytes_contents: codes.iter().filter_map(|c| texts.get(*c as usize).cloned()).collect(),
            ..Default::default()
        },
        Column::Var { .. } => InferTensorContents {
            bytes_contents: (0..n).map(|i| Bytes::copy_from_slice(column.bytes(i))).collect(),
            ..Default::default()
        },
    }
}

fn raw(column: &Column, n: usize) -> Bytes {
    match column {
        Column::Fixed { data, .. } => data.clone(),
        Column::Var { .. } | Column::Coded { .. } => {
            let mut framed = Vec::with_capacity(column.byte_len() + n * size_of::<u32>());
            for text in (0..n).map(|i| column.bytes(i)) {
                // Offsets of a column are u32, so is the length of a text in it; a class is shorter.
                framed.extend_from_slice(&(text.len() as u32).to_le_bytes());
                framed.extend_from_slice(text);
            }
            framed.into()
        }
    }
}
