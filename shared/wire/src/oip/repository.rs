//! Parameters of requests to load and unload.

use std::collections::BTreeMap;

use millwright_proto::inference::{
    ModelRepositoryParameter, model_repository_parameter::ParameterChoice,
};

use super::short;
use crate::WireError;

/// The version or alias that a request to load names; empty where it names none.
///
/// # Errors
/// [`WireError`] names the parameter that is unknown, or of another type.
pub fn to_load(given: &BTreeMap<String, ModelRepositoryParameter>) -> Result<String, WireError> {
    named(given, |_, _| None)
}

/// The version that a request to unload names; empty where it names none.
///
/// Triton's clients always send `unload_dependents`, and no model depends on another.
///
/// # Errors
/// As [`to_load`].
pub fn to_unload(given: &BTreeMap<String, ModelRepositoryParameter>) -> Result<String, WireError> {
    named(given, |name, value| match value {
        ParameterChoice::BoolParam(_) if name == "unload_dependents" => Some(()),
        _ => None,
    })
}

/// The value of `version`, where every other parameter is one that `is_other` knows.
fn named(
    given: &BTreeMap<String, ModelRepositoryParameter>,
    is_other: impl Fn(&str, &ParameterChoice) -> Option<()>,
) -> Result<String, WireError> {
    let mut version = String::new();
    let mut given = given.iter().collect::<Vec<_>>();
    given.sort_unstable_by_key(|(name, _)| *name);
    for (name, value) in given {
        let value = value.parameter_choice.as_ref();
        if name == "version" {
            let unreadable = || WireError::new(field(name), "must be a version or an alias");
            version = value.and_then(text).ok_or_else(unreadable)?;
        } else if value.and_then(|value| is_other(name, value)).is_none() {
            return Err(WireError::new(field(name), problem(name)));
        }
    }
    Ok(version)
}

/// A version as a text, as a number, or as the bytes of a text: Triton's Python client can send no
/// parameter of its caller's but by `files`, whose values are bytes.
fn text(value: &ParameterChoice) -> Option<String> {
    let text = match value {
        ParameterChoice::StringParam(text) => text.clone(),
        ParameterChoice::Int64Param(number) => number.to_string(),
        ParameterChoice::BytesParam(bytes) => str::from_utf8(bytes).ok()?.to_owned(),
        ParameterChoice::BoolParam(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn field(name: &str) -> String {
    format!("parameters[{:?}]", short(name))
}

fn problem(name: &str) -> &'static str {
    match name {
        "config" => "is not supported: a version says itself how it is served, leave it out",
        _ if name.starts_with("file:") => {
            "is not supported: versions come from the registry alone, register the file there"
        }
        _ => "is not supported: name the version in `version`",
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn given(name: &str, choice: ParameterChoice) -> BTreeMap<String, ModelRepositoryParameter> {
        let value = ModelRepositoryParameter { parameter_choice: Some(choice) };
        BTreeMap::from([(name.to_owned(), value)])
    }

    #[test]
    fn a_version_is_read_in_whichever_way_a_client_sends_it() {
        for choice in [
            ParameterChoice::StringParam("3".to_owned()),
            ParameterChoice::Int64Param(3),
            ParameterChoice::BytesParam(Bytes::from_static(b"3")),
        ] {
            assert_eq!(to_load(&given("version", choice.clone())).as_deref(), Ok("3"));
            assert_eq!(to_unload(&given("version", choice)).as_deref(), Ok("3"));
        }
        assert_eq!(to_load(&BTreeMap::new()).as_deref(), Ok(""));
        let dependents = given("unload_dependents", ParameterChoice::BoolParam(true));
        assert_eq!(to_unload(&dependents).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_not_done_is_named() {
        let text = || ParameterChoice::StringParam("{}".to_owned());
        for (name, choice) in [
            ("config", text()),
            ("file:1/model.onnx", ParameterChoice::BytesParam(Bytes::from_static(b"model"))),
            ("unload_dependents", ParameterChoice::BoolParam(true)),
            ("version", ParameterChoice::BoolParam(true)),
            ("version", ParameterChoice::StringParam(String::new())),
            ("version", ParameterChoice::BytesParam(Bytes::from_static(b"\xff"))),
            ("colour", text()),
        ] {
            let error = to_load(&given(name, choice)).expect_err(name).to_string();
            assert!(error.starts_with(&format!("parameters[{name:?}]: ")), "{error}");
        }
    }
}
