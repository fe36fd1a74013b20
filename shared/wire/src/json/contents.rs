//! The raw contents of a tensor → its list `data`.

use millwright_tensor::Datatype;
use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeSeq},
};

/// What JSON cannot say; the caller is told how to ask.
const UNWRITABLE: &str = "holds what JSON cannot write (NaN, an infinity, bytes that are no text or \
                          16-bit floats): ask for it as binary, by the parameter binary_data";

/// The elements of one tensor, in the order in which gRPC carries them raw.
pub(super) struct Contents<'a> {
    pub(super) datatype: Datatype,
    pub(super) raw: &'a [u8],
}

impl Serialize for Contents<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        macro_rules! each {
            ($element:ty, $written:expr) => {{
                let (elements, _) = self.raw.as_chunks::<{ size_of::<$element>() }>();
                let mut list = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    list.serialize_element(&$written(<$element>::from_le_bytes(*element))?)?;
                }
                list.end()
            }};
        }
        match self.datatype {
            Datatype::Bool => each!(u8, |byte| Ok(byte != 0)),
            Datatype::Int8 => each!(i8, Ok),
            Datatype::Int16 => each!(i16, Ok),
            Datatype::Int32 => each!(i32, Ok),
            Datatype::Int64 => each!(i64, Ok),
            Datatype::Uint8 => each!(u8, Ok),
            Datatype::Uint16 => each!(u16, Ok),
            Datatype::Uint32 => each!(u32, Ok),
            Datatype::Uint64 => each!(u64, Ok),
            Datatype::Fp32 => each!(f32, |value| finite(f64::from(value)).map(|()| value)),
            Datatype::Fp64 => each!(f64, |value| finite(value).map(|()| value)),
            Datatype::Fp16 | Datatype::Bf16 => Err(S::Error::custom(UNWRITABLE)),
            Datatype::Bytes => texts(self.raw, serializer),
        }
    }
}

/// Refuses what serde_json would write as `null`.
pub(super) fn finite<E: Error>(value: f64) -> Result<(), E> {
    if value.is_finite() { Ok(()) } else { Err(E::custom(UNWRITABLE)) }
}

/// Texts that each follow their length, a little-endian u32.
fn texts<S: Serializer>(mut raw: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(None)?;
    while let Some((length, rest)) = raw.split_first_chunk::<4>() {
        let cut = rest.split_at_checked(u32::from_le_bytes(*length) as usize);
        let (text, rest) = cut.ok_or_else(|| S::Error::custom("is cut short"))?;
        let text = str::from_utf8(text).map_err(|_| S::Error::custom(UNWRITABLE))?;
        list.serialize_element(text)?;
        raw = rest;
    }
    list.end()
}
