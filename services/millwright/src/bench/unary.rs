//! Requests as calls of their own.

use std::time::Duration;

use tonic::{Request, Status, client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel};

use super::{
    Way,
    codec::{Encoded, Raw},
};

/// What unary requests call.
pub(super) fn method(way: Way) -> PathAndQuery {
    PathAndQuery::from_static(match way {
        Way::Unary | Way::Stream => "/inference.GRPCInferenceService/ModelInfer",
        Way::Native => "/millwright.predictor.v1.PredictorService/Predict",
    })
}

/// One call; of its answer nothing is read.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: PathAndQuery,
    pub(super) deadline: Duration,
}

impl Call {
    /// Sends `message`, and waits for the answer.
    pub(super) async fn make(self, channel: Channel, message: Encoded) -> Result<(), Status> {
        let mut grpc = Grpc::new(channel).max_decoding_message_size(usize::MAX);
        let ready = grpc.ready().await;
        ready.map_err(|error| Status::from_error(error.into()))?;
        let mut request = Request::new(message);
        request.set_timeout(self.deadline);
        grpc.unary(request, self.method, Raw).await?;
        Ok(())
    }
}
