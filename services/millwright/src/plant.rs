//! All three services in this process.

use std::{net::SocketAddr, path::Path};

use millwright_chassis::{TelemetryConfig, bind};
use millwright_predictor::{self as predictor, Listeners, RestAddress};
use millwright_registry as registry;
use millwright_trainer as trainer;

use crate::{
    error::CliError,
    host::{Host, address},
    launch,
};

/// What a plant is told when it starts; each service with the address that it listens on.
pub(crate) struct PlantConfig {
    pub(crate) registry: (SocketAddr, registry::Config),
    pub(crate) trainer: (SocketAddr, trainer::Config),
    pub(crate) predictor: (SocketAddr, predictor::Config),
    /// Where the predictor listens for REST.
    pub(crate) rest: RestAddress,
    pub(crate) telemetry: TelemetryConfig,
}

impl PlantConfig {
    /// With the services' defaults, on free ports of this machine.
    pub(crate) fn new(data_dir: &Path, telemetry: TelemetryConfig) -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            registry: (free, registry::Config::new(data_dir)),
            // The registry's address is known, and filled in, when it is bound.
            trainer: (free, trainer::Config::new(data_dir, "")),
            predictor: (free, predictor::Config::new(data_dir, "")),
            rest: RestAddress::At(free),
            telemetry,
        }
    }
}

/// Binds all ports, then starts all services.
///
/// # Errors
/// A taken port names its flag; nothing was started then.
pub(crate) async fn start(config: PlantConfig) -> Result<Host, CliError> {
    let (registry_at, registry_config) = config.registry;
    let (trainer_at, mut trainer_config) = config.trainer;
    let (predictor_at, mut predictor_config) = config.predictor;
    let registry_port = bind("--registry", registry_at).await?;
    let trainer_port = bind("--trainer", trainer_at).await?;
    let predictor_port = bind("--predictor", predictor_at).await?;
    let rest_port = config.rest.bind().await?;
    let registry_at = address("--registry", &registry_port)?;
    let trainer_at = address("--trainer", &trainer_port)?;
    let predictor_at = address("--predictor", &predictor_port)?;
    trainer_config.registry = registry_at.to_string();
    predictor_config.registry = registry_at.to_string();

    let mut host = Host::start(&config.telemetry).await?;
    launch::registry(&mut host, (registry_port, registry_at), registry_config);
    launch::trainer(&mut host, (trainer_port, trainer_at), trainer_config);
    let ports = Listeners { grpc: predictor_port, rest: rest_port };
    launch::predictor(&mut host, (ports, predictor_at), predictor_config)?;
    Ok(host)
}
