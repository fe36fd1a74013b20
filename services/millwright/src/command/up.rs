//! `millwright up`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use millwright_chassis::{
    ConfigError,
    args::{InsecureArgs, LimitArgs, TelemetryArgs, TelemetryDefaults},
};
use millwright_predictor::{BatchArgs, RestArgs};
use millwright_registry::ArtifactArgs;
use millwright_trainer::TrainingArgs;

use crate::{
    error::CliError,
    plant::{self, PlantConfig},
};

/// Flags of `up`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright up
  millwright up --data-dir /var/lib/millwright --predictor 127.0.0.1:9001

A line on standard output begins with `ready:` once all three serve, and names
their addresses. Prometheus finds /metrics on 127.0.0.1:7403, unless --metrics
says otherwise. Ctrl-C or SIGTERM finishes what was admitted, then exits with 0.")]
pub(crate) struct Up {
    /// Folder of the data; each service keeps its own in DIR/registry, DIR/trainer
    /// and DIR/predictor
    #[arg(long, value_name = "DIR", default_value = "./millwright-data")]
    #[arg(env = "MILLWRIGHT_DATA_DIR")]
    data_dir: PathBuf,
    /// Where the registry listens; port 0 picks
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7401")]
    #[arg(env = "MILLWRIGHT_REGISTRY")]
    registry: SocketAddr,
    /// Where the trainer listens; port 0 picks
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7402")]
    #[arg(env = "MILLWRIGHT_TRAINER")]
    trainer: SocketAddr,
    /// Where the predictor listens; port 0 picks
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8001")]
    #[arg(env = "MILLWRIGHT_PREDICTOR")]
    predictor: SocketAddr,
    #[command(flatten)]
    rest: RestArgs,
    #[command(flatten)]
    insecure: InsecureArgs,
    #[command(flatten)]
    artifacts: ArtifactArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    batching: BatchArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

impl Up {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        plant::start(self.check()?).await?.serve().await
    }

    fn check(self) -> Result<PlantConfig, ConfigError> {
        let reach = self.insecure.reach();
        let defaults = TelemetryDefaults {
            service: "millwright",
            metrics: SocketAddr::from(([127, 0, 0, 1], 7403)),
        };
        let telemetry = self.telemetry.check(defaults, reach)?;
        let mut plant = PlantConfig::new(&self.data_dir, telemetry);
        plant.registry.0 = reach.check("--registry", self.registry)?;
        plant.trainer.0 = reach.check("--trainer", self.trainer)?;
        plant.predictor.0 = reach.check("--predictor", self.predictor)?;
        plant.rest = self.rest.rest.check(reach)?;
        let limits = self.limits.check()?;
        plant.registry.1.limits = limits.clone();
        plant.trainer.1.limits = limits.clone();
        plant.predictor.1.limits = limits;
        self.artifacts.apply(&mut plant.registry.1)?;
        self.training.apply(&mut plant.trainer.1)?;
        self.batching.apply(&mut plant.predictor.1)?;
        Ok(plant)
    }
}
