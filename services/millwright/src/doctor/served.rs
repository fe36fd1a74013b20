//! What the predictor serves, and what it should.

use std::time::Duration;

use millwright_client::RetryPolicy;
use millwright_proto::predictor::ServedModel;
use tokio::time::timeout;

use super::finding::Finding;
use crate::connection::Addresses;

const SAYS_WITHIN: Duration = Duration::from_secs(2);

/// One finding for each alias whose version is not served, and one for all others. Nothing where
/// the predictor does not answer, which another finding says.
pub(super) async fn examine(addresses: &Addresses) -> Vec<Finding> {
    let Ok(predictor) = addresses.predictor() else { return vec![] };
    let predictor = predictor.with_retry(RetryPolicy::NEVER);
    let Ok(Ok(models)) = timeout(SAYS_WITHIN, predictor.served()).await else { return vec![] };
    let (served, others): (Vec<_>, Vec<_>) = models.into_iter().partition(is_served);
    let all = Finding::fine("models", format!("{} aliases are served", served.len()));
    std::iter::once(all).chain(others.into_iter().map(told)).collect()
}

fn is_served(model: &ServedModel) -> bool {
    model.serving.as_ref().is_some_and(|serving| serving.version == model.wanted_version)
}

fn told(model: ServedModel) -> Finding {
    let name = model.serving.map(|serving| serving.model).unwrap_or_default();
    let what = format!("{name}@{}", model.alias);
    let version = model.wanted_version;
    if model.problem.is_empty() {
        let found = format!("version {version} is being loaded");
        return Finding::warning(what, found, "look again in a moment");
    }
    let found = format!("version {version} is not served, {}", model.problem);
    Finding::problem(what, found, "point the alias at a version that is sound")
}
