//! The connections of one listener: counted, drained, cut off.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

/// How long accepting pauses after it failed, as it does when the process is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The connections of one listener. Dropping this cuts them off.
pub(crate) struct Connections {
    seats: Arc<Semaphore>,
    tasks: TaskTracker,
    closing: CancellationToken,
    cut: CancellationToken,
    _cut_on_drop: DropGuard,
}

impl Connections {
    /// At most `most` at a time.
    pub(crate) fn new(most: usize) -> Self {
        let cut = CancellationToken::new();
        Self {
            seats: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            _cut_on_drop: cut.clone().drop_guard(),
            cut,
        }
    }

    /// Accepts for ever, and runs `serve` on each connection; one beyond the cap is closed at once.
    ///
    /// `serve` gets a token whose cancellation asks it to finish what it has begun and to end.
    pub(crate) async fn accept<F>(
        &self,
        listener: TcpListener,
        serve: impl Fn(TcpStream, CancellationToken) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(seat) = self.seats.clone().try_acquire_owned() else {
                tracing::debug!("closed a connection: as many are open as may be");
                continue;
            };
            // Answers are small and complete: waiting for more to send only delays them.
            let _ = stream.set_nodelay(true);
            let served = serve(stream, self.closing.clone());
            let cut = self.cut.clone();
            self.tasks.spawn(async move {
                let _seat = seat;
                cut.run_until_cancelled_owned(served).await;
            });
        }
    }

    /// Asks every connection to end, waits for them `within` that time, then cuts off the rest.
    pub(crate) async fn drain(self, within: Duration) {
        self.closing.cancel();
        self.tasks.close();
        if timeout(within, self.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "cut off: not finished in time");
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}
