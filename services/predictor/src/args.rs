//! The flags of a predictor, as typed.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use millwright_chassis::{
    ConfigError, TelemetryConfig,
    args::{InsecureArgs, LimitArgs, TelemetryArgs, TelemetryDefaults},
};

use crate::{Addresses, BatchPolicy, Config, RestAddress};

/// The flags of a predictor.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of the data; the predictor keeps its own in DIR/predictor
    #[arg(long, env = "MILLWRIGHT_DATA_DIR", value_name = "DIR")]
    #[arg(default_value = "./millwright-data")]
    pub data_dir: PathBuf,
    /// Where it listens; port 0 picks
    #[arg(long, env = "MILLWRIGHT_PREDICTOR", value_name = "ADDR")]
    #[arg(default_value = "127.0.0.1:8001")]
    pub predictor: SocketAddr,
    #[command(flatten)]
    rest: RestArgs,
    /// The registry whose aliases it serves
    #[arg(long, env = "MILLWRIGHT_REGISTRY", value_name = "ADDR")]
    #[arg(default_value = "127.0.0.1:7401")]
    pub registry: String,
    #[command(flatten)]
    batching: BatchArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
    #[command(flatten)]
    insecure: InsecureArgs,
}

/// Where software calls that cannot speak gRPC.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RestArgs {
    /// Where the predictor listens for REST (Open Inference Protocol over HTTP/1.1); port 0 picks, off:
    /// nowhere
    #[arg(long, env = "MILLWRIGHT_REST", value_name = "ADDR", default_value = "127.0.0.1:8000")]
    pub rest: RestAddress,
}

/// How requests are computed together.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Batching")]
pub struct BatchArgs {
    /// Most rows that are computed together; a longer request is sliced
    #[arg(long, env = "MILLWRIGHT_MAX_BATCH_SIZE", value_name = "ROWS", default_value = "1024")]
    max_batch_size: NonZeroUsize,
    /// How long a batch that is not full waits for more rows, in milliseconds
    #[arg(long, env = "MILLWRIGHT_MAX_QUEUE_DELAY", value_name = "MS", default_value = "0")]
    max_queue_delay: u32,
    /// Most rows that wait or are being computed, for each version
    #[arg(long, env = "MILLWRIGHT_MAX_QUEUED_ROWS", value_name = "ROWS", default_value = "16384")]
    max_queued_rows: u32,
    /// How long a call may wait for its turn before it is told to come again, in milliseconds; 0: as
    /// long as it takes
    #[arg(long, env = "MILLWRIGHT_MAX_QUEUE_WAIT", value_name = "MS", default_value = "2000")]
    max_queue_wait: u32,
    /// Threads that run models; as many as there are processors
    #[arg(long, env = "MILLWRIGHT_COMPUTE_THREADS", value_name = "N")]
    compute_threads: Option<NonZeroUsize>,
}

impl Args {
    /// Checks the flags.
    ///
    /// # Errors
    /// Names the flag that is wrong.
    pub fn check(self) -> Result<(Addresses, TelemetryConfig, Config), ConfigError> {
        if !millwright_client::is_address(&self.registry) {
            return Err(ConfigError::new("--registry", "no address: say HOST:PORT"));
        }
        let reach = self.insecure.reach();
        let defaults = TelemetryDefaults {
            service: "millwright-predictor",
            metrics: SocketAddr::from(([127, 0, 0, 1], 7403)),
        };
        let mut config = Config::new(self.data_dir, self.registry);
        config.limits = self.limits.check()?;
        self.batching.apply(&mut config)?;
        let grpc = reach.check("--predictor", self.predictor)?;
        let addresses = Addresses { grpc, rest: self.rest.rest.check(reach)? };
        Ok((addresses, self.telemetry.check(defaults, reach)?, config))
    }
}

impl BatchArgs {
    /// Sets how `config` batches.
    ///
    /// # Errors
    /// A queue that does not hold one batch.
    pub fn apply(self, config: &mut Config) -> Result<(), ConfigError> {
        let max_queued_rows = self.max_queued_rows as usize;
        if max_queued_rows < self.max_batch_size.get() {
            let problem = "must be at least --max-batch-size: a queue holds one batch or more";
            return Err(ConfigError::new("--max-queued-rows", problem));
        }
        config.policy = BatchPolicy {
            max_batch_size: self.max_batch_size.get(),
            max_queue_delay: Duration::from_millis(self.max_queue_delay.into()),
            max_queued_rows,
            max_queue_wait: Duration::from_millis(self.max_queue_wait.into()),
        };
        config.compute_threads = self.compute_threads.unwrap_or(config.compute_threads);
        Ok(())
    }
}
