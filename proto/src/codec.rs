//! Messages on the wire, within bounds.

use std::marker::PhantomData;

use prost::{Message, bytes::Buf};
use tonic::{
    Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tonic_prost::ProstDecoder;

/// Most fields of a message, elements of repeated ones counted. An empty input of two bytes takes
/// some 300 once it is decoded: what is within the limit of bytes may still be a bomb.
const MOST_FIELDS: usize = 1 << 17;

/// Bytes that a buffer begins with, as it does for every call: what an allocator keeps at hand. It
/// grows with the first message that is longer.
const BUFFER: usize = 1000;
/// Bytes of messages that are sent together.
const SENT_TOGETHER: usize = 32 << 10;

fn buffers() -> BufferSettings {
    BufferSettings::new(BUFFER, SENT_TOGETHER)
}

/// Prost's codec; a message of too many fields is refused before it is decoded.
pub struct BoundedCodec<E, D>(PhantomData<(E, D)>);

impl<E, D> Default for BoundedCodec<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, D> Codec for BoundedCodec<E, D>
where
    E: Message + 'static,
    D: Message + Default + 'static,
{
    type Encode = E;
    type Decode = D;
    type Encoder = ExactEncoder<E>;
    type Decoder = BoundedDecoder<D>;

    fn encoder(&mut self) -> Self::Encoder {
        ExactEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(ProstDecoder::new(buffers()))
    }
}

/// Encodes into a buffer that grows once at most for each message.
pub struct ExactEncoder<E>(PhantomData<fn(E)>);

impl<E: Message> Encoder for ExactEncoder<E> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, message: E, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.reserve(message.encoded_len());
        message.encode_raw(to);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffers()
    }
}

/// Prost's decoder behind the count.
pub struct BoundedDecoder<D>(ProstDecoder<D>);

impl<D: Message + Default> Decoder for BoundedDecoder<D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        if Fields(from.chunk()).nth(MOST_FIELDS).is_some() {
            let problem = format!("the message has more than {MOST_FIELDS} fields: send fewer");
            return Err(Status::resource_exhausted(problem));
        }
        self.0.decode(from)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// The fields of an encoded message, not of the messages in it; ends at the first that is damaged,
/// of which prost will tell.
///
/// Source: Protocol Buffers, *Encoding*.
struct Fields<'a>(&'a [u8]);

impl Iterator for Fields<'_> {
    type Item = ();

    fn next(&mut self) -> Option<()> {
        let length = match self.varint()? & 7 {
            0 => return self.varint().map(|_| ()),
            1 => 8,
            2 => self.varint()?,
            3 | 4 => 0,
            5 => 4,
            _ => return None,
        };
        self.0 = self.0.get(usize::try_from(length).ok()?..)?;
        Some(())
    }
}

impl Fields<'_> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for place in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predictor::{NamedColumn, Numbers, PredictRequest, named_column::Values};

    #[test]
    fn fields_are_counted_without_what_is_in_them() {
        let values = Some(Values::Numbers(Numbers { values: vec![1.0; 1_000] }));
        let column = NamedColumn { name: "speed".to_owned(), values };
        let request = PredictRequest {
            model_ref: "press".to_owned(),
            columns: vec![column; 3],
            top_k: 300,
            ..Default::default()
        };
        let bytes = request.encode_to_vec();
        assert_eq!(Fields(&bytes).count(), 5);
        assert!(Fields(&bytes[..bytes.len() - 1]).count() < 6, "damage ends it");
        assert_eq!(Fields(&[0x80; 20]).count(), 0);
    }
}
