//! Following the registry's models.

mod double;

use futures::{StreamExt, stream};
use millwright_client::{ModelEvent, RegistryClient};
use millwright_domain::{Code, Fault};
use millwright_proto::registry::{
    ModelDeleted, Snapshot, WatchModelsRequest, WatchModelsResponse, watch_models_response::Event,
};
use tonic::{Status, Streaming};

const WATCH: &str = "/millwright.registry.v1.RegistryService/WatchModels";

/// A registry that has come to revision 7 and tells where it begins.
async fn registry() -> RegistryClient {
    let address = double::serve(WATCH, |mut asked: Streaming<WatchModelsRequest>| async move {
        let asked = asked.message().await?.expect("a request").after_revision;
        let told = match asked {
            Some(8..) => {
                return Err(Status::failed_precondition("the registry has not come so far"));
            }
            Some(revision) => {
                let event = Event::ModelDeleted(ModelDeleted { model: "press".to_owned() });
                WatchModelsResponse { revision: revision + 1, event: Some(event) }
            }
            None => {
                let event = Event::Snapshot(Snapshot { models: vec![], complete: true });
                WatchModelsResponse { revision: 7, event: Some(event) }
            }
        };
        Ok(stream::iter([Ok(told)]).boxed())
    });
    RegistryClient::connect_lazy(&address.await).expect("an address")
}

#[tokio::test]
async fn a_watch_goes_on_from_where_it_was() {
    let mut told = registry().await.watch_from(6).await.expect("it begins");
    let told = told.next().await.expect("something is told").expect("it can be read");
    let model = "press".parse().expect("a name");
    assert_eq!((told.revision, told.event), (7, ModelEvent::ModelDeleted { model }));
}

#[tokio::test]
async fn a_registry_that_was_restored_begins_with_a_snapshot() {
    let mut told = registry().await.watch_from(8).await.expect("it begins");
    let told = told.next().await.expect("something is told").expect("it can be read");
    assert_eq!(told.event, ModelEvent::Snapshot { models: vec![], complete: true });
}

#[tokio::test]
async fn what_cannot_be_read_ends_a_watch() {
    let address = double::serve(WATCH, |_: Streaming<WatchModelsRequest>| async {
        let event = Event::ModelDeleted(ModelDeleted { model: "Press".to_owned() });
        Ok(stream::iter([Ok(WatchModelsResponse { revision: 1, event: Some(event) })]).boxed())
    });
    let registry = RegistryClient::connect_lazy(&address.await).expect("an address");
    let mut told = registry.watch().await.expect("it begins");
    let error = told.next().await.expect("something is told").expect_err("no name of a model");
    assert_eq!(error.code(), Code::Internal);
}
