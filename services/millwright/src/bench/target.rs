//! The server under load.

use std::{sync::Arc, time::Duration};

use millwright_client::Spread;
use millwright_proto::inference::{
    ModelMetadataRequest, grpc_inference_service_client::GrpcInferenceServiceClient,
};
use tokio::time::timeout;
use tonic::{
    Request,
    transport::{Channel, Endpoint},
};

use super::{BenchError, Caller, Model, Requests, Way};

/// How what is measured shall be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// So many connections to one server; one at least.
    Connections(usize),
    /// One to each address of a name, as long as it has it.
    RoundRobin,
}

/// How it is reached.
#[derive(Clone)]
pub(crate) enum Connections {
    /// So many to one address; one at least.
    Fixed(Vec<Channel>),
    /// One to each address of a name.
    Spread(Spread),
}

/// Connections to what is measured.
pub(crate) struct Target {
    connections: Connections,
    address: String,
    /// Of every call.
    deadline: Duration,
}

impl Target {
    /// Connects to `address`, `host:port`, when it is first used.
    ///
    /// # Errors
    /// [`BenchError::Address`]. Must be called within a Tokio runtime.
    pub(crate) fn connect(
        address: &str,
        reach: Reach,
        deadline: Duration,
    ) -> Result<Self, BenchError> {
        let unusable = || BenchError::Address(address.to_owned());
        if !millwright_client::is_address(address) {
            return Err(unusable());
        }
        let connections = match reach {
            Reach::Connections(n) => fixed(address, n, deadline),
            Reach::RoundRobin => {
                Spread::connect_lazy("server", address).ok().map(Connections::Spread)
            }
        };
        let connections = connections.ok_or_else(unusable)?;
        Ok(Self { connections, address: address.to_owned(), deadline })
    }

    /// What the model takes.
    ///
    /// # Errors
    /// The server is away, does not know the model, or describes what cannot be sent.
    pub(crate) async fn model(&self, name: &str, version: &str) -> Result<Model, BenchError> {
        let request = ModelMetadataRequest { name: name.to_owned(), version: version.to_owned() };
        let mut request = Request::new(request);
        request.set_timeout(self.deadline);
        let channel = self.any().await?;
        let answer = GrpcInferenceServiceClient::new(channel).model_metadata(request).await;
        let metadata = answer.map_err(|status| BenchError::of(status, &self.address))?;
        let mut model = Model::new(version, metadata.into_inner())?;
        // Some servers do not repeat it.
        model.name = name.to_owned();
        Ok(model)
    }

    async fn any(&self) -> Result<Channel, BenchError> {
        let unusable = || BenchError::Unreachable(self.address.clone());
        match &self.connections {
            Connections::Fixed(channels) => channels.first().cloned().ok_or_else(unusable),
            Connections::Spread(spread) => {
                timeout(self.deadline, spread.next()).await.map_err(|_| unusable())
            }
        }
    }

    /// What sends `requests` over these connections.
    pub(crate) fn caller(&self, way: Way, requests: &Arc<Requests>) -> Caller {
        Caller::new(way, self.connections.clone(), requests.clone(), self.deadline)
    }
}

/// So many connections to one address, if it is one.
fn fixed(address: &str, connections: usize, deadline: Duration) -> Option<Connections> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).ok()?;
    let endpoint = endpoint
        .connect_timeout(deadline)
        .tcp_nodelay(true)
        .user_agent(concat!("millwright-bench/", env!("CARGO_PKG_VERSION")))
        .ok()?;
    Some(Connections::Fixed((0..connections).map(|_| endpoint.connect_lazy()).collect()))
}
