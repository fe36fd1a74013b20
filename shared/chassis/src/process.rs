//! One service in a process of its own, from its ports to its exit code.

use std::{fmt::Display, future::Future, io, net::SocketAddr, process::ExitCode};

use futures::future::{BoxFuture, FutureExt, Shared};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    ConfigError, Exit, Telemetry, TelemetryConfig, background::runtime, bind, stop_signal,
};

/// Resolves when the process shall stop; clones resolve together.
pub type Stop = Shared<BoxFuture<'static, ()>>;

/// Why a process ends early: what is told, and what it exits with.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct Failure {
    problem: String,
    exit: Exit,
}

impl Failure {
    /// A process that tells `problem` and exits with `exit`.
    pub fn new(problem: &impl Display, exit: Exit) -> Self {
        Self { problem: problem.to_string(), exit }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(&error, error.exit())
    }
}

/// Binds both ports, `address` for `flag`, and runs `serve` until a signal stops it.
///
/// Metrics can be read until the drain has ended.
///
/// # Errors
/// A port that is taken, telemetry that cannot be started, or what `serve` ended with.
pub async fn run<F>(
    (flag, address): (&'static str, SocketAddr),
    telemetry: &TelemetryConfig,
    serve: impl FnOnce(TcpListener, Stop) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let metrics = bind("--metrics", telemetry.metrics).await?;
    let listener = bind(flag, address).await?;
    let telemetry = Telemetry::init(telemetry)?;
    if let Ok(address) = listener.local_addr() {
        // Port 0 picks one that nobody could know otherwise.
        tracing::info!(%address, "listening");
    }
    let drained = CancellationToken::new();
    tokio::spawn(telemetry.serve_metrics(metrics, drained.clone().cancelled_owned()));
    let outcome = serve(listener, stop_signal().boxed().shared()).await;
    drained.cancel();
    telemetry.shutdown();
    outcome
}

/// Runs `process` on threads of its own.
///
/// # Errors
/// What it ends with, or that no threads can be started.
pub fn block_on(process: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let no_threads = |error: io::Error| format!("no threads can be started: {error}");
    let runtime = runtime().map_err(|error| Failure::new(&no_threads(error), Exit::Internal))?;
    runtime.block_on(process)
}

/// Tells on stderr why a process ends early, and gives what `main` returns.
pub fn conclude(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit.into()
        }
    }
}
