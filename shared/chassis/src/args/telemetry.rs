//! The flags of [`TelemetryConfig`].

use std::net::SocketAddr;

use http::Uri;

use crate::{ConfigError, LogFormat, Reach, Sampling, TelemetryConfig, TraceConfig};

/// What a process tells about itself.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryArgs {
    /// Where /metrics is served for Prometheus; port 0 picks
    #[arg(long, env = "MILLWRIGHT_METRICS", value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    #[command(flatten)]
    traces: TraceArgs,
    /// Form of the log on stderr
    #[arg(long, env = "MILLWRIGHT_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace, also by target
    #[arg(long, env = "MILLWRIGHT_LOG", value_name = "LEVEL")]
    #[arg(default_value = "info,opentelemetry=warn")]
    pub log: String,
}

/// Where traces are pushed to, and which.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Telemetry")]
pub struct TraceArgs {
    /// OTLP/gRPC collector that traces, and a service's metrics, are pushed to, such as
    /// http://127.0.0.1:4317
    #[arg(long, env = "MILLWRIGHT_OTLP_ENDPOINT", value_name = "URL", global = true)]
    otlp_endpoint: Option<String>,
    /// Share of the traces that is pushed, from 0 to 1; one that a caller began is pushed if the
    /// caller's is
    #[arg(long, env = "MILLWRIGHT_TRACE_SAMPLING", value_name = "SHARE", default_value = "1")]
    #[arg(global = true)]
    trace_sampling: f64,
}

impl TraceArgs {
    /// What they say.
    ///
    /// # Errors
    /// An endpoint that is no URL, or a share that is none.
    pub fn check(&self) -> Result<TraceConfig, ConfigError> {
        let problem = "must be from 0, nothing, to 1, everything";
        let sampling = Sampling::new(self.trace_sampling)
            .ok_or_else(|| ConfigError::new("--trace-sampling", problem))?;
        let otlp_endpoint = self.otlp_endpoint.clone().map(collector).transpose()?;
        Ok(TraceConfig { otlp_endpoint, sampling })
    }
}

/// What differs from process to process.
#[derive(Clone, Copy, Debug)]
pub struct TelemetryDefaults {
    /// `service.name`, such as `millwright-registry`.
    pub service: &'static str,
    /// Where `/metrics` is served if no flag says otherwise.
    pub metrics: SocketAddr,
}

impl TelemetryArgs {
    /// The configuration of a process.
    ///
    /// # Errors
    /// An address off loopback that `reach` forbids; as [`TraceArgs::check`].
    pub fn check(
        self,
        defaults: TelemetryDefaults,
        reach: Reach,
    ) -> Result<TelemetryConfig, ConfigError> {
        Ok(TelemetryConfig {
            service: defaults.service,
            metrics: reach.check("--metrics", self.metrics.unwrap_or(defaults.metrics))?,
            traces: self.traces.check()?,
            log_format: self.log_format,
            log_filter: self.log,
        })
    }
}

/// An endpoint that can be one.
fn collector(endpoint: String) -> Result<String, ConfigError> {
    let uri = endpoint.parse::<Uri>().ok();
    if uri.is_some_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some()) {
        return Ok(endpoint);
    }
    Err(ConfigError::new("--otlp-endpoint", "no URL of a collector: say http://HOST:PORT"))
}
