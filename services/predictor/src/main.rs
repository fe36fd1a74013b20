//! The predictor as a process of its own.

use std::process::ExitCode;

use clap::Parser;
use millwright_chassis::{Failure, args::parse, block_on, conclude, run};
use millwright_predictor::{Args, Listeners, serve};

/// Serves the versions that the registry's aliases point to
#[derive(Parser)]
#[command(name = "millwright-predictor", version)]
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
    let (addresses, telemetry, config) = args.check()?;
    let rest = addresses.rest.bind().await?;
    run(("--predictor", addresses.grpc), &telemetry, async |grpc, stop| {
        let outcome = serve(Listeners { grpc, rest }, config, stop).await;
        outcome.map_err(|error| Failure::new(&error, error.exit()))
    })
    .await
}
