//! Parameters of a request, a tensor or an answer.

use std::{collections::BTreeMap, fmt};

use millwright_proto::inference::{InferParameter, infer_parameter::ParameterChoice};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
};

use crate::WireError;

/// Most parameters at one place.
const MOST: usize = 256;

/// Parameters as a caller sent them; those that say `null` are as good as absent.
#[derive(Default)]
pub(super) struct Parameters(BTreeMap<String, ParameterChoice>);

impl Parameters {
    /// Takes out the parameter `name`, which only this face knows, if it is there and a truth value.
    pub(super) fn take_flag(&mut self, name: &str) -> Result<Option<bool>, WireError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(ParameterChoice::BoolParam(flag)) => Ok(Some(flag)),
            Some(_) => Err(WireError::new(format!("parameters.{name}"), "must be true or false")),
        }
    }

    /// Takes out the parameter `name`, which only this face knows, if it is there and a size.
    pub(super) fn take_size(&mut self, name: &str) -> Result<Option<usize>, WireError> {
        let wrong = || WireError::new(format!("parameters.{name}"), "must be a number of bytes");
        match self.0.remove(name) {
            None => Ok(None),
            Some(ParameterChoice::Int64Param(n)) => {
                Ok(Some(usize::try_from(n).map_err(|_| wrong())?))
            }
            Some(_) => Err(wrong()),
        }
    }

    /// As gRPC carries them.
    pub(super) fn into_wire(self) -> BTreeMap<String, InferParameter> {
        let parameter = |choice| InferParameter { parameter_choice: Some(choice) };
        self.0.into_iter().map(|(name, choice)| (name, parameter(choice))).collect()
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ParametersVisitor)
    }
}

struct ParametersVisitor;

impl<'de> Visitor<'de> for ParametersVisitor {
    type Value = Parameters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parameters, A::Error> {
        let mut parameters = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let choice = map.next_value::<Option<Choice>>()?;
            if parameters.len() == MOST || parameters.contains_key(&name) {
                return Err(de::Error::custom("too many parameters, or one twice"));
            }
            if let Some(Choice(choice)) = choice {
                parameters.insert(name, choice);
            }
        }
        Ok(Parameters(parameters))
    }
}

struct Choice(ParameterChoice);

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

impl Visitor<'_> for ChoiceVisitor {
    type Value = Choice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a truth value, a number or a text")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Choice, E> {
        Ok(Choice(ParameterChoice::BoolParam(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Choice, E> {
        Ok(Choice(ParameterChoice::Int64Param(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Choice, E> {
        let small = i64::try_from(value).map(ParameterChoice::Int64Param);
        Ok(Choice(small.unwrap_or(ParameterChoice::Uint64Param(value))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Choice, E> {
        Ok(Choice(ParameterChoice::DoubleParam(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Choice, E> {
        Ok(Choice(ParameterChoice::StringParam(value.to_owned())))
    }
}

/// Parameters of an answer, by name.
#[derive(Default, Serialize)]
pub(super) struct Told<'a>(BTreeMap<&'a str, ToldChoice<'a>>);

impl<'a> Told<'a> {
    pub(super) fn new(parameters: &'a BTreeMap<String, InferParameter>) -> Self {
        let choices = parameters.iter().filter_map(|(name, parameter)| {
            Some((name.as_str(), ToldChoice::Of(parameter.parameter_choice.as_ref()?)))
        });
        Self(choices.collect())
    }

    /// Beside what the model said, the size of the tensor's binary.
    pub(super) fn with_size(mut self, bytes: usize) -> Self {
        self.0.insert(super::BINARY_DATA_SIZE, ToldChoice::Size(bytes));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

enum ToldChoice<'a> {
    Of(&'a ParameterChoice),
    Size(usize),
}

impl Serialize for ToldChoice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Size(bytes) => serializer.serialize_u64(*bytes as u64),
            Self::Of(ParameterChoice::BoolParam(value)) => serializer.serialize_bool(*value),
            Self::Of(ParameterChoice::Int64Param(value)) => serializer.serialize_i64(*value),
            Self::Of(ParameterChoice::Uint64Param(value)) => serializer.serialize_u64(*value),
            Self::Of(ParameterChoice::StringParam(value)) => serializer.serialize_str(value),
            Self::Of(ParameterChoice::DoubleParam(value)) => {
                super::contents::finite(*value)?;
                serializer.serialize_f64(*value)
            }
        }
    }
}
