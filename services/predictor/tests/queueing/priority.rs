//! Who leaves a queue first, and who gives up.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use millwright_predictor::{Answer, BatchPolicy, Batcher, PredictOptions, Priority, ServingError};
use tokio::task::yield_now;

use crate::fakes::{CALL, Echo, STREAM, batcher, gated, gated_at, rows};

const URGENT: PredictOptions = PredictOptions { priority: Priority::Urgent, ..CALL };
const BACKGROUND: PredictOptions = PredictOptions { priority: Priority::Background, ..CALL };

type Call<'a> = BoxFuture<'a, Result<Answer, ServingError>>;

/// Calls, and returns when its rows are in the queue, or else are being computed.
fn queued(batcher: &Batcher, value: f64, options: PredictOptions) -> Call<'_> {
    let mut call = batcher.predict(rows(&[value]), options).boxed();
    assert!((&mut call).now_or_never().is_none(), "the kernel is busy");
    call
}

/// Waits until the kernel has begun `n` batches.
async fn until_begun(model: &Echo, n: usize) {
    while model.seen.lock().expect("nobody panics under this lock").len() < n {
        yield_now().await;
    }
}

fn one_row_a_batch() -> BatchPolicy {
    let max_queue_wait = Duration::ZERO;
    BatchPolicy { max_batch_size: 1, max_queue_wait, ..BatchPolicy::default() }
}

#[tokio::test]
async fn what_is_urgent_leaves_first_and_equals_keep_their_order() {
    let (model, open) = gated();
    let batcher = batcher(model.clone(), one_row_a_batch());
    let first = queued(&batcher, 0.0, CALL);
    until_begun(&model, 1).await;
    let rest = [
        queued(&batcher, 5.0, BACKGROUND),
        queued(&batcher, 3.0, CALL),
        queued(&batcher, 1.0, URGENT),
        queued(&batcher, 4.0, CALL),
        queued(&batcher, 2.0, URGENT),
        queued(&batcher, 6.0, BACKGROUND),
    ];
    (0..7).for_each(|_| open.send(()).expect("the model is there"));
    first.await.expect("predicted");
    for call in rest {
        call.await.expect("predicted");
    }
    let seen = model.seen.lock().expect("nobody panics under this lock").concat();
    assert_eq!(seen, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[tokio::test]
async fn a_batch_is_filled_with_what_is_less_urgent() {
    let (model, open) = gated();
    let policy = BatchPolicy { max_queue_wait: Duration::ZERO, ..BatchPolicy::default() };
    let batcher = batcher(model.clone(), policy);
    let first = queued(&batcher, 0.0, CALL);
    until_begun(&model, 1).await;
    let rest = [queued(&batcher, 2.0, BACKGROUND), queued(&batcher, 1.0, URGENT)];
    (0..2).for_each(|_| open.send(()).expect("the model is there"));
    first.await.expect("predicted");
    for call in rest {
        assert_eq!(call.await.expect("predicted").receipt.batch_rows, 2);
    }
    assert_eq!(*model.seen.lock().expect("nobody panics"), [vec![0.0], vec![1.0, 2.0]]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_longer_than_its_timeout_is_refused_and_never_computed() {
    let (model, open) = gated();
    let batcher = batcher(model.clone(), one_row_a_batch());
    let first = queued(&batcher, 0.0, CALL);
    until_begun(&model, 1).await;
    let timeout = Some(Duration::from_millis(20));
    for (value, patient) in [(1.0, CALL), (2.0, STREAM)] {
        let refused = batcher.predict(rows(&[value]), PredictOptions { timeout, ..patient }).await;
        assert!(matches!(refused, Err(ServingError::DeadlinePassed)), "{refused:?}");
    }
    let last = queued(&batcher, 3.0, CALL);
    (0..2).for_each(|_| open.send(()).expect("the model is there"));
    first.await.expect("predicted");
    last.await.expect("predicted");
    assert_eq!(*model.seen.lock().expect("nobody panics"), [[0.0], [3.0]]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_begun_in_time_is_finished() {
    let (model, open) = gated_at(10_000_000_000);
    let batcher = batcher(model.clone(), one_row_a_batch());
    let timeout = Some(Duration::from_millis(20));
    let mut call = batcher.predict(rows(&[1.0, 2.0]), PredictOptions { timeout, ..CALL }).boxed();
    assert!((&mut call).now_or_never().is_none());
    until_begun(&model, 1).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!((&mut call).now_or_never().is_none(), "its first row is being computed");
    (0..2).for_each(|_| open.send(()).expect("the model is there"));
    assert_eq!(call.await.expect("predicted").rows.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn company_is_not_awaited_until_a_timeout_passes() {
    let max_queue_delay = Duration::from_secs(5);
    let policy = BatchPolicy { max_queue_delay, ..BatchPolicy::default() };
    let batcher = batcher(Arc::new(Echo::default()), policy);
    let timeout = Some(Duration::from_secs(1));
    let answer = batcher.predict(rows(&[1.0]), PredictOptions { timeout, ..CALL }).await;
    assert_eq!(answer.expect("predicted").rows.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_request_gives_its_seat_back_before_its_turn() {
    let (model, open) = gated();
    let batcher = batcher(model.clone(), one_row_a_batch());
    let first = queued(&batcher, 0.0, CALL);
    until_begun(&model, 1).await;
    let urgent = [queued(&batcher, 1.0, URGENT), queued(&batcher, 2.0, URGENT)];
    drop(queued(&batcher, 3.0, BACKGROUND));
    assert_eq!(batcher.queued_rows(), 4);
    tokio::time::advance(Duration::from_secs(1)).await;
    open.send(()).expect("the model is there");
    first.await.expect("predicted");
    until_begun(&model, 2).await;
    assert_eq!(batcher.queued_rows(), 2, "both that are urgent, one of which is computed");
    (0..2).for_each(|_| open.send(()).expect("the model is there"));
    for call in urgent {
        call.await.expect("predicted");
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_of_the_oldest_request_is_told() {
    let (model, open) = gated();
    let batcher = batcher(model.clone(), one_row_a_batch());
    assert_eq!(batcher.oldest_wait(), None, "nobody waits");
    let first = queued(&batcher, 0.0, CALL);
    until_begun(&model, 1).await;
    assert_eq!(batcher.oldest_wait(), None, "it is being computed");
    let rest = [queued(&batcher, 1.0, BACKGROUND), queued(&batcher, 2.0, URGENT)];
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(
        batcher.oldest_wait(),
        Some(Duration::from_secs(3)),
        "it came after the batch began"
    );
    open.send(()).expect("the model is there");
    first.await.expect("predicted");
    until_begun(&model, 2).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(batcher.oldest_wait(), Some(Duration::from_secs(4)), "what is in the background");
    (0..2).for_each(|_| open.send(()).expect("the model is there"));
    for call in rest {
        call.await.expect("predicted");
    }
}
