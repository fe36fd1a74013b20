//! A service that went away, and one that is another.

mod double;

use futures::{StreamExt, stream};
use millwright_client::{ClientError, PageRequest, RegistryClient, RetryPolicy};
use millwright_domain::{Code, Fault, Tags};
use millwright_proto::registry::{
    ListModelsRequest, ListModelsResponse, WatchModelsRequest, WatchModelsResponse,
};
use tokio::runtime::Runtime;
use tonic::Streaming;

const LIST: &str = "/millwright.registry.v1.RegistryService/ListModels";
const WATCH: &str = "/millwright.registry.v1.RegistryService/WatchModels";

fn client(address: &str) -> RegistryClient {
    let client = RegistryClient::connect_lazy(address).expect("an address");
    client.with_retry(RetryPolicy::NEVER)
}

async fn list(client: &RegistryClient) -> Result<(), ClientError> {
    client.models(&Tags::new(), &PageRequest::default()).await.map(|_| ())
}

#[tokio::test]
async fn a_port_of_another_service_is_named_as_a_wrong_one() {
    let address = double::serve(WATCH, |_: Streaming<WatchModelsRequest>| async {
        Ok(stream::pending::<Result<WatchModelsResponse, _>>().boxed())
    });
    let address = address.await;
    let error = list(&client(&address)).await.expect_err("it lists nothing");
    assert_eq!(error.code(), Code::FailedPrecondition);
    let told = error.to_string();
    assert!(told.contains(&address) && told.contains("is this the registry?"), "{told}");
}

#[tokio::test]
async fn a_service_that_stops_is_out_of_reach_on_an_open_connection() {
    let elsewhere = Runtime::new().expect("a runtime");
    let serving = elsewhere.spawn(double::serve(LIST, |_: Streaming<ListModelsRequest>| async {
        Ok(stream::iter([Ok(ListModelsResponse::default())]).boxed())
    }));
    let client = client(&serving.await.expect("no panic"));
    list(&client).await.expect("it answers");
    elsewhere.shutdown_background();
    // The connection may be about to break, or broken, or there is nobody to connect to.
    for _ in 0..3 {
        let error = list(&client).await.expect_err("it is gone");
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_service_that_stops_is_out_of_reach_on_an_open_stream() {
    let elsewhere = Runtime::new().expect("a runtime");
    let serving = elsewhere.spawn(double::serve(WATCH, |_: Streaming<WatchModelsRequest>| async {
        Ok(stream::pending::<Result<WatchModelsResponse, _>>().boxed())
    }));
    let client = client(&serving.await.expect("no panic"));
    let mut told = client.watch().await.expect("it begins");
    elsewhere.shutdown_background();
    let error = told.next().await.expect("not an end in good order").expect_err("it is gone");
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}
