//! The flags of a trainer, as typed.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use millwright_chassis::{
    ConfigError, TelemetryConfig,
    args::{InsecureArgs, LimitArgs, TelemetryArgs, TelemetryDefaults},
};

use crate::Config;

/// The flags of a trainer.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of the data; the trainer keeps its own in DIR/trainer
    #[arg(long, env = "MILLWRIGHT_DATA_DIR", value_name = "DIR")]
    #[arg(default_value = "./millwright-data")]
    pub data_dir: PathBuf,
    /// Where it listens; port 0 picks
    #[arg(long, env = "MILLWRIGHT_TRAINER", value_name = "ADDR")]
    #[arg(default_value = "127.0.0.1:7402")]
    pub trainer: SocketAddr,
    /// Where the registry is
    #[arg(long, env = "MILLWRIGHT_REGISTRY", value_name = "ADDR")]
    #[arg(default_value = "127.0.0.1:7401")]
    pub registry: String,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
    #[command(flatten)]
    insecure: InsecureArgs,
}

/// How it trains.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Training")]
pub struct TrainingArgs {
    /// Jobs that run at a time; each uses all processors
    #[arg(long, env = "MILLWRIGHT_WORKERS", value_name = "N", default_value = "1")]
    workers: NonZeroUsize,
    /// Seconds between two checkpoints of a job: what a kill costs at most
    #[arg(long, env = "MILLWRIGHT_CHECKPOINT_EVERY", value_name = "SECONDS")]
    #[arg(default_value_t = Config::CHECKPOINT_EVERY.as_secs_f64())]
    checkpoint_every: f64,
    /// Longest data set, in bytes
    #[arg(long, env = "MILLWRIGHT_MAX_DATASET_BYTES", value_name = "N")]
    #[arg(default_value_t = Config::MAX_DATASET_BYTES)]
    max_dataset_bytes: u64,
}

impl Args {
    /// Checks the flags.
    ///
    /// # Errors
    /// Names the flag that is wrong.
    pub fn check(self) -> Result<(SocketAddr, TelemetryConfig, Config), ConfigError> {
        if !millwright_client::is_address(&self.registry) {
            return Err(ConfigError::new("--registry", "no address: say HOST:PORT"));
        }
        let reach = self.insecure.reach();
        let defaults = TelemetryDefaults {
            service: "millwright-trainer",
            metrics: SocketAddr::from(([127, 0, 0, 1], 7405)),
        };
        let mut config = Config::new(self.data_dir, self.registry);
        config.limits = self.limits.check()?;
        self.training.apply(&mut config)?;
        let address = reach.check("--trainer", self.trainer)?;
        Ok((address, self.telemetry.check(defaults, reach)?, config))
    }
}

impl TrainingArgs {
    /// Sets how `config` trains.
    ///
    /// # Errors
    /// A limit that would refuse everything, or a time that is none.
    pub fn apply(self, config: &mut Config) -> Result<(), ConfigError> {
        if self.max_dataset_bytes == 0 {
            let problem = "0 would refuse everything: say 1 or more";
            return Err(ConfigError::new("--max-dataset-bytes", problem));
        }
        if !(0.0..=86_400.0).contains(&self.checkpoint_every) {
            let problem = "say seconds from 0 to 86400";
            return Err(ConfigError::new("--checkpoint-every", problem));
        }
        config.workers = self.workers;
        config.checkpoint_every = Duration::from_secs_f64(self.checkpoint_every);
        config.max_dataset_bytes = self.max_dataset_bytes;
        Ok(())
    }
}
