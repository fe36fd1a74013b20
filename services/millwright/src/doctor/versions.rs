//! Whether the predictor is of this program's release.

use std::time::Duration;

use millwright_proto::inference::{
    ServerMetadataRequest, grpc_inference_service_client::GrpcInferenceServiceClient,
};
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

use super::finding::Finding;
use crate::connection::Addresses;

const SAYS_WITHIN: Duration = Duration::from_secs(2);
const OURS: &str = env!("CARGO_PKG_VERSION");

/// Nothing where the predictor does not answer, which another finding says.
pub(super) async fn examine(addresses: &Addresses) -> Option<Finding> {
    let endpoint = Endpoint::from_shared(format!("http://{}", addresses.predictor)).ok()?;
    let theirs = timeout(SAYS_WITHIN, release(endpoint.connect_lazy())).await.ok()??;
    if theirs == OURS {
        return Some(Finding::fine("release", format!("the predictor has {theirs}, too")));
    }
    let found = format!("the predictor has {theirs}, this program {OURS}");
    Some(Finding::warning("release", found, "bring both to the same release"))
}

async fn release(predictor: Channel) -> Option<String> {
    let mut predictor = GrpcInferenceServiceClient::new(predictor);
    let answer = predictor.server_metadata(ServerMetadataRequest {}).await.ok()?;
    Some(answer.into_inner().version)
}
