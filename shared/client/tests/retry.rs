//! Which calls are repeated, and what is said of a service that is away.

mod double;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::{StreamExt, stream};
use millwright_client::{PageRequest, RegistryClient, RetryPolicy};
use millwright_domain::{AliasName, Code, Expected, Fault, SetAlias, Tags, Version};
use millwright_proto::registry::{
    ListModelsRequest, ListModelsResponse, SetAliasRequest, SetAliasResponse,
};
use tokio::net::TcpSocket;
use tonic::{Status, Streaming};

const LIST: &str = "/millwright.registry.v1.RegistryService/ListModels";
const SET_ALIAS: &str = "/millwright.registry.v1.RegistryService/SetAlias";

const QUICK: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(1),
    total: Duration::from_secs(60),
};

fn client(address: &str) -> RegistryClient {
    RegistryClient::connect_lazy(address).expect("an address").with_retry(QUICK)
}

#[tokio::test]
async fn a_question_is_asked_again_while_the_service_is_away() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let address = double::serve(LIST, move |_: Streaming<ListModelsRequest>| {
        let call = counted.fetch_add(1, SeqCst);
        async move {
            match call {
                0..3 => Err(Status::unavailable("draining")),
                _ => Ok(stream::iter([Ok(ListModelsResponse::default())]).boxed()),
            }
        }
    });
    let models = client(&address.await).models(&Tags::new(), &PageRequest::default()).await;
    let models = models.expect("the fourth answer").items;
    assert_eq!((models.len(), calls.load(SeqCst)), (0, 4));
}

#[tokio::test]
async fn a_move_of_an_alias_is_asked_for_once() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let address = double::serve(SET_ALIAS, move |_: Streaming<SetAliasRequest>| {
        counted.fetch_add(1, SeqCst);
        let refused: Result<double::Answers<SetAliasResponse>, _> =
            Err(Status::unavailable("the answer was lost"));
        async { refused }
    });
    let set = SetAlias {
        model: "press.defect".parse().expect("a name"),
        alias: AliasName::production(),
        version: Version::FIRST,
        expected: Expected::Any,
    };
    let error = client(&address.await).set_alias(&set).await.expect_err("it is away");
    assert_eq!((error.code(), calls.load(SeqCst)), (Code::Unavailable, 1));
}

#[tokio::test]
async fn a_service_that_is_away_is_named_with_its_address() {
    // It never listens, and nobody else gets its port.
    let silent = TcpSocket::new_v4().expect("a socket");
    silent.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = silent.local_addr().expect("bound").to_string();
    let registry = client(&address).with_retry(RetryPolicy::NEVER);
    let error =
        registry.models(&Tags::new(), &PageRequest::default()).await.expect_err("nobody listens");
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.to_string().contains(&format!("the registry at {address}")), "{error}");
}
