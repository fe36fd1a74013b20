//! Parameters of requests.

use std::{collections::BTreeMap, time::Duration};

use millwright_proto::inference::{InferParameter, infer_parameter::ParameterChoice};

use super::short;
use crate::WireError;

/// What a request asks for beside its predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestParameters {
    /// Its level in the queue, from 1; 0: the default one.
    pub priority: u64,
    /// How long its rows may wait; `None`: as long as the queue's policy says.
    pub timeout: Option<Duration>,
}

/// Reads the parameters of a request.
///
/// # Errors
/// [`WireError`] names the parameter that is unknown, or of another type.
pub fn parameters(
    given: &BTreeMap<String, InferParameter>,
) -> Result<RequestParameters, WireError> {
    let mut known = RequestParameters::default();
    let mut given = given.iter().collect::<Vec<_>>();
    given.sort_unstable_by_key(|(name, _)| *name);
    for (name, value) in given {
        match name.as_str() {
            "priority" => known.priority = whole(name, value)?,
            // Microseconds; 0 says nothing, as in Triton.
            "timeout" => {
                let wait = Some(whole(name, value)?).filter(|micros| *micros > 0);
                known.timeout = wait.map(Duration::from_micros);
            }
            _ => return Err(WireError::new(field(name), problem(name))),
        }
    }
    Ok(known)
}

/// A whole number, 0 or more, in whichever way a client sends it.
pub(super) fn whole(name: &str, value: &InferParameter) -> Result<u64, WireError> {
    let number = match value.parameter_choice {
        Some(ParameterChoice::Uint64Param(number)) => Some(number),
        Some(ParameterChoice::Int64Param(number)) => u64::try_from(number).ok(),
        _ => None,
    };
    number.ok_or_else(|| WireError::new(field(name), "must be a whole number, 0 or more"))
}

fn field(name: &str) -> String {
    format!("parameters[{:?}]", short(name))
}

fn problem(name: &str) -> &'static str {
    match name {
        "sequence_id" | "sequence_start" | "sequence_end" => {
            "is not supported: no model keeps a state between requests, leave it out"
        }
        "binary_data_output" => "is not supported over gRPC: send raw contents to be answered raw",
        _ => "is not supported: a request takes priority and timeout",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, choice: ParameterChoice) -> BTreeMap<String, InferParameter> {
        let value = InferParameter { parameter_choice: Some(choice) };
        BTreeMap::from([(name.to_owned(), value)])
    }

    #[test]
    fn whole_numbers_come_signed_and_unsigned() {
        for choice in [ParameterChoice::Int64Param(3), ParameterChoice::Uint64Param(3)] {
            let known = parameters(&given("priority", choice.clone())).expect("known");
            assert_eq!((known.priority, known.timeout), (3, None));
            let known = parameters(&given("timeout", choice)).expect("known");
            assert_eq!(known.timeout, Some(Duration::from_micros(3)));
        }
        let none = parameters(&given("timeout", ParameterChoice::Int64Param(0))).expect("known");
        assert_eq!(none, RequestParameters::default());
    }

    #[test]
    fn what_is_not_done_is_named() {
        for (name, choice) in [
            ("priority", ParameterChoice::StringParam("3".to_owned())),
            ("timeout", ParameterChoice::Int64Param(-1)),
            ("timeout", ParameterChoice::DoubleParam(1.0)),
            ("sequence_id", ParameterChoice::Int64Param(1)),
            ("sequence_start", ParameterChoice::BoolParam(true)),
            ("triton_enable_empty_final_response", ParameterChoice::BoolParam(true)),
            ("binary_data_output", ParameterChoice::BoolParam(true)),
            ("colour", ParameterChoice::StringParam("red".to_owned())),
        ] {
            let error = parameters(&given(name, choice)).expect_err(name).to_string();
            assert!(error.starts_with(&format!("parameters[{name:?}]: ")), "{error}");
        }
    }
}
