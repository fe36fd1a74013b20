//! What the predictor says of its models.

use std::time::Duration;

use millwright_client::{ClientError, PredictorClient, RetryPolicy};
use millwright_domain::{Code, ModelName, ModelRef, Selector};
use millwright_proto::predictor::{PredictRequest, ServedModel};
use millwright_wire::required;
use tokio::time::timeout;

use crate::{
    connection::Addresses,
    error::CliError,
    rows::{self, Column},
    view::ServedView,
};

/// Whoever shows a model waits no longer for what the predictor says of it.
const SAYS_WITHIN: Duration = Duration::from_secs(2);

/// What the predictor says of the aliases of a model.
///
/// # Errors
/// It cannot be reached, or does not answer.
pub(crate) async fn aliases(
    addresses: &Addresses,
    model: &ModelName,
) -> Result<Vec<ServedView>, ClientError> {
    let predictor = addresses.predictor()?.with_retry(RetryPolicy::NEVER);
    let served = match timeout(SAYS_WITHIN, predictor.served()).await {
        Ok(served) => served?,
        Err(_) => return Err(silent()),
    };
    let is_ours = |one: &ServedModel| {
        one.serving.as_ref().is_some_and(|version| version.model == model.as_str())
    };
    Ok(served.into_iter().filter(is_ours).map(ServedView::from).collect())
}

fn silent() -> ClientError {
    ClientError::Status {
        code: Code::DeadlineExceeded,
        message: "the predictor did not answer in time".to_owned(),
        violation: None,
        retry_after: None,
    }
}

/// The columns of the version that answers to `model`.
///
/// # Errors
/// As the predictor answers to a call for a model that it does not serve.
pub(crate) async fn columns(
    predictor: &PredictorClient,
    model: &ModelRef,
) -> Result<Vec<Column>, CliError> {
    let served = predictor.served().await?;
    let ours = served.into_iter().find(|served| answers(served, model));
    let Some(ours) = ours else {
        // A call without rows: the predictor says what is wrong with the reference, in its words.
        let model_ref = model.to_string();
        predictor.predict(PredictRequest { model_ref, ..PredictRequest::default() }).await?;
        return Err(CliError::Unnamed(model.clone()));
    };
    let signature = required("signature", ours.signature);
    let columns = signature.map(|signature| rows::columns(&signature)).unwrap_or_default();
    if columns.is_empty() { Err(CliError::Unnamed(model.clone())) } else { Ok(columns) }
}

fn answers(served: &ServedModel, model: &ModelRef) -> bool {
    let Some(serving) = &served.serving else { return false };
    let selected = match &model.selector {
        Selector::Alias(alias) => served.alias == alias.as_str(),
        Selector::Version(version) => serving.version == version.get(),
    };
    selected && serving.model == model.name.as_str() && serving.version > 0
}
