//! The server under load.

use std::{sync::Arc, time::Duration};

use millwright_proto::inference::{
    ModelMetadataRequest, grpc_inference_service_client::GrpcInferenceServiceClient,
};
use tonic::{
    Request,
    transport::{Channel, Endpoint},
};

use super::{BenchError, Caller, Model, Requests, Way};

/// Connections to one server.
pub(crate) struct Target {
    channels: Vec<Channel>,
    address: String,
    /// Of every call.
    deadline: Duration,
}

impl Target {
    /// Connects to `address`, `host:port`, so many times, when it is first used.
    ///
    /// # Errors
    /// [`BenchError::Address`]. Must be called within a Tokio runtime.
    pub(crate) fn connect(
        address: &str,
        connections: usize,
        deadline: Duration,
    ) -> Result<Self, BenchError> {
        let unusable = || BenchError::Address(address.to_owned());
        if !millwright_client::is_address(address) {
            return Err(unusable());
        }
        let endpoint = Endpoint::from_shared(format!("http://{address}"));
        let endpoint = endpoint
            .map_err(|_| unusable())?
            .connect_timeout(deadline)
            .tcp_nodelay(true)
            .user_agent(concat!("millwright-bench/", env!("CARGO_PKG_VERSION")))
            .map_err(|_| unusable())?;
        let channels = (0..connections).map(|_| endpoint.connect_lazy()).collect();
        Ok(Self { channels, address: address.to_owned(), deadline })
    }

    /// What the model takes.
    ///
    /// # Errors
    /// The server is away, does not know the model, or describes what cannot be sent.
    pub(crate) async fn model(&self, name: &str, version: &str) -> Result<Model, BenchError> {
        let request = ModelMetadataRequest { name: name.to_owned(), version: version.to_owned() };
        let mut request = Request::new(request);
        request.set_timeout(self.deadline);
        let channel = self.channels.first().cloned();
        let channel = channel.ok_or_else(|| BenchError::Address(self.address.clone()))?;
        let answer = GrpcInferenceServiceClient::new(channel).model_metadata(request).await;
        let metadata = answer.map_err(|status| BenchError::of(status, &self.address))?;
        let mut model = Model::new(version, metadata.into_inner())?;
        // Some servers do not repeat it.
        model.name = name.to_owned();
        Ok(model)
    }

    /// What sends `requests` over these connections.
    pub(crate) fn caller(&self, way: Way, requests: &Arc<Requests>) -> Caller {
        Caller::new(way, self.channels.clone(), requests.clone(), self.deadline)
    }
}
