//! Calls that are spread over all addresses of a name.

mod double;

use std::{future::Future, time::Duration};

use futures::{StreamExt, stream};
use millwright_client::Spread;
use millwright_proto::predictor::{
    ListServedModelsRequest, ListServedModelsResponse, ServedModel,
    predictor_service_client::PredictorServiceClient,
};
use tokio::{runtime::Runtime, time::timeout};
use tonic::{Status, Streaming, transport::Channel};

const LIST: &str = "/millwright.predictor.v1.PredictorService/ListServedModels";

/// A predictor at `at`, or anywhere, that says so many models; it ends with the runtime.
async fn predictor(at: Option<String>, models: usize) -> (Runtime, String) {
    let runtime = Runtime::new().expect("a runtime");
    let serving = runtime.spawn(async move {
        let answer = move |_: Streaming<ListServedModelsRequest>| async move {
            let models = vec![ServedModel::default(); models];
            Ok(stream::iter([Ok(ListServedModelsResponse { models })]).boxed())
        };
        match at {
            Some(at) => double::serve_at(&at, LIST, answer).await,
            None => double::serve(LIST, answer).await,
        }
    });
    (runtime, serving.await.expect("no panic"))
}

/// How many models the predictor at the other end says.
async fn models(channel: Channel) -> Result<usize, Status> {
    let answer =
        PredictorServiceClient::new(channel).list_served_models(ListServedModelsRequest {}).await;
    Ok(answer?.into_inner().models.len())
}

/// Ends a predictor, and returns when nobody listens at `at`.
fn end(predictor: Runtime, at: &str) {
    predictor.shutdown_background();
    // The listener goes with its runtime, which takes a moment.
    while std::net::TcpListener::bind(at).is_err() {
        std::thread::yield_now();
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), future).await.expect("soon")
}

#[tokio::test]
async fn a_connection_that_was_closed_is_no_failed_call() {
    let (first, at) = predictor(None, 1).await;
    let spread = Spread::connect_lazy("predictors", &at).expect("an address");
    assert_eq!(soon(spread.call(models)).await.expect("an answer"), 1);
    end(first, &at);
    let (second, _) = predictor(Some(at), 2).await;
    for _ in 0..10 {
        assert_eq!(soon(spread.call(models)).await.expect("an answer"), 2);
    }
    second.shutdown_background();
}

#[tokio::test]
async fn whoever_is_away_is_waited_for() {
    let (gone, at) = predictor(None, 1).await;
    end(gone, &at);
    let spread = Spread::connect_lazy("predictors", &at).expect("an address");
    let none = timeout(Duration::from_millis(300), spread.next()).await;
    assert!(none.is_err(), "nobody is there");
}
