//! The registry as a process of its own.

use std::process::ExitCode;

use clap::Parser;
use millwright_chassis::{Failure, args::parse, block_on, conclude, run};
use millwright_registry::{Args, serve};

/// Keeps models: numbered versions, aliases, and the artifacts behind them
#[derive(Parser)]
#[command(name = "millwright-registry", version)]
struct Command {
    #[command(flatten)]
    args: Args,
}

fn main() -> ExitCode {
    match parse::<Command>() {
        Ok(command) => conclude(block_on(start(command.args))),
        Err(exit) => exit,
    }
}

async fn start(args: Args) -> Result<(), Failure> {
    let (address, telemetry, config) = args.check()?;
    run(("--registry", address), &telemetry, async |listener, stop| {
        let outcome = serve(listener, config, stop).await;
        outcome.map_err(|error| Failure::new(&error, error.exit()))
    })
    .await
}
