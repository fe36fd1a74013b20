//! Numbers of every datatype, widened: FP64 holds all of them but the far end of 64-bit integers.

use half::{bf16, f16};
use millwright_proto::inference::InferTensorContents;
use millwright_tensor::Datatype;

use crate::WireError;

/// As FP64, little-endian. `raw` has a whole number of elements.
pub(super) fn widened_raw(datatype: Datatype, raw: &[u8]) -> Result<Vec<u8>, WireError> {
    macro_rules! widen {
        ($element:ty, $widened:expr) => {{
            let elements = raw.as_chunks::<{ size_of::<$element>() }>().0.iter();
            elements.flat_map(|bytes| $widened(<$element>::from_le_bytes(*bytes)).to_le_bytes())
        }};
        ($element:ty) => {
            widen!($element, |value: $element| value as f64)
        };
    }
    Ok(match datatype {
        Datatype::Bool => truths(raw)?,
        Datatype::Int8 => widen!(i8).collect(),
        Datatype::Int16 => widen!(i16).collect(),
        Datatype::Int32 => widen!(i32).collect(),
        Datatype::Int64 => widen!(i64).collect(),
        Datatype::Uint8 => widen!(u8).collect(),
        Datatype::Uint16 => widen!(u16).collect(),
        Datatype::Uint32 => widen!(u32).collect(),
        Datatype::Uint64 => widen!(u64).collect(),
        Datatype::Fp16 => widen!(f16, f16::to_f64).collect(),
        Datatype::Bf16 => widen!(bf16, bf16::to_f64).collect(),
        Datatype::Fp32 => widen!(f32).collect(),
        Datatype::Fp64 => raw.to_vec(),
        Datatype::Bytes => return Err(no_number()),
    })
}

/// As FP64, little-endian.
pub(super) fn widened_typed(
    datatype: Datatype,
    contents: &InferTensorContents,
) -> Result<Vec<u8>, WireError> {
    macro_rules! widen {
        ($list:expr) => {
            $list.iter().flat_map(|value| (*value as f64).to_le_bytes()).collect()
        };
        ($list:expr, $narrow:ty) => {{
            let outside = $list.iter().position(|value| <$narrow>::try_from(*value).is_err());
            within(datatype, outside)?;
            widen!($list)
        }};
    }
    Ok(match datatype {
        Datatype::Bool => {
            let numbers = contents.bool_contents.iter().map(|truth| f64::from(u8::from(*truth)));
            numbers.flat_map(f64::to_le_bytes).collect()
        }
        Datatype::Int8 => widen!(contents.int_contents, i8),
        Datatype::Int16 => widen!(contents.int_contents, i16),
        Datatype::Int32 => widen!(contents.int_contents),
        Datatype::Int64 => widen!(contents.int64_contents),
        Datatype::Uint8 => widen!(contents.uint_contents, u8),
        Datatype::Uint16 => widen!(contents.uint_contents, u16),
        Datatype::Uint32 => widen!(contents.uint_contents),
        Datatype::Uint64 => widen!(contents.uint64_contents),
        Datatype::Fp32 => widen!(contents.fp32_contents),
        Datatype::Fp64 => widen!(contents.fp64_contents),
        Datatype::Fp16 | Datatype::Bf16 => {
            let problem = format!("{datatype} has no typed list: send raw_input_contents");
            return Err(WireError::new("contents", problem));
        }
        Datatype::Bytes => return Err(no_number()),
    })
}

/// Bytes that are each 0 or 1.
fn truths(raw: &[u8]) -> Result<Vec<u8>, WireError> {
    within(Datatype::Bool, raw.iter().position(|byte| *byte > 1))?;
    Ok(raw.iter().flat_map(|truth| f64::from(*truth).to_le_bytes()).collect())
}

/// Refuses the element that is `outside` of its datatype, if there is one.
fn within(datatype: Datatype, outside: Option<usize>) -> Result<(), WireError> {
    match outside {
        None => Ok(()),
        Some(element) => {
            let problem = format!("element {element} is no {datatype}");
            Err(WireError::new("contents", problem))
        }
    }
}

fn no_number() -> WireError {
    WireError::new("datatype", "BYTES are no numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubles(bytes: Vec<u8>) -> Vec<f64> {
        bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
    }

    #[test]
    fn every_datatype_is_read_raw() {
        for (datatype, raw, value) in [
            (Datatype::Bool, &[1][..], 1.0),
            (Datatype::Int8, &[0x80], -128.0),
            (Datatype::Int16, &[0, 0x80], -32_768.0),
            (Datatype::Int32, &[0, 0, 0, 0x80], -2_147_483_648.0),
            (Datatype::Int64, &[0xfe, 255, 255, 255, 255, 255, 255, 255], -2.0),
            (Datatype::Uint8, &[255], 255.0),
            (Datatype::Uint16, &[255, 255], 65_535.0),
            (Datatype::Uint32, &[255, 255, 255, 255], 4_294_967_295.0),
            (Datatype::Uint64, &[0, 0, 0, 0, 1, 0, 0, 0], 4_294_967_296.0),
            (Datatype::Fp16, &[0x00, 0xc1], -2.5),
            (Datatype::Bf16, &[0x20, 0xc0], -2.5),
            (Datatype::Fp32, &[0, 0, 0x20, 0xc0], -2.5),
            (Datatype::Fp64, &[0, 0, 0, 0, 0, 0, 4, 0xc0], -2.5),
        ] {
            let widened = widened_raw(datatype, raw).expect("a number");
            assert_eq!(doubles(widened), [value], "{datatype}");
        }
    }

    #[test]
    fn half_floats_keep_what_is_no_number() {
        for (datatype, nan, infinity) in [
            (Datatype::Fp16, [0x00, 0x7e], [0x00, 0x7c]),
            (Datatype::Bf16, [0xc0, 0x7f], [0x80, 0x7f]),
        ] {
            let widened = doubles(widened_raw(datatype, &[nan, infinity].concat()).expect("two"));
            assert!(widened[0].is_nan() && widened[1] == f64::INFINITY, "{datatype}: {widened:?}");
        }
    }

    #[test]
    fn an_element_that_its_datatype_does_not_have_is_named() {
        let ints = |values: &[i32]| InferTensorContents {
            int_contents: values.to_vec(),
            ..Default::default()
        };
        let uints = |values: &[u32]| InferTensorContents {
            uint_contents: values.to_vec(),
            ..Default::default()
        };
        for (datatype, contents) in [
            (Datatype::Int8, ints(&[0, 127, 128])),
            (Datatype::Int16, ints(&[0, 1, -32_769])),
            (Datatype::Uint8, uints(&[0, 255, 256])),
            (Datatype::Uint16, uints(&[0, 65_535, 65_536])),
        ] {
            let error = widened_typed(datatype, &contents).expect_err("out of range").to_string();
            assert_eq!(error, format!("contents: element 2 is no {datatype}"));
        }
        let error = widened_raw(Datatype::Bool, &[0, 1, 2]).expect_err("no truth").to_string();
        assert_eq!(error, "contents: element 2 is no BOOL");
    }

    #[test]
    fn half_floats_have_no_typed_list() {
        for datatype in [Datatype::Fp16, Datatype::Bf16] {
            let refused = widened_typed(datatype, &InferTensorContents::default());
            assert!(refused.is_err_and(|error| error.to_string().contains("raw_input_contents")));
        }
    }
}
