//! The wish to stop, as one future.

use std::{future::Future, io};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::Exit;

/// Resolves at the first Ctrl-C or SIGTERM; the second ends the process with [`Exit::Forced`].
///
/// Clones resolve together. Call it once, inside the runtime.
pub fn stop_signal() -> impl Future<Output = ()> + Clone + Send + 'static {
    let stop = CancellationToken::new();
    match Signals::new() {
        Ok(signals) => drop(tokio::spawn(hear(signals, stop.clone()))),
        Err(error) => tracing::warn!(%error, "a signal will end the process without a drain"),
    }
    stop.cancelled_owned().boxed().shared()
}

async fn hear(mut signals: Signals, stop: CancellationToken) {
    signals.next().await;
    tracing::info!("stopping: another signal would end the process at once");
    stop.cancel();
    signals.next().await;
    std::process::exit(Exit::Forced as i32);
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
