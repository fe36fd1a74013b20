//! Running one of the services in this process, and what its error means to whoever started it.

use std::{net::SocketAddr, path::Path};

use millwright_chassis::{ConfigError, Exit};
use millwright_predictor as predictor;
use millwright_registry as registry;
use millwright_trainer as trainer;
use tokio::net::TcpListener;

use crate::{
    error::CliError,
    host::{Host, address},
    service::Service,
};

/// Where a service listens: its port, and what that is bound to.
pub(crate) type Port = (TcpListener, SocketAddr);

pub(crate) fn registry(host: &mut Host, (port, at): Port, config: registry::Config) {
    let folder = config.data_dir.clone();
    let serve = registry::serve(port, config, host.stopped());
    host.run((Service::Registry, at), serve, move |error| match error {
        registry::ServeError::Store(_) => in_folder(&folder, error.exit(), error),
        _ => CliError::Service { exit: error.exit(), source: Box::new(error) },
    });
}

pub(crate) fn trainer(host: &mut Host, (port, at): Port, config: trainer::Config) {
    let folder = config.data_dir.clone();
    let serve = trainer::serve(port, config, host.stopped());
    host.run((Service::Trainer, at), serve, move |error| match error {
        trainer::ServeError::Store(_) => in_folder(&folder, error.exit(), error),
        _ => CliError::Service { exit: error.exit(), source: Box::new(error) },
    });
}

pub(crate) fn predictor(
    host: &mut Host,
    (ports, at): (predictor::Listeners, SocketAddr),
    config: predictor::Config,
) -> Result<(), ConfigError> {
    if let Some(rest) = &ports.rest {
        host.announce_rest(address("--rest", rest)?);
    }
    let folder = config.data_dir.clone();
    let serve = predictor::serve(ports, config, host.stopped());
    host.run((Service::Predictor, at), serve, move |error| match error {
        predictor::ServeError::Store(_) => in_folder(&folder, error.exit(), error),
        _ => CliError::Service { exit: error.exit(), source: Box::new(error) },
    });
    Ok(())
}

fn in_folder(
    folder: &Path,
    exit: Exit,
    source: impl std::error::Error + Send + Sync + 'static,
) -> CliError {
    CliError::Folder { folder: folder.to_owned(), exit, source: Box::new(source) }
}
