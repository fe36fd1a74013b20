//! The log.

use std::io::{self, IsTerminal};

use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{self, format::JsonFields},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::{TelemetryConfig, line::Line};
use crate::ConfigError;

/// The form of the log on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Sends events to stderr.
pub(super) fn start(config: &TelemetryConfig) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .map_err(|error| ConfigError::new("--log", format!("no filter: {error}")))?;
    let is_terminal = io::stderr().is_terminal();
    let stderr = fmt::layer().with_ansi(is_terminal).with_writer(io::stderr);
    let stderr: Box<dyn Layer<Registry> + Send + Sync> = match config.log_format {
        LogFormat::Text => {
            stderr.event_format(Line::Text(fmt::format().with_ansi(is_terminal))).boxed()
        }
        LogFormat::Json => {
            let format = Line::Json(fmt::format().json().flatten_event(true));
            stderr.fmt_fields(JsonFields::new()).event_format(format).boxed()
        }
    };
    tracing_subscriber::registry()
        .with(stderr.with_filter(filter))
        .try_init()
        .map_err(|error| ConfigError::unavailable("--log", error))?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Says where, and what if the text is a constant: one that was formatted may hold a row's value.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let what = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("not shown");
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(at, what, "panic");
}
