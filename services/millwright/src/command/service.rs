//! `millwright registry`, `millwright trainer` and `millwright predictor`: one service alone.

use millwright_chassis::bind;
use millwright_predictor::{self as predictor, Listeners};
use millwright_registry as registry;
use millwright_trainer as trainer;

use crate::{
    error::CliError,
    host::{Host, address},
    launch,
};

pub(crate) async fn run_registry(args: registry::Args) -> Result<(), CliError> {
    let (at, telemetry, config) = args.check()?;
    let port = bind("--registry", at).await?;
    let at = address("--registry", &port)?;
    let mut host = Host::start(&telemetry).await?;
    launch::registry(&mut host, (port, at), config);
    host.serve().await
}

pub(crate) async fn run_trainer(args: trainer::Args) -> Result<(), CliError> {
    let (at, telemetry, config) = args.check()?;
    let port = bind("--trainer", at).await?;
    let at = address("--trainer", &port)?;
    let mut host = Host::start(&telemetry).await?;
    launch::trainer(&mut host, (port, at), config);
    host.serve().await
}

pub(crate) async fn run_predictor(args: predictor::Args) -> Result<(), CliError> {
    let (addresses, telemetry, config) = args.check()?;
    let grpc = bind("--predictor", addresses.grpc).await?;
    let at = address("--predictor", &grpc)?;
    let ports = Listeners { grpc, rest: addresses.rest.bind().await? };
    let mut host = Host::start(&telemetry).await?;
    launch::predictor(&mut host, (ports, at), config)?;
    host.serve().await
}
