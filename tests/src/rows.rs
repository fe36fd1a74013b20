//! Requests of callers.

use millwright_proto::predictor::{
    NamedColumn, Numbers, PredictRequest, Texts, named_column::Values,
};

/// A column of numbers.
pub fn numbers(name: &str, values: &[f64]) -> NamedColumn {
    let values = Some(Values::Numbers(Numbers { values: values.to_vec() }));
    NamedColumn { name: name.to_owned(), values }
}

/// A column of texts.
pub fn texts(name: &str, values: &[&str]) -> NamedColumn {
    let values = values.iter().map(|text| (*text).to_owned()).collect();
    NamedColumn { name: name.to_owned(), values: Some(Values::Texts(Texts { values })) }
}

/// A request for every class of `model_ref`.
pub fn request(model_ref: &str, columns: Vec<NamedColumn>) -> PredictRequest {
    PredictRequest { model_ref: model_ref.to_owned(), columns, ..Default::default() }
}
