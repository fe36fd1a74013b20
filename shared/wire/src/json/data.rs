//! The list `data` of a tensor → its raw contents.

use std::fmt;

use bytes::Bytes;
use millwright_tensor::Datatype;
use serde::de::{self, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The elements of `data`, row-major, as gRPC carries them raw.
///
/// They come as one flat list, or as lists within lists that say the same as `shape`. How many there
/// must be is left to whoever takes them.
///
/// # Errors
/// What is wrong, and with which element; never what it holds.
pub(super) fn contents(
    datatype: Datatype,
    shape: &[i64],
    data: &RawValue,
) -> Result<Bytes, String> {
    if matches!(datatype, Datatype::Fp16 | Datatype::Bf16) {
        return Err(format!("{datatype} travels only as binary: give binary_data_size"));
    }
    let mut elements = Elements { datatype, n: 0, bytes: Vec::new(), form: None, problem: None };
    let mut json = serde_json::Deserializer::from_str(data.get());
    let list = List { shape, depth: 1, elements: &mut elements };
    match json.deserialize_any(list) {
        Ok(()) => Ok(elements.bytes.into()),
        Err(_) => Err(elements.told()),
    }
}

/// What was read so far.
struct Elements {
    datatype: Datatype,
    n: usize,
    bytes: Vec<u8>,
    form: Option<Form>,
    problem: Option<String>,
}

/// How `data` is written; the first element says it for all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Flat,
    Nested,
}

impl Elements {
    /// What went wrong. An error of serde's would repeat the element.
    fn told(self) -> String {
        let element = || format!("element {} is not {}", self.n, wanted(self.datatype));
        self.problem.unwrap_or_else(element)
    }

    /// Holds every element to the form of the first.
    fn is_of<E: de::Error>(&mut self, form: Form) -> Result<(), E> {
        match *self.form.get_or_insert(form) == form {
            true => Ok(()),
            false => {
                self.refuse("mixes elements and lists: give one flat list, or lists as shape says")
            }
        }
    }

    fn refuse<E: de::Error, T>(&mut self, problem: &str) -> Result<T, E> {
        self.problem = Some(problem.to_owned());
        Err(E::custom(""))
    }

    fn push<E: de::Error, const N: usize>(&mut self, element: [u8; N]) -> Result<(), E> {
        self.bytes.extend_from_slice(&element);
        self.n += 1;
        Ok(())
    }

    fn integer<E: de::Error>(&mut self, value: i128) -> Result<(), E> {
        macro_rules! exactly {
            ($element:ty) => {
                match <$element>::try_from(value) {
                    Ok(value) => self.push(value.to_le_bytes()),
                    Err(_) => Err(E::custom("")),
                }
            };
        }
        match self.datatype {
            Datatype::Int8 => exactly!(i8),
            Datatype::Int16 => exactly!(i16),
            Datatype::Int32 => exactly!(i32),
            Datatype::Int64 => exactly!(i64),
            Datatype::Uint8 => exactly!(u8),
            Datatype::Uint16 => exactly!(u16),
            Datatype::Uint32 => exactly!(u32),
            Datatype::Uint64 => exactly!(u64),
            _ => self.real(value as f64),
        }
    }

    fn real<E: de::Error>(&mut self, value: f64) -> Result<(), E> {
        let single = value as f32;
        match self.datatype {
            Datatype::Fp32 if single.is_finite() => self.push(single.to_le_bytes()),
            Datatype::Fp64 if value.is_finite() => self.push(value.to_le_bytes()),
            _ => Err(E::custom("")),
        }
    }

    fn truth<E: de::Error>(&mut self, value: bool) -> Result<(), E> {
        match self.datatype {
            Datatype::Bool => self.push([value.into()]),
            _ => Err(E::custom("")),
        }
    }

    fn text<E: de::Error>(&mut self, value: &str) -> Result<(), E> {
        let (Datatype::Bytes, Ok(length)) = (self.datatype, u32::try_from(value.len())) else {
            return Err(E::custom(""));
        };
        self.push(length.to_le_bytes())?;
        self.bytes.extend_from_slice(value.as_bytes());
        Ok(())
    }
}

/// What an element must be.
fn wanted(datatype: Datatype) -> String {
    match datatype {
        Datatype::Bool => "true or false".to_owned(),
        Datatype::Bytes => "a text".to_owned(),
        Datatype::Fp32 | Datatype::Fp64 => {
            format!("a number that {datatype} holds: NaN and the infinities travel only as binary")
        }
        _ => format!("an integer that {datatype} holds"),
    }
}

/// A list at some depth of `data`; the outermost is 1 deep.
struct List<'a> {
    shape: &'a [i64],
    depth: usize,
    elements: &'a mut Elements,
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { shape, depth, elements } = self;
        let mut length = 0;
        while list.next_element_seed(Item(List { shape, depth, elements }))?.is_some() {
            length += 1;
        }
        let said = shape.get(depth - 1).and_then(|length| u64::try_from(*length).ok());
        if elements.form == Some(Form::Nested) && said != Some(length) {
            return elements.refuse("has a list of another length than shape says");
        }
        Ok(())
    }
}

/// What stands in a list: an element, or a list that is one deeper.
struct Item<'a>(List<'a>);

impl Item<'_> {
    fn element<E: de::Error>(&mut self) -> Result<&mut Elements, E> {
        let List { shape, depth, elements } = &mut self.0;
        if *depth == 1 && shape.len() != 1 {
            elements.is_of(Form::Flat)?;
        } else if *depth != shape.len() {
            return elements.refuse("is not nested as deep as its shape");
        }
        Ok(elements)
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an element")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        let List { shape, depth, elements } = self.0;
        if depth >= shape.len() {
            return elements.refuse("is nested deeper than its shape");
        }
        elements.is_of(Form::Nested)?;
        List { shape, depth: depth + 1, elements }.visit_seq(list)
    }

    fn visit_bool<E: de::Error>(mut self, value: bool) -> Result<(), E> {
        self.element()?.truth(value)
    }

    fn visit_i64<E: de::Error>(mut self, value: i64) -> Result<(), E> {
        self.element()?.integer(value.into())
    }

    fn visit_u64<E: de::Error>(mut self, value: u64) -> Result<(), E> {
        self.element()?.integer(value.into())
    }

    fn visit_f64<E: de::Error>(mut self, value: f64) -> Result<(), E> {
        self.element()?.real(value)
    }

    fn visit_str<E: de::Error>(mut self, value: &str) -> Result<(), E> {
        self.element()?.text(value)
    }
}

#[cfg(test)]
mod tests;
