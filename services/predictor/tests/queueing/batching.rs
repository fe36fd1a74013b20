//! Who shares a batch, and what one caller can do to another.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::join_all};
use millwright_predictor::{BatchPolicy, PredictOptions, ServingError};
use proptest::prelude::*;
use tokio::{runtime::Runtime, task::yield_now, time::Instant};

use crate::fakes::{CALL, Echo, PANIC, STREAM, WRONG, batcher, gated, gated_at, rows, values};

proptest! {
    #[test]
    fn everybody_gets_their_own_rows_back(
        jobs in prop::collection::vec(prop::collection::vec(0.0..1e9_f64, 0..7), 1..30),
        max_batch_size in 1..9_usize,
        model in prop_oneof![Just(Echo::default as fn() -> Echo), Just(Echo::heavy as _)],
    ) {
        let policy = BatchPolicy { max_batch_size, ..BatchPolicy::default() };
        let answers = Runtime::new().expect("a runtime").block_on(async {
            let batcher = batcher(Arc::new(model()), policy);
            let calls = jobs.iter().map(|job| batcher.predict(rows(job), CALL));
            join_all(calls).await
        });
        for (job, answer) in jobs.iter().zip(answers) {
            let answer = answer.expect("predicted");
            prop_assert_eq!(&values(&answer.rows), job);
            prop_assert!(answer.receipt.batch_rows <= max_batch_size);
        }
    }
}

#[tokio::test]
async fn what_waits_while_the_kernel_runs_becomes_one_batch() {
    let (model, open) = gated();
    let batcher = batcher(model.clone(), BatchPolicy::default());
    let first = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.predict(rows(&[0.0]), CALL).await }
    });
    while model.seen.lock().unwrap().is_empty() {
        yield_now().await;
    }
    let (one, two) = (rows(&[1.0]), rows(&[2.0, 3.0]));
    let mut rest =
        join_all([batcher.predict(one, CALL).boxed(), batcher.predict(two, CALL).boxed()]);
    assert!((&mut rest).now_or_never().is_none(), "the kernel is busy");
    open.send(()).unwrap();
    open.send(()).unwrap();
    let rest = rest.await;
    assert_eq!(first.await.unwrap().unwrap().receipt.batch_rows, 1);
    assert!(rest.iter().all(|answer| answer.as_ref().unwrap().receipt.batch_rows == 3));
    assert_eq!(*model.seen.lock().unwrap(), [vec![0.0], vec![1.0, 2.0, 3.0]]);
}

#[tokio::test]
async fn rows_of_a_caller_that_is_gone_never_reach_the_kernel() {
    let (model, open) = gated();
    let batcher = batcher(model.clone(), BatchPolicy::default());
    let mut first = batcher.predict(rows(&[0.0]), CALL).boxed();
    while model.seen.lock().unwrap().is_empty() {
        assert!((&mut first).now_or_never().is_none());
        yield_now().await;
    }
    let mut gone = batcher.predict(rows(&[1.0]), CALL).boxed();
    assert!((&mut gone).now_or_never().is_none());
    let mut stays = batcher.predict(rows(&[2.0]), CALL).boxed();
    assert!((&mut stays).now_or_never().is_none());
    drop(gone);
    open.send(()).unwrap();
    open.send(()).unwrap();
    assert_eq!(values(&first.await.unwrap().rows), [0.0]);
    assert_eq!(values(&stays.await.unwrap().rows), [2.0]);
    assert_eq!(*model.seen.lock().unwrap(), [[0.0], [2.0]]);
}

#[tokio::test]
async fn a_deadline_that_passed_costs_no_kernel_time() {
    for model in [Echo::default(), Echo::heavy()].map(Arc::new) {
        let batcher = batcher(model.clone(), BatchPolicy::default());
        let late = PredictOptions { deadline: Some(Instant::now()), ..CALL };
        let outcome = batcher.predict(rows(&[1.0]), late).await;
        assert!(matches!(outcome, Err(ServingError::DeadlinePassed)), "{outcome:?}");
        assert!(model.seen.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn light_rows_are_computed_at_once_unless_somebody_waits() {
    let batcher = batcher(Arc::new(Echo::default()), BatchPolicy::default());
    let calls = || [1.0, 2.0].map(|value| batcher.predict(rows(&[value]), CALL));
    let at_once = join_all(calls()).now_or_never().expect("nobody had to wait");
    assert!(at_once.iter().all(|answer| answer.as_ref().unwrap().receipt.batch_rows == 1));
    // Too many for a batch, so that they are queued.
    let mut queued = batcher.predict(rows(&[0.0; 1025]), CALL).boxed();
    assert!((&mut queued).now_or_never().is_none());
    assert!(join_all(calls()).now_or_never().is_none(), "they wait behind those before them");
    assert_eq!(queued.await.unwrap().rows.len(), 1025);
}

#[tokio::test]
async fn a_full_queue_refuses_a_call_and_lets_a_stream_wait() {
    let (model, open) = gated();
    let policy = BatchPolicy { max_batch_size: 2, max_queued_rows: 2, ..BatchPolicy::default() };
    let batcher = batcher(model.clone(), policy);
    let mut first = batcher.predict(rows(&[1.0, 2.0]), CALL).boxed();
    assert!((&mut first).now_or_never().is_none());
    assert_eq!(batcher.queued_rows(), 2);

    let refused = batcher.predict(rows(&[3.0]), CALL).now_or_never();
    let Some(Err(ServingError::QueueFull { retry_after })) = refused else {
        panic!("refused at once, not {refused:?}");
    };
    assert!(retry_after > Duration::ZERO);

    let waits = batcher.predict(rows(&[4.0]), STREAM);
    open.send(()).unwrap();
    open.send(()).unwrap();
    let (first, waits) = tokio::join!(first, waits);
    assert_eq!(values(&first.unwrap().rows), [1.0, 2.0]);
    assert_eq!(values(&waits.unwrap().rows), [4.0]);
}

#[tokio::test]
async fn more_rows_than_the_queue_takes_are_refused_for_good() {
    let policy = BatchPolicy { max_batch_size: 2, max_queued_rows: 4, ..BatchPolicy::default() };
    let batcher = batcher(Arc::new(Echo::default()), policy);
    let outcome = batcher.predict(rows(&[0.0; 5]), CALL).await;
    assert!(matches!(outcome, Err(ServingError::TooManyRows { rows: 5, limit: 4 })), "{outcome:?}");
    let sliced = batcher.predict(rows(&[1.0, 2.0, 3.0]), CALL).await.unwrap();
    assert_eq!((values(&sliced.rows), sliced.receipt.batch_rows), (vec![1.0, 2.0, 3.0], 2));
}

#[tokio::test]
async fn a_panic_harms_the_one_who_caused_it() {
    let model = Arc::new(Echo::heavy());
    let batcher = batcher(model.clone(), BatchPolicy::default());
    let calls = [1.0, PANIC, 3.0].map(|value| batcher.predict(rows(&[value]), CALL));
    let answers = join_all(calls).await;
    assert_eq!(model.seen.lock().unwrap()[0], [1.0, PANIC, 3.0], "they shared a batch");
    assert_eq!(values(&answers[0].as_ref().unwrap().rows), [1.0]);
    assert!(matches!(answers[1], Err(ServingError::Panicked)));
    assert_eq!(values(&answers[2].as_ref().unwrap().rows), [3.0]);
}

#[tokio::test]
async fn a_wrong_row_harms_its_own_request_and_is_named_in_it() {
    let model = Arc::new(Echo::heavy());
    let batcher = batcher(model.clone(), BatchPolicy::default());
    let jobs = [rows(&[1.0, 2.0]), rows(&[3.0, WRONG]), rows(&[4.0])];
    let answers = join_all(jobs.map(|rows| batcher.predict(rows, CALL))).await;
    assert_eq!(values(&answers[0].as_ref().unwrap().rows), [1.0, 2.0]);
    let Err(ServingError::Model(wrong)) = &answers[1] else { panic!("{:?}", answers[1]) };
    assert_eq!(wrong.row(), Some(1), "counted in the request");
    assert_eq!(values(&answers[2].as_ref().unwrap().rows), [4.0]);
    assert_eq!(answers[2].as_ref().unwrap().receipt.batch_rows, 3, "the others stay together");
}

#[tokio::test]
async fn a_wrong_row_of_a_sliced_request_is_counted_from_its_beginning() {
    let policy = BatchPolicy { max_batch_size: 2, ..BatchPolicy::default() };
    let batcher = batcher(Arc::new(Echo::default()), policy);
    let outcome = batcher.predict(rows(&[1.0, 2.0, 3.0, 4.0, WRONG]), CALL).await;
    let Err(ServingError::Model(wrong)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(wrong.row(), Some(4));
}

#[tokio::test(start_paused = true)]
async fn a_delay_does_not_outlast_a_deadline() {
    let policy = BatchPolicy { max_queue_delay: Duration::from_secs(5), ..BatchPolicy::default() };
    let batcher = batcher(Arc::new(Echo::default()), policy);
    let deadline = Some(Instant::now() + Duration::from_secs(1));
    let answer = batcher.predict(rows(&[1.0]), PredictOptions { deadline, ..CALL }).await;
    assert_eq!(values(&answer.unwrap().rows), [1.0]);
}

#[tokio::test]
async fn no_rows_are_no_rows() {
    let batcher = batcher(Arc::new(Echo::default()), BatchPolicy::default());
    assert!(batcher.predict(rows(&[]), CALL).await.unwrap().rows.is_empty());
    assert_eq!(batcher.queued_rows(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_delay_lets_a_batch_wait_for_company_but_not_when_it_is_full() {
    let max_queue_delay = Duration::from_secs(5);
    let policy = BatchPolicy { max_batch_size: 2, max_queue_delay, ..BatchPolicy::default() };
    let batcher = batcher(Arc::new(Echo::default()), policy);
    let began = Instant::now();
    let later = async {
        tokio::time::advance(Duration::from_secs(3)).await;
        batcher.predict(rows(&[2.0]), CALL).await
    };
    let (first, second) = tokio::join!(batcher.predict(rows(&[1.0]), CALL), later);
    assert_eq!(first.unwrap().receipt.batch_rows, 2);
    assert_eq!(second.unwrap().receipt.batch_rows, 2);
    assert!(began.elapsed() < max_queue_delay);
    let alone = batcher.predict(rows(&[3.0]), CALL).await.unwrap();
    assert_eq!(alone.receipt.batch_rows, 1);
    assert!(began.elapsed() >= max_queue_delay);
}

#[tokio::test(start_paused = true)]
async fn slices_that_share_a_batch_count_its_time_once() {
    // So costly that every row is a slice of its own.
    let (model, open) = gated_at(10_000_000_000);
    let policy = BatchPolicy { max_batch_size: 3, ..BatchPolicy::default() };
    let batcher = batcher(model.clone(), policy);
    let answer = tokio::spawn(async move { batcher.predict(rows(&[1.0; 6]), CALL).await });
    for batches in 1..=2 {
        while model.seen.lock().unwrap().len() < batches {
            yield_now().await;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        open.send(()).unwrap();
    }
    let receipt = answer.await.unwrap().unwrap().receipt;
    assert_eq!((receipt.batch_rows, receipt.kernel), (3, Duration::from_secs(2)));
    assert_eq!(receipt.queue, Duration::from_secs(1), "the second batch waited for the first");
}
