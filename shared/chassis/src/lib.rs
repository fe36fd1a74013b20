//! What every process of Millwright needs: flags, telemetry, a gRPC server that keeps its word.
//!
//! ```no_run
//! use millwright_chassis::{Limits, Services, bind, serve, stop_signal};
//!
//! # async fn run(descriptors: &'static [u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let listener = bind("--registry", "127.0.0.1:7401".parse()?).await?;
//! let services = Services::new(descriptors); // and `.add(…)` for each
//! serve(listener, services, Limits::default(), stop_signal()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`serve`] puts [`Services`] behind the layers and on a socket, within [`Limits`], and drains; an
//!   [`HttpFace`] beside them is for callers that cannot speak gRPC;
//! - [`run`] gives one service a process of its own, and [`conclude`] its exit code;
//! - [`status`] is the one place that turns an error into what a caller is told;
//! - [`Telemetry`] logs, traces and counts; [`meter`] makes instruments, [`tracer`] and [`Step`] spans;
//! - [`args`] are the flags that all processes share; what is wrong with one is a [`ConfigError`].

pub mod args;
pub mod background;
pub mod memory;

mod config_error;
mod connections;
mod deadline;
mod exit;
mod face;
mod health;
mod http1;
mod http2;
mod layer;
mod limits;
mod listen;
mod methods;
mod outgoing;
mod process;
mod reader;
mod routes;
mod serve;
mod services;
mod status;
mod stop;
mod telemetry;
mod whole;

pub use config_error::ConfigError;
pub use deadline::Deadline;
pub use exit::Exit;
pub use face::{HttpCode, HttpFace};
pub use limits::Limits;
pub use listen::{Reach, bind};
pub use process::{Failure, Stop, block_on, conclude, run};
pub use serve::{serve, serve_bare};
pub use services::{ServeError, Services};
pub use status::{ERROR_DOMAIN, error_type, status};
pub use stop::stop_signal;
pub use telemetry::{
    LogFormat, Sampling, Step, Telemetry, TelemetryConfig, TraceConfig, Tracer, Traces,
    UploadMeter, meter, model_label, observe_disk, other_models, trace_context, tracer,
};
/// Sets what gRPC health answers for a name.
pub use tonic_health::server::HealthReporter as Health;
