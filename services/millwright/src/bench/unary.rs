//! Requests as calls of their own.

use std::time::Duration;

use tonic::{Request, Status, client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel};

use super::{
    codec::{Encoded, Raw},
    failure::Failure,
};

/// Calls ModelInfer; of the answer nothing is read.
pub(super) async fn call(
    channel: Channel,
    message: Encoded,
    deadline: Duration,
) -> Result<(), Failure> {
    let mut grpc = Grpc::new(channel).max_decoding_message_size(usize::MAX);
    let ready = grpc.ready().await;
    ready.map_err(|error| Status::from_error(error.into()))?;
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    let path = PathAndQuery::from_static("/inference.GRPCInferenceService/ModelInfer");
    grpc.unary(request, path, Raw).await?;
    Ok(())
}
