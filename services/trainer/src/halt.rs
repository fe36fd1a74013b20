//! The two ways in which a run ends early.

use tokio_util::sync::CancellationToken;

/// Tells a run that its job was called off, or that the process stops.
#[derive(Clone, Debug)]
pub(crate) struct Halt {
    called_off: CancellationToken,
    stop: CancellationToken,
}

impl Halt {
    /// Nobody has called the run off yet; it ends with `stop`, too.
    pub(crate) fn new(stop: &CancellationToken) -> Self {
        Self { called_off: CancellationToken::new(), stop: stop.clone() }
    }

    /// The job shall not be run.
    pub(crate) fn call_off(&self) {
        self.called_off.cancel();
    }

    pub(crate) fn is_called_off(&self) -> bool {
        self.called_off.is_cancelled()
    }

    /// Whether the process stops: the job goes on at the next start.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// What `work` gives, unless the process stops before; it is dropped then.
    pub(crate) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.stop.run_until_cancelled(work).await
    }

    /// What `work` gives, unless it is halted in either way before.
    pub(crate) async fn unless_halted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.called_off.run_until_cancelled(self.unless_stopped(work)).await.flatten()
    }
}
