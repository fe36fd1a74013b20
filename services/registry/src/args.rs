//! The flags of a registry, as typed.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use millwright_chassis::{
    ConfigError, TelemetryConfig,
    args::{InsecureArgs, LimitArgs, TelemetryArgs, TelemetryDefaults},
};

use crate::Config;

/// The flags of a registry.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of the data; the registry keeps its own in DIR/registry
    #[arg(long, env = "MILLWRIGHT_DATA_DIR", value_name = "DIR")]
    #[arg(default_value = "./millwright-data")]
    pub data_dir: PathBuf,
    /// Where it listens; port 0 picks
    #[arg(long, env = "MILLWRIGHT_REGISTRY", value_name = "ADDR")]
    #[arg(default_value = "127.0.0.1:7401")]
    pub registry: SocketAddr,
    #[command(flatten)]
    artifacts: ArtifactArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
    #[command(flatten)]
    insecure: InsecureArgs,
}

/// What it keeps.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Artifacts")]
pub struct ArtifactArgs {
    /// Longest artifact, in bytes
    #[arg(long, env = "MILLWRIGHT_MAX_ARTIFACT_BYTES", value_name = "N")]
    #[arg(default_value_t = Config::MAX_ARTIFACT_BYTES)]
    max_artifact_bytes: u64,
    /// How long an artifact that no version needs is kept, and an upload that was cut off, in hours
    #[arg(long, env = "MILLWRIGHT_KEEP_UNNEEDED", value_name = "HOURS", default_value_t = 24.0)]
    keep_unneeded: f64,
    /// Longest silence of an upload, in seconds; then it is cut off, and may go on later
    #[arg(long, env = "MILLWRIGHT_UPLOAD_IDLE", value_name = "SECONDS", default_value_t = 60.0)]
    upload_idle: f64,
}

impl Args {
    /// Checks the flags.
    ///
    /// # Errors
    /// Names the flag that is wrong.
    pub fn check(self) -> Result<(SocketAddr, TelemetryConfig, Config), ConfigError> {
        let reach = self.insecure.reach();
        let defaults = TelemetryDefaults {
            service: "millwright-registry",
            metrics: SocketAddr::from(([127, 0, 0, 1], 7404)),
        };
        let mut config = Config::new(self.data_dir);
        config.limits = self.limits.check()?;
        self.artifacts.apply(&mut config)?;
        let address = reach.check("--registry", self.registry)?;
        Ok((address, self.telemetry.check(defaults, reach)?, config))
    }
}

impl ArtifactArgs {
    /// Sets what `config` keeps.
    ///
    /// # Errors
    /// A limit that would refuse everything, or a time that is none.
    pub fn apply(self, config: &mut Config) -> Result<(), ConfigError> {
        if self.max_artifact_bytes == 0 {
            let problem = "0 would refuse everything: say 1 or more";
            return Err(ConfigError::new("--max-artifact-bytes", problem));
        }
        config.max_artifact_bytes = self.max_artifact_bytes;
        config.keep_unneeded = keep_unneeded(self.keep_unneeded)?;
        config.upload_idle = upload_idle(self.upload_idle)?;
        Ok(())
    }
}

/// Long enough for an upload to be registered; ten years at most, longer is a mistyped value.
fn keep_unneeded(hours: f64) -> Result<Duration, ConfigError> {
    if !(0.01..=87_600.0).contains(&hours) {
        return Err(ConfigError::new("--keep-unneeded", "say hours from 0.01 to 87600"));
    }
    Ok(Duration::from_secs_f64(hours * 3600.0))
}

/// A day at most: longer is a mistyped value.
fn upload_idle(seconds: f64) -> Result<Duration, ConfigError> {
    if !(0.001..=86_400.0).contains(&seconds) {
        return Err(ConfigError::new("--upload-idle", "say seconds from 0.001 to 86400"));
    }
    Ok(Duration::from_secs_f64(seconds))
}
