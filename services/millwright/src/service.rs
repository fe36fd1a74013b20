//! The three services, as the command line names them.

use clap::ValueEnum;
use millwright_client::{ClientError, HealthClient, Serving};
use millwright_proto::{
    predictor::predictor_service_server, registry::registry_service_server,
    trainer::trainer_service_server,
};

use crate::connection::Addresses;

/// One of the three services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    Registry,
    Trainer,
    Predictor,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::Registry, Self::Trainer, Self::Predictor];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Trainer => "trainer",
            Self::Predictor => "predictor",
        }
    }

    pub(crate) fn address(self, addresses: &Addresses) -> &str {
        match self {
            Self::Registry => &addresses.registry,
            Self::Trainer => &addresses.trainer,
            Self::Predictor => &addresses.predictor,
        }
    }

    /// Asks the service at `address` whether it serves.
    pub(crate) async fn check(self, address: &str) -> Result<Serving, ClientError> {
        let grpc_name = match self {
            Self::Registry => registry_service_server::SERVICE_NAME,
            Self::Trainer => trainer_service_server::SERVICE_NAME,
            Self::Predictor => predictor_service_server::SERVICE_NAME,
        };
        HealthClient::connect_lazy(self.name(), address)?.check(grpc_name).await
    }
}
