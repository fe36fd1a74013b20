//! Bodies of requests that list, load and unload versions.

use std::collections::BTreeMap;

use millwright_proto::inference::{
    ModelRepositoryParameter, RepositoryIndexRequest, RepositoryModelLoadRequest,
    RepositoryModelUnloadRequest, infer_parameter::ParameterChoice,
    model_repository_parameter::ParameterChoice as RepositoryChoice,
};
use serde::Deserialize;

use super::{parameters::Parameters, text::read};
use crate::WireError;

#[derive(Default, Deserialize)]
struct Index {
    ready: Option<bool>,
}

#[derive(Default, Deserialize)]
struct Wishes {
    parameters: Option<Parameters>,
}

/// What the body of `POST v2/repository/index` asks for; it may be empty.
///
/// # Errors
/// [`WireError`] says what is wrong.
pub fn index_request(body: &[u8]) -> Result<RepositoryIndexRequest, WireError> {
    let Index { ready } = read_or_default(body)?;
    Ok(RepositoryIndexRequest { ready: ready.unwrap_or(false), ..Default::default() })
}

/// What the body of `POST v2/repository/models/{model}/load` asks for; it may be empty.
///
/// # Errors
/// [`WireError`] says what is wrong.
pub fn load_request(model: &str, body: &[u8]) -> Result<RepositoryModelLoadRequest, WireError> {
    let (model_name, parameters) = (model.to_owned(), parameters(body)?);
    Ok(RepositoryModelLoadRequest { model_name, parameters, ..Default::default() })
}

/// What the body of `POST v2/repository/models/{model}/unload` asks for; it may be empty.
///
/// # Errors
/// [`WireError`] says what is wrong.
pub fn unload_request(model: &str, body: &[u8]) -> Result<RepositoryModelUnloadRequest, WireError> {
    let (model_name, parameters) = (model.to_owned(), parameters(body)?);
    Ok(RepositoryModelUnloadRequest { model_name, parameters, ..Default::default() })
}

fn read_or_default<'a, T: Default + Deserialize<'a>>(body: &'a [u8]) -> Result<T, WireError> {
    if body.is_empty() { Ok(T::default()) } else { read(body) }
}

fn parameters(body: &[u8]) -> Result<BTreeMap<String, ModelRepositoryParameter>, WireError> {
    let Wishes { parameters } = read_or_default(body)?;
    let given = parameters.unwrap_or_default().into_wire().into_iter();
    given.map(|(name, given)| Ok((name, parameter(given.parameter_choice)?))).collect()
}

fn parameter(given: Option<ParameterChoice>) -> Result<ModelRepositoryParameter, WireError> {
    let choice = match given {
        Some(ParameterChoice::BoolParam(value)) => RepositoryChoice::BoolParam(value),
        Some(ParameterChoice::Int64Param(value)) => RepositoryChoice::Int64Param(value),
        Some(ParameterChoice::StringParam(value)) => RepositoryChoice::StringParam(value),
        Some(ParameterChoice::Uint64Param(_) | ParameterChoice::DoubleParam(_)) | None => {
            return Err(WireError::new("parameters", "must be truth values, integers or texts"));
        }
    };
    Ok(ModelRepositoryParameter { parameter_choice: Some(choice) })
}
