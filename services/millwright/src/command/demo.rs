//! `millwright demo`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use millwright_chassis::{ConfigError, LogFormat, Reach, Sampling, TelemetryConfig, TraceConfig};
use millwright_predictor::RestAddress;

use crate::{
    demo::{self, After},
    error::CliError,
    output::say,
    plant::{self, PlantConfig},
};

/// Flags of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright demo
  millwright demo --exit

Starts registry, trainer and predictor, trains a model on notes in English and
Chinese and one on press settings, promotes them, predicts, and goes on serving
until Ctrl-C. Run it as often as you like: every run adds a version.")]
pub(crate) struct Demo {
    /// Stop when the story is told, instead of serving until Ctrl-C
    #[arg(long)]
    exit: bool,
    /// Folder of the data
    #[arg(long, value_name = "DIR", default_value = "./millwright-demo")]
    data_dir: PathBuf,
    /// Where the registry listens [default: a free port]
    #[arg(long, value_name = "ADDR")]
    registry: Option<SocketAddr>,
    /// Where the trainer listens [default: a free port]
    #[arg(long, value_name = "ADDR")]
    trainer: Option<SocketAddr>,
    /// Where the predictor listens [default: a free port]
    #[arg(long, value_name = "ADDR")]
    predictor: Option<SocketAddr>,
    /// Where the predictor listens for REST [default: a free port]
    #[arg(long, value_name = "ADDR")]
    rest: Option<SocketAddr>,
    /// Where /metrics is served for Prometheus [default: a free port]
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
}

impl Demo {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let mut host = plant::start(self.plant()?).await?;
        if !host.until_ready().await? {
            return host.until_stopped().await;
        }
        let told = tokio::select! {
            told = demo::tell(&host, &self.data_dir, self.after()) => Some(told),
            () = host.stopped() => None,
        };
        match &told {
            Some(Ok(())) if !self.exit => say("\nServing until Ctrl-C.")?,
            _ => host.stop(),
        }
        // A service that has ended is the reason for whatever else went wrong.
        host.until_stopped().await.and(told.unwrap_or(Ok(())))
    }

    fn after(&self) -> After {
        if self.exit { After::Gone } else { After::Serving }
    }

    fn plant(&self) -> Result<PlantConfig, ConfigError> {
        let at = |flag, address: Option<SocketAddr>| {
            let free = SocketAddr::from(([127, 0, 0, 1], 0));
            Reach::Loopback.check(flag, address.unwrap_or(free))
        };
        let telemetry = TelemetryConfig {
            service: "millwright-demo",
            metrics: at("--metrics", self.metrics)?,
            traces: TraceConfig { otlp_endpoint: None, sampling: Sampling::ALL },
            log_format: LogFormat::default(),
            // The story is told on standard output; what goes well is not worth a line beside it.
            log_filter: "warn".to_owned(),
        };
        let mut plant = PlantConfig::new(&self.data_dir, telemetry);
        plant.registry.0 = at("--registry", self.registry)?;
        plant.trainer.0 = at("--trainer", self.trainer)?;
        plant.predictor.0 = at("--predictor", self.predictor)?;
        plant.rest = RestAddress::At(at("--rest", self.rest)?);
        Ok(plant)
    }
}
