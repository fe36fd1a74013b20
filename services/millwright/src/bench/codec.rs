//! Messages that are encoded already, and answers of which little is read.

use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// A request and, where answers must be told apart, its id.
pub(super) struct Encoded {
    pub(super) request: Bytes,
    pub(super) id: Option<u64>,
}

/// The field `id` of a request: its tag, with a length to follow.
const ID: u8 = 3 << 3 | 2;

/// Sends [`Encoded`], and gives answers as their bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Raw;

impl Codec for Raw {
    type Encode = Encoded;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Encoded;
    type Error = Status;

    fn encode(&mut self, item: Encoded, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item.request);
        if let Some(id) = item.id {
            // Fields may come in any order (Protocol Buffers, *Encoding*). At most 20 digits.
            let id = id.to_string();
            to.put_slice(&[ID, id.len() as u8]);
            to.put_slice(id.as_bytes());
        }
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// What matters of a message of a stream: to which request, and whether it failed.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    /// `None`: the server does not say.
    pub(super) id: Option<u64>,
    /// What the server says is wrong.
    pub(super) error: Option<String>,
}

/// A `ModelStreamInferResponse`, or a bare `ModelInferResponse`, which MLServer streams: fields 1
/// and 2 of the one are an error and an answer, of the other the names of model and version.
#[derive(Clone, PartialEq, Message)]
struct Either {
    #[prost(string, tag = "1")]
    error_or_model: String,
    #[prost(bytes = "bytes", tag = "2")]
    answer_or_version: Bytes,
    #[prost(string, tag = "3")]
    id: String,
    #[prost(bytes = "bytes", repeated, tag = "5")]
    outputs: Vec<Bytes>,
}

/// The id of a `ModelInferResponse`.
#[derive(Clone, PartialEq, Message)]
struct Identified {
    #[prost(string, tag = "3")]
    id: String,
}

impl Answer {
    /// Reads a message of a stream.
    ///
    /// # Errors
    /// It is no such message.
    pub(super) fn read(message: Bytes) -> Result<Self, Status> {
        let unreadable = |_| Status::internal("an answer of the stream cannot be read");
        let either = Either::decode(message).map_err(unreadable)?;
        if !either.id.is_empty() || !either.outputs.is_empty() {
            return Ok(Self { id: either.id.parse().ok(), error: None });
        }
        let answer = Identified::decode(either.answer_or_version).map_err(unreadable)?;
        let error = Some(either.error_or_model).filter(|error| !error.is_empty());
        Ok(Self { id: answer.id.parse().ok(), error })
    }
}

#[cfg(test)]
mod tests {
    use millwright_proto::inference::{
        ModelInferResponse, ModelStreamInferResponse, model_infer_response::InferOutputTensor,
    };

    use super::*;

    fn response(id: &str) -> ModelInferResponse {
        ModelInferResponse {
            model_name: "press".to_owned(),
            model_version: "3".to_owned(),
            id: id.to_owned(),
            outputs: vec![InferOutputTensor::default()],
            ..ModelInferResponse::default()
        }
    }

    #[test]
    fn answers_of_every_server_are_understood() {
        let streamed = |error: &str, infer_response| {
            let error_message = error.to_owned();
            ModelStreamInferResponse { error_message, infer_response }.encode_to_vec()
        };
        let full = Some("queue is full".to_owned());
        for (message, id, error, why) in [
            (streamed("", Some(response("7"))), Some(7), None, "an answer"),
            (streamed("queue is full", None), None, full.clone(), "Triton's error"),
            (streamed("queue is full", Some(response("7"))), Some(7), full, "ours, with its id"),
            (response("7").encode_to_vec(), Some(7), None, "MLServer's bare answer"),
            (response("").encode_to_vec(), None, None, "a bare answer without id"),
        ] {
            let answer = Answer::read(message.into()).expect("a message");
            assert_eq!(answer, Answer { id, error }, "{why}");
        }
        assert!(Answer::read(Bytes::from_static(&[0xff])).is_err());
    }
}
