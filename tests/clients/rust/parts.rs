//! What a plant does with a client, part by part.

use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

use futures::{StreamExt, future::try_join3, stream};
use millwright_client::{Backoff, ClientError, PredictorClient, RetryPolicy};
use millwright_domain::{Code, Fault};
use millwright_proto::predictor::{
    PredictRequest, PredictResponse, PredictStreamRequest, ServedModel,
    predict_stream_response::Result as Outcome,
};
use tokio::time::{sleep, timeout};

use crate::DEADLINE;

const STREAM_DEADLINE: Duration = Duration::from_secs(60);
const REACH_WITHIN: Duration = Duration::from_secs(60);
const ROWS_PER_MESSAGE: usize = 8;

/// Waits of an overloaded call; each is as long as the predictor asks, and a random part more.
const PATIENCE: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(10),
    longest: Duration::from_millis(500),
    total: Duration::from_secs(20),
};

pub(crate) fn models(served: &[ServedModel]) -> String {
    let alias = |slot: &ServedModel| {
        let serving = slot.serving.clone().unwrap_or_default();
        format!("{}@{}={}", serving.model, slot.alias, serving.version)
    };
    served.iter().map(alias).collect::<Vec<_>>().join(", ")
}

pub(crate) fn predicted(answer: &PredictResponse) -> String {
    let version = answer.version.clone().unwrap_or_default();
    let labels = answer.predictions.iter().map(|row| row.label.as_str()).collect::<Vec<_>>();
    format!("{} rows by {}@{}: {}", labels.len(), version.model, version.version, labels.join(", "))
}

/// The labels of all rows. A stream that breaks goes on by itself where it was cut, and the client
/// takes a further message only as long as few are unanswered.
pub(crate) async fn streamed(
    predictor: &PredictorClient,
    n_rows: usize,
    request: &impl Fn(usize, usize) -> PredictRequest,
) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let message = |begin| PredictStreamRequest {
        row_index: begin as u64,
        request: Some(request(begin, n_rows.min(begin + ROWS_PER_MESSAGE))),
    };
    let messages = (0..n_rows).step_by(ROWS_PER_MESSAGE).map(message).collect::<Vec<_>>();
    let all = async {
        let mut labels = Vec::new();
        let mut answers = predictor.predict_stream(stream::iter(messages)).await?;
        while let Some(answer) = answers.next().await {
            match answer?.result {
                Some(Outcome::Prediction(rows)) => {
                    labels.extend(rows.predictions.into_iter().map(|row| row.label));
                }
                Some(Outcome::Error(error)) => return Err(io::Error::other(error.message).into()),
                None => return Err(io::Error::other("an answer is empty").into()),
            }
        }
        Ok(labels)
    };
    timeout(STREAM_DEADLINE, all).await?
}

pub(crate) fn counts(labels: &[String]) -> String {
    let mut counts = BTreeMap::new();
    labels.iter().for_each(|label| *counts.entry(label).or_insert(0) += 1);
    let counts = counts.iter().map(|(label, n)| format!("{label} {n}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// Calls until every predictor has answered; how many have. They say so themselves.
pub(crate) async fn spread(
    predictor: &PredictorClient,
    request: &PredictRequest,
    alone: &[PredictorClient],
) -> Result<usize, Box<dyn std::error::Error>> {
    let (before, began) = (succeeded(alone).await?, Instant::now());
    loop {
        for _ in 0..10 {
            timeout(DEADLINE, predictor.predict(request.clone())).await??;
        }
        let now = succeeded(alone).await?;
        let reached = before.iter().zip(&now).filter(|(before, now)| before < now).count();
        if reached == alone.len() || began.elapsed() > REACH_WITHIN {
            return Ok(reached);
        }
    }
}

/// Requests that each predictor has answered.
async fn succeeded(alone: &[PredictorClient]) -> Result<Vec<u64>, Box<dyn std::error::Error>> {
    let mut succeeded = Vec::new();
    for predictor in alone {
        let versions = timeout(DEADLINE, predictor.statistics(None)).await??;
        succeeded.push(versions.iter().map(|version| version.succeeded).sum());
    }
    Ok(succeeded)
}

/// Sends more than the queue takes, until one call at least was told to come again; how often.
pub(crate) async fn overloaded(
    busy: &PredictorClient,
    request: &PredictRequest,
) -> Result<u32, ClientError> {
    // It would wait by itself, for 3 s in all. Here each refusal is counted.
    let busy = busy.clone().with_retry(RetryPolicy::NEVER);
    for _ in 0..20 {
        let call = || patiently(&busy, request);
        let (first, second, third) = try_join3(call(), call(), call()).await?;
        if first + second + third > 0 {
            return Ok(first + second + third);
        }
    }
    Ok(0)
}

/// Predicts; how often it was told to come again before.
async fn patiently(busy: &PredictorClient, request: &PredictRequest) -> Result<u32, ClientError> {
    let mut waits = Backoff::new(PATIENCE);
    let mut retries = 0;
    loop {
        let Err(error) = busy.predict(request.clone()).await else { return Ok(retries) };
        let asked = error.retry_after().filter(|_| error.code() == Code::ResourceExhausted);
        let wait = asked.and_then(|asked| waits.next_wait(Some(asked)));
        let Some(wait) = wait else { return Err(error) };
        sleep(wait).await;
        retries += 1;
    }
}

/// Calls whoever never answers. Dropping a call withdraws it.
pub(crate) async fn deadline(
    silent: &PredictorClient,
    request: PredictRequest,
) -> Result<&'static str, ClientError> {
    match timeout(Duration::from_millis(500), silent.predict(request)).await {
        Ok(answer) => answer.map(|_| "answered"),
        Err(_) => Ok("DEADLINE_EXCEEDED"),
    }
}
