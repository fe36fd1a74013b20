//! Requests, encoded once and sent often.

use bytes::Bytes;
use millwright_proto::{
    inference::{ModelInferRequest, model_infer_request::InferInputTensor},
    predictor::PredictRequest,
};
use millwright_tensor::Datatype;
use prost::Message;

use super::{BenchError, Input, Model, random::Random};

/// Different requests, so that no cache answers them.
const DIFFERENT: usize = 64;

/// Bytes that all requests may have together, and so one.
const MOST_BYTES: usize = 64 << 20;

/// Encoded requests without an id.
#[derive(Default)]
pub(crate) struct Requests {
    encoded: Vec<Bytes>,
    /// Of all.
    bytes: usize,
}

impl Requests {
    /// Requests of `n_rows` random rows each.
    ///
    /// # Errors
    /// One request is too long, or the model takes one row at a time.
    pub(crate) fn random(model: &Model, n_rows: usize, seed: u64) -> Result<Self, BenchError> {
        let mut random = Random::of(seed);
        let mut requests = Self::default();
        while requests.encoded.len() < DIFFERENT && requests.has_room() {
            let mut request = RequestBuilder::new(model, n_rows)?;
            request.fill(&mut random)?;
            requests.push(request)?;
        }
        Ok(requests)
    }

    /// Adds one.
    ///
    /// # Errors
    /// It is too long.
    pub(crate) fn push(&mut self, request: RequestBuilder<'_>) -> Result<(), BenchError> {
        self.add(&request.finish())
    }

    /// Adds one of our own contract.
    ///
    /// # Errors
    /// It is too long.
    pub(crate) fn push_native(&mut self, request: &PredictRequest) -> Result<(), BenchError> {
        self.add(request)
    }

    fn add(&mut self, request: &impl Message) -> Result<(), BenchError> {
        let bytes = request.encoded_len();
        if bytes > MOST_BYTES {
            return Err(BenchError::TooLong { bytes, limit: MOST_BYTES });
        }
        self.bytes += bytes;
        self.encoded.push(request.encode_to_vec().into());
        Ok(())
    }

    /// Whether one more, as long as the last, may be kept.
    pub(crate) fn has_room(&self) -> bool {
        let last = self.encoded.last().map_or(0, Bytes::len);
        self.bytes + last <= MOST_BYTES
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.encoded.is_empty()
    }

    /// The `n`th, in turn. There must be one.
    pub(super) fn get(&self, n: u64) -> Bytes {
        // A remainder of a length fits.
        self.encoded[(n % self.encoded.len() as u64) as usize].clone()
    }
}

/// A request that is being made: elements are pushed row by row, in the order of the inputs.
pub(crate) struct RequestBuilder<'a> {
    model: &'a Model,
    n_rows: usize,
    contents: Vec<Vec<u8>>,
}

impl<'a> RequestBuilder<'a> {
    /// A request of `n_rows` rows.
    ///
    /// # Errors
    /// The model takes one row at a time.
    pub(crate) fn new(model: &'a Model, n_rows: usize) -> Result<Self, BenchError> {
        model.check_rows(n_rows)?;
        Ok(Self { model, n_rows, contents: vec![Vec::new(); model.inputs.len()] })
    }

    /// Appends a number to an input.
    ///
    /// # Errors
    /// The input takes texts, or no number like this.
    pub(crate) fn number(&mut self, input: usize, value: f64) -> Result<(), BenchError> {
        let spec = &self.model.inputs[input];
        push_number(spec, value, &mut self.contents[input])
    }

    /// Appends a text to an input.
    ///
    /// # Errors
    /// The input takes numbers.
    pub(crate) fn text(&mut self, input: usize, text: &str) -> Result<(), BenchError> {
        let spec = &self.model.inputs[input];
        if spec.datatype != Datatype::Bytes {
            return Err(BenchError::input(&spec.name, "it takes numbers"));
        }
        push_bytes(text.as_bytes(), &mut self.contents[input]);
        Ok(())
    }

    fn fill(&mut self, random: &mut Random) -> Result<(), BenchError> {
        for (input, contents) in self.model.inputs.iter().zip(&mut self.contents) {
            let elements = self.n_rows.saturating_mul(input.width());
            // Of a text, its length alone.
            let bytes = elements.saturating_mul(input.datatype.size().unwrap_or(size_of::<u32>()));
            if bytes > MOST_BYTES {
                return Err(BenchError::TooLong { bytes, limit: MOST_BYTES });
            }
            (0..elements).for_each(|_| random.push(input.datatype, contents));
        }
        Ok(())
    }

    fn finish(self) -> ModelInferRequest {
        let inputs = self.model.inputs.iter().map(|input| InferInputTensor {
            name: input.name.clone(),
            datatype: input.datatype.to_string(),
            shape: input.shape(self.n_rows),
            ..InferInputTensor::default()
        });
        ModelInferRequest {
            model_name: self.model.name.clone(),
            model_version: self.model.version.clone(),
            inputs: inputs.collect(),
            raw_input_contents: self.contents.into_iter().map(Bytes::from).collect(),
            ..ModelInferRequest::default()
        }
    }
}

/// A string of bytes as it travels raw: its length, then itself.
pub(super) fn push_bytes(bytes: &[u8], to: &mut Vec<u8>) {
    // Longer ones than a message holds are refused with their request.
    to.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    to.extend(bytes);
}

fn push_number(input: &Input, value: f64, to: &mut Vec<u8>) -> Result<(), BenchError> {
    let wrong = |problem: &str| BenchError::input(&input.name, problem);
    let whole = || whole(value).ok_or_else(|| wrong("it takes integers, and a row has none"));
    let beyond = |_| wrong("a row has an integer that its datatype does not hold");
    match input.datatype {
        Datatype::Bool => to.push(u8::from(whole()? != 0)),
        Datatype::Int8 => to.extend(i8::try_from(whole()?).map_err(beyond)?.to_le_bytes()),
        Datatype::Int16 => to.extend(i16::try_from(whole()?).map_err(beyond)?.to_le_bytes()),
        Datatype::Int32 => to.extend(i32::try_from(whole()?).map_err(beyond)?.to_le_bytes()),
        Datatype::Int64 => to.extend(whole()?.to_le_bytes()),
        Datatype::Uint8 => to.extend(u8::try_from(whole()?).map_err(beyond)?.to_le_bytes()),
        Datatype::Uint16 => to.extend(u16::try_from(whole()?).map_err(beyond)?.to_le_bytes()),
        Datatype::Uint32 => to.extend(u32::try_from(whole()?).map_err(beyond)?.to_le_bytes()),
        Datatype::Uint64 => to.extend(u64::try_from(whole()?).map_err(beyond)?.to_le_bytes()),
        Datatype::Fp32 => to.extend((value as f32).to_le_bytes()),
        Datatype::Fp64 => to.extend(value.to_le_bytes()),
        Datatype::Fp16 | Datatype::Bf16 => {
            return Err(wrong("it takes floats of 16 bits, which rows cannot be turned into"));
        }
        Datatype::Bytes => return Err(wrong("it takes texts")),
    }
    Ok(())
}

/// An integer that a float tells apart from its neighbours.
fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() <= 2_f64.powi(53)).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use millwright_proto::inference::{
        ModelMetadataResponse, model_metadata_response::TensorMetadata,
    };

    use super::*;

    fn model(inputs: &[(&str, &[i64])]) -> Model {
        let inputs = inputs.iter().map(|(datatype, shape)| TensorMetadata {
            name: datatype.to_lowercase(),
            datatype: (*datatype).to_owned(),
            shape: shape.to_vec(),
        });
        let metadata =
            ModelMetadataResponse { inputs: inputs.collect(), ..ModelMetadataResponse::default() };
        Model::new("", metadata).expect("inputs")
    }

    fn decoded(requests: &Requests, n: u64) -> ModelInferRequest {
        ModelInferRequest::decode(requests.get(n)).expect("a request")
    }

    #[test]
    fn random_requests_fill_every_input_and_follow_their_seed() {
        let model =
            model(&[("FP32", &[-1, 4]), ("INT64", &[-1]), ("BYTES", &[-1]), ("FP16", &[-1, 2])]);
        let requests = |seed| Requests::random(&model, 3, seed).expect("requests");
        let request = decoded(&requests(7), 0);
        let lengths: Vec<_> = request.raw_input_contents.iter().map(Bytes::len).collect();
        assert_eq!((lengths[0], lengths[1], lengths[3]), (3 * 4 * 4, 3 * 8, 3 * 2 * 2));
        let shapes: Vec<_> = request.inputs.iter().map(|input| input.shape.clone()).collect();
        assert_eq!(shapes, [vec![3, 4], vec![3], vec![3], vec![3, 2]]);
        assert_eq!(request, decoded(&requests(7), DIFFERENT as u64), "they come in turn");
        assert_ne!(request, decoded(&requests(7), 1));
        assert_ne!(request, decoded(&requests(8), 0));
    }

    #[test]
    fn a_request_that_no_server_takes_is_refused_before_it_fills_the_memory() {
        let wide = model(&[("FP64", &[-1, 1 << 20])]);
        for n_rows in [9, 1_000_000, usize::MAX] {
            let refused = Requests::random(&wide, n_rows, 0);
            assert!(matches!(refused, Err(BenchError::TooLong { .. })), "{n_rows} rows");
        }
    }

    #[test]
    fn a_fixed_shape_takes_one_row() {
        let fixed = model(&[("FP32", &[3, 2])]);
        assert!(Requests::random(&fixed, 2, 0).is_err());
        let request = decoded(&Requests::random(&fixed, 1, 0).expect("requests"), 0);
        assert_eq!(request.inputs[0].shape, [3, 2]);
    }

    #[test]
    fn numbers_travel_in_the_inputs_type_or_not_at_all() {
        for (datatype, value, raw) in [
            ("INT8", -3.0, Some(vec![0xfd])),
            ("UINT16", 258.0, Some(vec![2, 1])),
            ("BOOL", 1.0, Some(vec![1])),
            ("FP64", 0.5, Some(0.5_f64.to_le_bytes().to_vec())),
            ("FP32", f64::NAN, Some(f32::NAN.to_le_bytes().to_vec())),
            ("UINT8", -1.0, None),
            ("INT8", 128.0, None),
            ("INT64", 0.5, None),
            ("INT64", f64::NAN, None),
            ("BYTES", 1.0, None),
            ("FP16", 1.0, None),
        ] {
            let model = model(&[(datatype, &[-1])]);
            let mut request = RequestBuilder::new(&model, 1).expect("one row");
            let pushed = request.number(0, value).ok().map(|()| request.contents.remove(0));
            assert_eq!(pushed, raw, "{datatype} {value}");
        }
    }
}
