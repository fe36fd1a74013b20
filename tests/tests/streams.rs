//! Streams whose callers read slowly, stop early, or are still there at the end.

use futures::{StreamExt, stream};
use millwright_domain::{Code, Fault};
use millwright_ml::PipelineParts;
use millwright_proto::predictor::{
    PredictRequest, PredictStreamRequest, predict_stream_response::Result as Outcome,
};
use millwright_tests::{Plant, numbers, request};

fn rows(n: usize) -> PredictRequest {
    request("small", vec![numbers("x0", &vec![0.5; n])])
}

fn message(row_index: u64, n: usize) -> PredictStreamRequest {
    PredictStreamRequest { row_index, request: Some(rows(n)) }
}

async fn plant() -> Plant {
    let plant = Plant::start().await;
    plant.register("small", PipelineParts::seeded(1, 2, 1)).await;
    plant
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_read_takes_no_seat_from_others() {
    let plant = plant().await;
    let messages = stream::iter((0..).map(|i| message(i, 4_096)));
    let mut unread = plant.predictor().predict_stream(messages).await.unwrap();
    unread.next().await.unwrap().unwrap();
    for _ in 0..50 {
        plant.predictor().predict(rows(4_096)).await.expect("there is room for others");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_the_order_of_the_messages() {
    let plant = plant().await;
    let messages = stream::iter((0..1_000).map(|i| message(i, 1 + (i as usize * 7) % 50)));
    let answers = plant.predictor().predict_stream(messages).await.unwrap();
    let answers = answers.map(|answer| answer.expect("answered")).collect::<Vec<_>>().await;
    assert_eq!(answers.len(), 1_000);
    for (i, answer) in (0..).zip(answers) {
        assert_eq!(answer.row_index, i);
        let Some(Outcome::Prediction(prediction)) = answer.result else { panic!("{answer:?}") };
        assert_eq!(prediction.predictions.len(), 1 + (i as usize * 7) % 50);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_tells_whoever_is_still_there() {
    let plant = plant().await;
    let open = stream::iter((0..3).map(|i| message(i, 1))).chain(stream::pending());
    let mut open = plant.predictor().predict_stream(open).await.unwrap();
    for _ in 0..3 {
        open.next().await.unwrap().unwrap();
    }
    let (_, last) = tokio::join!(plant.stop(), open.next());
    assert_eq!(last.expect("told").expect_err("not an answer").code(), Code::Unavailable);
}
