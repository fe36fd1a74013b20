//! Flags that every process has, as typed: each is checked into its configuration.
//!
//! Flatten each at most once in a command.

mod file;
mod insecure;
mod limits;
mod parse;
mod telemetry;
mod variables;

pub use insecure::InsecureArgs;
pub use limits::LimitArgs;
pub use parse::{parse, with_config};
pub use telemetry::{TelemetryArgs, TelemetryDefaults, TraceArgs};
