//! The trainer as a process of its own.

use std::process::ExitCode;

use clap::Parser;
use millwright_chassis::{Failure, args::parse, block_on, conclude, run};
use millwright_trainer::{Args, serve};

/// Keeps data sets and trains models on them
#[derive(Parser)]
#[command(name = "millwright-trainer", version)]
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
    run(("--trainer", address), &telemetry, async |listener, stop| {
        let outcome = serve(listener, config, stop).await;
        outcome.map_err(|error| Failure::new(&error, error.exit()))
    })
    .await
}
