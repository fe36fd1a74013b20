//! Tensors of a request → rows.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use millwright_domain::ModelSignature;
use millwright_proto::inference::{
    InferTensorContents, ModelInferRequest, model_infer_request::InferInputTensor,
};
use millwright_tensor::{Column, ColumnSpec, Datatype, Rows};

use super::{
    Encoding,
    number::{widened_raw, widened_typed},
    short,
};
use crate::{LONGEST_TEXT, WireError, convert::parse, too_long};

/// The rows that the inputs of `request` hold, and how they came.
///
/// Where the model takes numbers, FP32 stays as it came and every other type becomes FP64; a 64-bit
/// integer beyond 2⁵³ is rounded. FP16 and BF16 have no typed list: they come raw.
///
/// # Errors
/// [`WireError`] names the input that is missing, unknown, or of another type, shape or size, and the
/// element that its type does not have.
pub fn decode(
    signature: &ModelSignature,
    request: &ModelInferRequest,
) -> Result<(Rows, Encoding), WireError> {
    let encoding = encoding(request)?;
    let given = Given::of(signature, request)?;
    let mut n = None;
    let mut columns = Vec::with_capacity(signature.inputs.len());
    for spec in &signature.inputs {
        let missing = || WireError::new("inputs", format!("input {:?} is missing", spec.name));
        let (i, tensor) = given.input(columns.len(), &spec.name).ok_or_else(missing)?;
        let raw = request.raw_input_contents.get(i);
        let input = Input { spec, tensor, raw };
        let column = input.column().map_err(|error| error.within(&format!("inputs[{i}]")))?;
        let rows = *n.get_or_insert(column.n);
        if rows != column.n {
            let problem = format!("has {} rows, the first input has {rows}", column.n);
            return Err(WireError::new(format!("inputs[{i}].shape"), problem));
        }
        columns.push(column.values);
    }
    let rows = Rows::new(n.unwrap_or(0), columns);
    Ok((rows.map_err(|error| WireError::new("inputs", error.to_string()))?, encoding))
}

fn encoding(request: &ModelInferRequest) -> Result<Encoding, WireError> {
    if request.raw_input_contents.is_empty() {
        return Ok(Encoding::Typed);
    }
    if let Some(i) = request.inputs.iter().position(|input| input.contents.is_some()) {
        let problem = "must be unset where raw_input_contents is used";
        return Err(WireError::new(format!("inputs[{i}].contents"), problem));
    }
    let (given, wanted) = (request.raw_input_contents.len(), request.inputs.len());
    if given != wanted {
        let problem = format!("has {given} entries for {wanted} inputs");
        return Err(WireError::new("raw_input_contents", problem));
    }
    Ok(Encoding::Raw)
}

/// The inputs of a request.
enum Given<'a> {
    /// They come as the signature names them, which saves most requests two tables.
    InOrder(&'a [InferInputTensor]),
    /// By name, each with its position in the request.
    ByName(HashMap<&'a str, (usize, &'a InferInputTensor)>),
}

impl<'a> Given<'a> {
    /// Refuses inputs that the model does not have, that come twice, or that ask for what is not done.
    fn of(signature: &ModelSignature, request: &'a ModelInferRequest) -> Result<Self, WireError> {
        let (names, inputs) = (signature.inputs.iter().map(|spec| &spec.name), &request.inputs);
        if names.eq(inputs.iter().map(|tensor| &tensor.name)) {
            inputs.iter().enumerate().try_for_each(check_parameters)?;
            return Ok(Self::InOrder(inputs));
        }
        let known = signature.inputs.iter().map(|input| &*input.name).collect::<HashSet<_>>();
        let mut given = HashMap::with_capacity(known.len());
        for (i, tensor) in inputs.iter().enumerate() {
            let name = short(&tensor.name);
            let problem = if !known.contains(&*tensor.name) {
                format!("the model has no input {name:?}")
            } else if given.insert(&*tensor.name, (i, tensor)).is_some() {
                format!("input {name:?} is given twice")
            } else {
                check_parameters((i, tensor))?;
                continue;
            };
            return Err(WireError::new(format!("inputs[{i}]"), problem));
        }
        Ok(Self::ByName(given))
    }

    /// The input `name`, which is the `i`th of the signature, and its position in the request.
    fn input(&self, i: usize, name: &str) -> Option<(usize, &'a InferInputTensor)> {
        match self {
            Self::InOrder(inputs) => Some((i, inputs.get(i)?)),
            Self::ByName(inputs) => inputs.get(name).copied(),
        }
    }
}

/// Refuses an input that asks for what is not done.
fn check_parameters((i, tensor): (usize, &InferInputTensor)) -> Result<(), WireError> {
    let Some(parameter) = tensor.parameters.keys().next() else { return Ok(()) };
    let problem = format!("parameter {:?} is not supported", short(parameter));
    Err(WireError::new(format!("inputs[{i}]"), problem))
}

/// One input of a request, and what the model expects it to be.
struct Input<'a> {
    spec: &'a ColumnSpec,
    tensor: &'a InferInputTensor,
    raw: Option<&'a Bytes>,
}

/// A column and its number of rows.
struct Decoded {
    n: usize,
    values: Column,
}

impl Input<'_> {
    fn column(&self) -> Result<Decoded, WireError> {
        let datatype: Datatype = parse("datatype", &self.tensor.datatype)?;
        let n = self.n_rows()?;
        // Elements are counted in the contents before anything is allocated for them.
        let elements = n.checked_mul(self.spec.width()).ok_or_else(|| self.misfit())?;
        let values = match (self.spec.datatype, datatype) {
            (Datatype::Bytes, Datatype::Bytes) => self.texts(elements)?,
            (Datatype::Bytes, _) | (_, Datatype::Bytes) => return Err(self.mistyped()),
            (_, Datatype::Fp32) => self.singles(elements)?,
            (_, wide) => self.widened(wide, elements)?,
        };
        Ok(Decoded { n, values })
    }

    /// Rows by the shape: [n, …row_shape]; a single element a row may also come as [n, 1].
    fn n_rows(&self) -> Result<usize, WireError> {
        let split = self.tensor.shape.split_first();
        let n = split.and_then(|(n, row)| Some((usize::try_from(*n).ok()?, row)));
        let Some((n, row)) = n else {
            return Err(WireError::new("shape", "needs the number of rows, which is 0 or more"));
        };
        let wanted = self.spec.row_shape.iter().map(|length| Ok(*length));
        let is_whole = row.iter().map(|length| usize::try_from(*length)).eq(wanted);
        let is_lone = self.spec.row_shape.is_empty() && row == [1];
        if is_whole || is_lone {
            return Ok(n);
        }
        let wanted = super::metadata::shape(-1, self.spec);
        Err(WireError::new("shape", format!("must be {wanted:?}, where -1 is any number of rows")))
    }

    fn misfit(&self) -> WireError {
        WireError::new("contents", "do not hold the number of elements that shape and type say")
    }

    fn mistyped(&self) -> WireError {
        let (given, wanted) = (&self.tensor.datatype, self.spec.datatype);
        WireError::new("datatype", format!("{given} where the model takes {wanted}"))
    }

    fn contents(&self) -> Result<&InferTensorContents, WireError> {
        let contents = self.tensor.contents.as_ref().ok_or_else(|| self.misfit())?;
        if lists(contents) > 1 {
            let problem = "must be one list, the one of the tensor's datatype";
            return Err(WireError::new("contents", problem));
        }
        Ok(contents)
    }

    fn texts(&self, elements: usize) -> Result<Column, WireError> {
        let column = match self.raw {
            Some(raw) => prefixed(raw, elements).ok_or_else(|| self.misfit())?,
            None => self.listed(elements)?,
        };
        match (0..elements).find(|row| column.bytes(*row).len() > LONGEST_TEXT) {
            Some(row) => Err(WireError::new("contents", too_long(row))),
            None => Ok(column),
        }
    }

    fn listed(&self, elements: usize) -> Result<Column, WireError> {
        let texts = &self.contents()?.bytes_contents;
        if texts.len() != elements {
            return Err(self.misfit());
        }
        Column::var(texts).ok_or_else(|| WireError::new("contents", "more than 4 GiB of text"))
    }

    /// FP32, in the buffer that it came in where it came raw.
    fn singles(&self, elements: usize) -> Result<Column, WireError> {
        let width = self.spec.width();
        let column = match self.raw {
            Some(raw) => Column::Fixed { datatype: Datatype::Fp32, width, data: raw.clone() },
            None => Column::fp32(width, &self.contents()?.fp32_contents),
        };
        let Column::Fixed { data, .. } = &column else { return Err(self.misfit()) };
        let fits = elements.checked_mul(size_of::<f32>()) == Some(data.len());
        if fits { Ok(column) } else { Err(self.misfit()) }
    }

    fn widened(&self, datatype: Datatype, elements: usize) -> Result<Column, WireError> {
        let size = datatype.size().ok_or_else(|| self.mistyped())?;
        let data = match self.raw {
            Some(raw) if elements.checked_mul(size) != Some(raw.len()) => {
                return Err(self.misfit());
            }
            Some(raw) => widened_raw(datatype, raw)?,
            None => widened_typed(datatype, self.contents()?)?,
        };
        if elements.checked_mul(size_of::<f64>()) != Some(data.len()) {
            return Err(self.misfit());
        }
        let width = self.spec.width();
        Ok(Column::Fixed { datatype: Datatype::Fp64, width, data: data.into() })
    }
}

/// How many of the lists hold something.
fn lists(contents: &InferTensorContents) -> usize {
    let is_empty = [
        contents.bool_contents.is_empty(),
        contents.int_contents.is_empty(),
        contents.int64_contents.is_empty(),
        contents.uint_contents.is_empty(),
        contents.uint64_contents.is_empty(),
        contents.fp32_contents.is_empty(),
        contents.fp64_contents.is_empty(),
        contents.bytes_contents.is_empty(),
    ];
    is_empty.iter().filter(|is_empty| !**is_empty).count()
}

/// Texts that each follow their length, a little-endian u32.
fn prefixed(mut raw: &[u8], elements: usize) -> Option<Column> {
    let payload = raw.len().checked_sub(elements.checked_mul(size_of::<u32>())?)?;
    let mut offsets = Vec::with_capacity(elements + 1);
    let mut data = Vec::with_capacity(payload);
    offsets.push(0);
    for _ in 0..elements {
        let (length, rest) = raw.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        data.extend_from_slice(text);
        offsets.push(u32::try_from(data.len()).ok()?);
        raw = rest;
    }
    raw.is_empty().then(|| Column::Var { offsets, data: data.into() })
}

#[cfg(test)]
mod tests;
