//! Services in this process, from their start to the end of their drain.

use std::{
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use millwright_chassis::{ConfigError, Telemetry, TelemetryConfig, bind, stop_signal};
use millwright_client::Serving;
use tokio::{net::TcpListener, task::JoinSet, time::interval};
use tokio_util::sync::CancellationToken;

use crate::{connection::Addresses, error::CliError, service::Service};

const CHECK_EVERY: Duration = Duration::from_millis(20);

/// Resolves when the process shall stop.
pub(crate) type Stop = Shared<BoxFuture<'static, ()>>;

/// Services in this process. They stop together: at Ctrl-C or SIGTERM, or when one of them ends.
pub(crate) struct Host {
    telemetry: Telemetry,
    metrics: SocketAddr,
    services: Vec<(Service, SocketAddr)>,
    rest: Option<SocketAddr>,
    running: JoinSet<Result<(), CliError>>,
    stop: CancellationToken,
}

impl Host {
    /// Starts telemetry and listens for signals; no service runs yet.
    pub(crate) async fn start(config: &TelemetryConfig) -> Result<Self, CliError> {
        let listener = bind("--metrics", config.metrics).await?;
        let metrics = address("--metrics", &listener)?;
        let telemetry = Telemetry::init(config)?;
        let stop = CancellationToken::new();
        let (signal, heard) = (stop_signal(), stop.clone());
        tokio::spawn(async move {
            signal.await;
            heard.cancel();
        });
        tokio::spawn(telemetry.serve_metrics(listener, stop.clone().cancelled_owned()));
        let (services, running) = (Vec::new(), JoinSet::new());
        Ok(Self { telemetry, metrics, services, rest: None, running, stop })
    }

    /// Runs a service that was bound to an address; `failed` tells what its error means.
    pub(crate) fn run<E: Send + 'static>(
        &mut self,
        (service, address): (Service, SocketAddr),
        serve: impl Future<Output = Result<(), E>> + Send + 'static,
        failed: impl FnOnce(E) -> CliError + Send + 'static,
    ) {
        self.services.push((service, address));
        self.running.spawn(serve.map(move |ended| ended.map_err(failed)));
    }

    /// Tells on the ready line where the predictor listens for REST.
    pub(crate) fn announce_rest(&mut self, at: SocketAddr) {
        self.rest = Some(at);
    }

    /// What services stop at.
    pub(crate) fn stopped(&self) -> Stop {
        self.stop.clone().cancelled_owned().boxed().shared()
    }

    /// Asks every service over the wire until all serve. `false`: told to stop before.
    ///
    /// # Errors
    /// Of a service that ends instead.
    pub(crate) async fn until_ready(&mut self) -> Result<bool, CliError> {
        let (services, stop) = (self.services.clone(), self.stop.clone());
        tokio::select! {
            () = all_serve(&services) => Ok(true),
            () = stop.cancelled() => Ok(false),
            Some(ended) = self.running.join_next() => {
                self.stop.cancel();
                ended.unwrap_or(Err(CliError::Panicked)).map(|()| false)
            }
        }
    }

    /// Says when all are ready, and returns when they have ended.
    ///
    /// # Errors
    /// Of the first service that ended in one.
    pub(crate) async fn serve(mut self) -> Result<(), CliError> {
        if self.until_ready().await? {
            // A supervisor that does not read is no reason to stop.
            let _ = writeln!(io::stdout(), "{}", self.ready_line());
        }
        self.until_stopped().await
    }

    /// Stops the services.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Returns when all services have ended and drained.
    ///
    /// # Errors
    /// Of the first that ended in one.
    pub(crate) async fn until_stopped(mut self) -> Result<(), CliError> {
        let mut outcome = Ok(());
        while let Some(ended) = self.running.join_next().await {
            self.stop.cancel();
            outcome = outcome.and(ended.unwrap_or(Err(CliError::Panicked)));
        }
        self.telemetry.shutdown();
        outcome
    }

    /// Where a client finds the services.
    pub(crate) fn addresses(&self) -> Addresses {
        let of = |wanted: Service| {
            let found = self.services.iter().find(|(service, _)| *service == wanted);
            found.map_or_else(String::new, |(_, address)| address.to_string())
        };
        Addresses {
            registry: of(Service::Registry),
            trainer: of(Service::Trainer),
            predictor: of(Service::Predictor),
        }
    }

    /// Where Prometheus reads.
    pub(crate) fn metrics_url(&self) -> String {
        format!("http://{}/metrics", self.metrics)
    }

    fn ready_line(&self) -> String {
        let services = self.services.iter().map(|(service, at)| (service.name(), at));
        let each = services.chain(self.rest.iter().map(|at| ("rest", at)));
        let each = each.map(|(name, at)| format!("{name} {at}")).collect::<Vec<_>>();
        let services = each.join(", ");
        format!("ready: {services}, metrics {}", self.metrics_url())
    }
}

/// The address of `listener`, which was bound for `flag`.
pub(crate) fn address(
    flag: &'static str,
    listener: &TcpListener,
) -> Result<SocketAddr, ConfigError> {
    listener.local_addr().map_err(|error| ConfigError::unavailable(flag, error))
}

async fn all_serve(services: &[(Service, SocketAddr)]) {
    for (service, address) in services {
        let mut ticks = interval(CHECK_EVERY);
        while !matches!(service.check(&address.to_string()).await, Ok(Serving::Yes)) {
            ticks.tick().await;
        }
    }
}
