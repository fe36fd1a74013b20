//! A stream of predictions that is cut and goes on.

mod double;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::{StreamExt, stream};
use millwright_client::{PredictorClient, RetryPolicy};
use millwright_domain::{Code, Fault};
use millwright_proto::predictor::{
    PredictError, PredictResponse, PredictStreamRequest, PredictStreamResponse,
    predict_stream_response::Result as Outcome,
};
use tonic::{Status, Streaming};

const PREDICT: &str = "/millwright.predictor.v1.PredictorService/PredictStream";

const QUICK: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(1),
    total: Duration::from_secs(60),
};

type Messages = Streaming<PredictStreamRequest>;
type Answers = double::Answers<PredictStreamResponse>;

fn messages(n: u64) -> impl stream::Stream<Item = PredictStreamRequest> + Send + 'static {
    stream::iter((0..n).map(|row_index| PredictStreamRequest { row_index, request: None }))
}

fn answer(row_index: u64) -> PredictStreamResponse {
    let result = Some(Outcome::Prediction(PredictResponse::default()));
    PredictStreamResponse { row_index, result }
}

fn refusal(row_index: u64) -> PredictStreamResponse {
    let error = PredictError { code: 14, retry_after_ms: 1, ..PredictError::default() };
    PredictStreamResponse { row_index, result: Some(Outcome::Error(error)) }
}

/// Answers `n` messages, then does what comes `after`.
fn answers(messages: Messages, n: usize, after: Option<Status>) -> Answers {
    let told = messages.take(n).map(|message| Ok(answer(message?.row_index)));
    told.chain(stream::iter(after.map(Err))).boxed()
}

/// A predictor whose `k`-th call is answered as `call` says.
async fn predictor(
    call: impl Fn(usize, Messages) -> Result<Answers, Status> + Clone + Send + Sync + 'static,
) -> (PredictorClient, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let address = double::serve(PREDICT, move |messages: Messages| {
        let outcome = call(counted.fetch_add(1, SeqCst), messages);
        async { outcome }
    });
    let client = PredictorClient::connect_lazy(&address.await).expect("an address");
    (client.with_retry(QUICK), calls)
}

async fn indices(client: &PredictorClient, n: u64) -> Vec<u64> {
    let answers = client.predict_stream(messages(n)).await.expect("a call");
    answers.map(|answer| answer.expect("answered").row_index).collect().await
}

#[tokio::test]
async fn a_stream_that_is_cut_goes_on_with_the_first_message_without_an_answer() {
    let (client, calls) = predictor(|call, messages| match call {
        0..9 => Ok(answers(messages, 3, Some(Status::unavailable("draining")))),
        _ => Ok(answers(messages, usize::MAX, None)),
    })
    .await;
    assert_eq!(indices(&client, 1_000).await, (0..1_000).collect::<Vec<_>>());
    assert_eq!(calls.load(SeqCst), 10);
}

#[tokio::test]
async fn a_stream_that_ends_too_early_goes_on_too() {
    let (client, _) = predictor(|call, messages| match call {
        0 => Ok(answers(messages, 3, None)),
        1 => Err(Status::unavailable("starting")),
        _ => Ok(answers(messages, usize::MAX, None)),
    })
    .await;
    assert_eq!(indices(&client, 10).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_that_the_predictor_resets_goes_on_too() {
    let (client, _) = predictor(|call, messages| match call {
        0 => Ok(answers(messages, 3, Some(Status::cancelled("reset")))),
        _ => Ok(answers(messages, usize::MAX, None)),
    })
    .await;
    assert_eq!(indices(&client, 10).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_message_that_came_too_early_is_asked_again() {
    let (client, calls) = predictor(|call, messages| match call {
        0 => Ok(messages.map(|message| Ok(refusal(message?.row_index))).boxed()),
        _ => Ok(answers(messages, usize::MAX, None)),
    })
    .await;
    assert_eq!(indices(&client, 10).await, (0..10).collect::<Vec<_>>());
    assert_eq!(calls.load(SeqCst), 2);
}

#[tokio::test]
async fn what_is_refused_in_the_end_is_told_in_its_place() {
    let (client, _) = predictor(|_, messages| {
        Ok(messages.map(|message| Ok(refusal(message?.row_index))).boxed())
    })
    .await;
    let hasty = client.with_retry(RetryPolicy::NEVER);
    let answers = hasty.predict_stream(messages(3)).await.expect("a call");
    let told = answers.map(|answer| answer.expect("told in-band")).collect::<Vec<_>>().await;
    assert_eq!(told, [0, 1, 2].map(refusal));
}

#[tokio::test]
async fn a_cut_that_cannot_pass_ends_the_stream() {
    let (client, calls) = predictor(|_, messages| {
        Ok(answers(messages, 1, Some(Status::invalid_argument("no message"))))
    })
    .await;
    let mut answers = client.predict_stream(messages(3)).await.expect("a call");
    assert!(answers.next().await.expect("an answer").is_ok());
    let error = answers.next().await.expect("told").expect_err("the stream is over");
    assert_eq!((error.code(), calls.load(SeqCst)), (Code::InvalidArgument, 1));
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn an_answer_to_another_message_is_never_taken() {
    let (client, _) = predictor(|_, _| Ok(stream::iter([Ok(answer(7))]).boxed())).await;
    let mut answers = client.predict_stream(messages(3)).await.expect("a call");
    let error = answers.next().await.expect("told").expect_err("not an answer of ours");
    assert_eq!(error.code(), Code::Internal);
}
