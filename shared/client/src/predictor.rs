//! Client of the predictor.

mod outbox;
mod resumed;

use futures::{Stream, StreamExt, stream::BoxStream};
use millwright_domain::ModelName;
use millwright_proto::predictor::{
    GetStatisticsRequest, ListServedModelsRequest, PredictRequest, PredictResponse,
    PredictStreamRequest, PredictStreamResponse, ServedModel, VersionStatistics,
    predictor_service_client::PredictorServiceClient as Grpc,
};
use tonic::transport::Channel;

use crate::{
    ClientError, RetryPolicy,
    connect::MAX_MESSAGE,
    link::{Link, Transport},
};

use outbox::Outbox;
use resumed::Resumed;

/// Predicts. Clones share a connection.
///
/// Requests and answers are the contract's own messages.
#[derive(Clone)]
pub struct PredictorClient {
    link: Link<Grpc<Transport>>,
}

impl PredictorClient {
    /// Connects to `address`, `host:port`, when it is first used.
    ///
    /// # Errors
    /// [`ClientError::Address`]. Must be called within a Tokio runtime.
    pub fn connect_lazy(address: &str) -> Result<Self, ClientError> {
        Ok(Self { link: Link::new("predictor", address, grpc)? })
    }

    /// Over a channel of the caller's own making: with TLS, or to several predictors. Errors call its
    /// other end `address`.
    pub fn over(channel: Channel, address: &str) -> Self {
        Self { link: Link::over(channel, "predictor", address, grpc) }
    }

    /// The same client with another policy for calls that may be repeated.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { link: self.link.with_retry(retry) }
    }

    /// Predicts all rows of `request`, in order.
    ///
    /// # Errors
    /// As the predictor answers; overload (`ResourceExhausted`) is tried again as it asks.
    pub async fn predict(&self, request: PredictRequest) -> Result<PredictResponse, ClientError> {
        let call = |mut grpc: Grpc<_>, request| async move { grpc.predict(request).await };
        self.link.ask(request, call).await
    }

    /// Predicts message by message; answers come in the order of the messages, a bad one in-band.
    ///
    /// Where the connection breaks, or the predictor goes down, the stream goes on with the first
    /// message that was not answered, within the policy for calls that may be repeated: each message
    /// is answered once. For that it keeps a copy of those that are not answered, 1 MiB of them; a
    /// further one is taken from `requests` only when an answer was taken.
    ///
    /// # Errors
    /// Of the call as a whole; the stream ends with an error when the predictor is away for too long.
    pub async fn predict_stream(
        &self,
        requests: impl Stream<Item = PredictStreamRequest> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<PredictStreamResponse, ClientError>>, ClientError> {
        Resumed::open(self.link.clone(), Outbox::new(requests.boxed())).await
    }

    /// What every alias points to and whether it is served.
    ///
    /// # Errors
    /// As the predictor answers.
    pub async fn served(&self) -> Result<Vec<ServedModel>, ClientError> {
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.list_served_models(request).await };
        Ok(self.link.ask(ListServedModelsRequest {}, call).await?.models)
    }

    /// What each loaded version of `model`, or of all models, has done since it was loaded, by model
    /// and version.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn statistics(
        &self,
        model: Option<&ModelName>,
    ) -> Result<Vec<VersionStatistics>, ClientError> {
        let call = |mut grpc: Grpc<_>, request| async move { grpc.get_statistics(request).await };
        let model = model.map(ToString::to_string).unwrap_or_default();
        Ok(self.link.ask(GetStatisticsRequest { model }, call).await?.versions)
    }
}

fn grpc(transport: Transport) -> Grpc<Transport> {
    Grpc::new(transport).max_decoding_message_size(MAX_MESSAGE)
}
