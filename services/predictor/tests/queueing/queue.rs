//! How long a request waits for its turn.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use millwright_predictor::{BatchPolicy, Batcher, PredictOptions, ServingError};
use tokio::task::yield_now;

use crate::fakes::{CALL, Echo, STREAM, batcher, gated_at, rows, values};

/// Operations of a row that is said to take a second.
const SECOND: u64 = 10_000_000_000;

fn policy(max_queue_wait: Duration) -> BatchPolicy {
    BatchPolicy { max_batch_size: 2, max_queue_wait, ..BatchPolicy::default() }
}

/// Waits until the kernel is busy with the first of what is queued.
async fn until_busy(model: &Echo) {
    while model.seen.lock().expect("nobody panics under this lock").is_empty() {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_call_that_would_wait_too_long_is_refused_at_once() {
    let (model, open) = gated_at(SECOND);
    let batcher = batcher(model.clone(), policy(Duration::from_secs(3)));
    let first = tokio::spawn(predicted(batcher.clone(), 3, CALL));
    until_busy(&model).await;
    let mut second = batcher.predict(rows(&[4.0]), CALL).boxed();
    assert!((&mut second).now_or_never().is_none(), "three rows are no longer than the bound");
    let refused = batcher.predict(rows(&[5.0]), CALL).now_or_never();
    let Some(Err(ServingError::QueueFull { retry_after })) = refused else {
        panic!("refused at once, not {refused:?}");
    };
    assert_eq!(retry_after, Duration::from_secs(4), "what the queue takes");
    drop((second, open));
    first.abort();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_too_long_is_refused_and_never_computed() {
    let (model, open) = gated_at(SECOND);
    let batcher = batcher(model.clone(), policy(Duration::from_secs(2)));
    let first = tokio::spawn(predicted(batcher.clone(), 2, CALL));
    until_busy(&model).await;
    let waited = batcher.predict(rows(&[3.0]), CALL).await;
    assert!(matches!(waited, Err(ServingError::QueueFull { .. })), "{waited:?}");
    open.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(2));
    open.send(()).unwrap();
    assert_eq!(predicted(batcher, 1, CALL).await, Ok(1));
    assert_eq!(*model.seen.lock().unwrap(), [vec![1.0; 2], vec![1.0]]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_begun_is_finished_however_long_it_takes() {
    let (model, open) = gated_at(SECOND);
    let batcher = batcher(model.clone(), policy(Duration::from_secs(2)));
    let long = tokio::spawn(predicted(batcher, 4, CALL));
    until_busy(&model).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    open.send(()).unwrap();
    open.send(()).unwrap();
    assert_eq!(long.await.unwrap(), Ok(4));
}

#[tokio::test(start_paused = true)]
async fn without_a_bound_a_call_waits_as_long_as_it_takes() {
    let (model, open) = gated_at(SECOND);
    let batcher = batcher(model.clone(), policy(Duration::ZERO));
    let first = tokio::spawn(predicted(batcher.clone(), 2, CALL));
    until_busy(&model).await;
    let second = tokio::spawn(predicted(batcher, 1, CALL));
    tokio::time::advance(Duration::from_secs(3_600)).await;
    open.send(()).unwrap();
    open.send(()).unwrap();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(2), Ok(1)));
}

#[tokio::test]
async fn a_stream_waits_outside_and_leaves_room_for_calls() {
    let (model, open) = gated_at(SECOND);
    let batcher = batcher(model.clone(), policy(Duration::from_secs(6)));
    let first = tokio::spawn(predicted(batcher.clone(), 4, STREAM));
    until_busy(&model).await;
    let mut stream = batcher.predict(rows(&[5.0]), STREAM).boxed();
    assert!((&mut stream).now_or_never().is_none());
    assert_eq!(batcher.queued_rows(), 4, "four of six: the rest is for calls");
    let mut call = batcher.predict(rows(&[6.0]), CALL).boxed();
    assert!((&mut call).now_or_never().is_none());
    assert_eq!(batcher.queued_rows(), 5);
    (0..4).for_each(|_| open.send(()).unwrap());
    let (stream, call) = tokio::join!(stream, call);
    assert_eq!(values(&call.unwrap().rows), [6.0]);
    assert_eq!(values(&stream.unwrap().rows), [5.0]);
    assert_eq!(first.await.unwrap(), Ok(4));
}

#[tokio::test(start_paused = true)]
async fn an_idle_queue_takes_what_is_longer_than_the_bound() {
    let policy = policy(Duration::from_nanos(1));
    let batcher = batcher(Arc::new(Echo::default()), policy);
    assert_eq!(predicted(batcher, 100, CALL).await, Ok(100));
}

/// The number of rows that are answered of `n`.
async fn predicted(batcher: Batcher, n: usize, options: PredictOptions) -> Result<usize, String> {
    let answer = batcher.predict(rows(&vec![1.0; n]), options).await;
    answer.map(|answer| answer.rows.len()).map_err(|error| error.to_string())
}
