//! Moving an alias, and waiting until the predictor follows.

use std::time::Duration;

use millwright_client::{ClientError, PredictorClient, RetryPolicy};
use millwright_domain::SetAlias;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{connection::Addresses, view::PromotionView};

/// Long enough for a predictor to load a large model.
const SERVED_WITHIN: Duration = Duration::from_secs(10);

const ASK_EVERY: Duration = Duration::from_millis(50);

/// Moves an alias; answers when the predictor serves the version, or after [`SERVED_WITHIN`] all
/// the same. The move stands either way; the answer says what keeps the predictor.
///
/// # Errors
/// Of the move alone.
pub(crate) async fn promote(
    addresses: &Addresses,
    set: SetAlias,
) -> Result<PromotionView, ClientError> {
    let (entry, revision) = addresses.registry()?.set_alias(&set).await?;
    let predictor = addresses.predictor()?.with_retry(RetryPolicy::NEVER);
    let mut problem = String::from("it is still being loaded");
    let serving =
        timeout(SERVED_WITHIN, until_served(&predictor, &set, &mut problem)).await.is_ok();
    let problem = (!serving).then_some(problem);
    Ok(PromotionView { model: set.model, alias: entry.into(), revision, serving, problem })
}

/// Returns when the predictor serves it; until then `problem` says why not.
async fn until_served(predictor: &PredictorClient, set: &SetAlias, problem: &mut String) {
    let mut ticks = interval(ASK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match is_served(predictor, set).await {
            Ok(Served::Yes) => return,
            Ok(Served::Loading) => {}
            Ok(Served::No(why)) => *problem = why,
            Err(error) => *problem = error.to_string(),
        }
    }
}

enum Served {
    Yes,
    Loading,
    No(String),
}

async fn is_served(predictor: &PredictorClient, set: &SetAlias) -> Result<Served, ClientError> {
    let aliases = predictor.served().await?;
    let ours = aliases.into_iter().find(|served| {
        let model = served.serving.as_ref().map_or("", |version| &version.model);
        model == set.model.as_str() && served.alias == set.alias.as_str()
    });
    let Some(ours) = ours else { return Ok(Served::Loading) };
    let version = ours.serving.map_or(0, |version| version.version);
    Ok(match ours.problem {
        _ if version == set.version.get() => Served::Yes,
        problem if problem.is_empty() => Served::Loading,
        problem => Served::No(problem),
    })
}
