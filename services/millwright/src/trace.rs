//! A command as the beginning of a trace.

use std::future::Future;

use millwright_chassis::{Exit, Traces, args::TraceArgs, error_type};
use tracing::{Instrument, field::Empty, info_span};

use crate::error::CliError;

/// Runs the command `name` within a span of that name, whose trace every call it makes joins, and
/// every job it creates. Without a collector it just runs.
///
/// Attributes follow OpenTelemetry's conventions for command-line programs, version 1.42, but for
/// the arguments: they name files.
pub(crate) async fn traced(
    name: &'static str,
    args: &TraceArgs,
    command: impl Future<Output = Result<(), CliError>>,
) -> Result<(), CliError> {
    let Some(traces) = Traces::start("millwright-cli", &args.check()?)? else {
        return command.await;
    };
    traces.follow_spans()?;
    let span = info_span!(
        "command",
        otel.name = name,
        otel.status_code = Empty,
        process.executable.name = "millwright",
        process.pid = i64::from(std::process::id()),
        process.exit.code = Empty,
        error.type = Empty,
    );
    let outcome = command.instrument(span.clone()).await;
    let exit = outcome.as_ref().map_or_else(CliError::exit, |()| Exit::Ok);
    span.record("process.exit.code", i64::from(exit as u8));
    if let Some(kind) = outcome.as_ref().err().and_then(|error| failure(error, exit)) {
        span.record("error.type", kind).record("otel.status_code", "ERROR");
    }
    outcome
}

/// The kind of a failure; `None` where a command that was cut short has done its work.
fn failure(error: &CliError, exit: Exit) -> Option<&'static str> {
    match error {
        CliError::Client(error) => Some(error_type(error)),
        _ if exit != Exit::Ok => Some("_OTHER"),
        _ => None,
    }
}
