//! Where the services are, and clients for them.

use clap::Args;
use millwright_chassis::args::TraceArgs;
use millwright_client::{ClientError, PredictorClient, RegistryClient, TrainerClient};

use crate::output::Output;

/// Flags of every command that calls services.
#[derive(Args, Clone, Debug)]
pub(crate) struct Connection {
    /// How the answer is printed: for people, or for scripts
    #[arg(long, value_enum, default_value = "table", global = true)]
    #[arg(value_name = "FORM", env = "MILLWRIGHT_OUTPUT", help_heading = None::<&str>)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) addresses: Addresses,
    #[command(flatten)]
    pub(crate) traces: TraceArgs,
}

/// Where the services are, each as `host:port`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Services")]
pub(crate) struct Addresses {
    /// Where the registry is
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7401", global = true)]
    #[arg(env = "MILLWRIGHT_REGISTRY")]
    pub(crate) registry: String,
    /// Where the trainer is
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7402", global = true)]
    #[arg(env = "MILLWRIGHT_TRAINER")]
    pub(crate) trainer: String,
    /// Where the predictor is
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8001", global = true)]
    #[arg(env = "MILLWRIGHT_PREDICTOR")]
    pub(crate) predictor: String,
}

impl Addresses {
    pub(crate) fn registry(&self) -> Result<RegistryClient, ClientError> {
        RegistryClient::connect_lazy(&self.registry)
    }

    pub(crate) fn trainer(&self) -> Result<TrainerClient, ClientError> {
        TrainerClient::connect_lazy(&self.trainer)
    }

    pub(crate) fn predictor(&self) -> Result<PredictorClient, ClientError> {
        PredictorClient::connect_lazy(&self.predictor)
    }
}
