//! Calls that are spread over all addresses of a name.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    net::lookup_host,
    sync::{Notify, oneshot},
    task::{AbortHandle, JoinSet},
    time::sleep,
};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};

use crate::{Backoff, ClientError, RetryPolicy, connect, once};

/// How often the name is asked for its addresses: servers that are added get calls, and servers that
/// are about to end get none, long before they are there for a minute or gone.
const RESOLVE_EVERY: Duration = Duration::from_secs(1);

/// Waits between tries to connect to one address.
const RECONNECT: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(2),
    total: Duration::MAX,
};

/// A connection to every address of a name, used in turn: gRPC's `round_robin`.
///
/// In Kubernetes the name is that of a headless Service, whose addresses are the pods that are ready.
/// Calls go over connections that are open; an address that no longer belongs to the name gets no
/// further call, and those under way end in peace. While the name cannot be resolved, its addresses
/// stay as they were.
///
/// ```no_run
/// use millwright_client::{PredictorClient, Spread};
///
/// # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
/// let predictors = Spread::connect_lazy("predictors", "predictors.plant.svc:8001")?;
/// let predictor = PredictorClient::over(predictors.next().await, "predictors");
/// predictor.served().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Spread(Arc<Lines>);

/// The connections that are open.
pub(crate) struct Lines {
    open: Mutex<Vec<(SocketAddr, Channel)>>,
    turn: AtomicUsize,
    opened: Notify,
}

impl Spread {
    /// Resolves `address`, `host:port`, now and every second, and connects to what is found, until
    /// the last clone is dropped.
    ///
    /// # Errors
    /// [`ClientError::Address`]. Must be called within a Tokio runtime.
    pub fn connect_lazy(service: &'static str, address: &str) -> Result<Self, ClientError> {
        let endpoint = connect::endpoint(service, address)?;
        let (open, opened) = (Mutex::default(), Notify::new());
        let lines = Arc::new(Lines { open, turn: AtomicUsize::new(0), opened });
        tokio::spawn(follow(Arc::downgrade(&lines), endpoint, address.to_owned()));
        Ok(Self(lines))
    }

    /// The connection whose turn it is; waits while there is none.
    pub async fn next(&self) -> Channel {
        loop {
            let opened = self.0.opened.notified();
            if let Some(channel) = self.0.next() {
                return channel;
            }
            opened.await;
        }
    }

    /// Makes `call` over the connection whose turn it is; over the next one where that turns out to be
    /// closed before anything was sent. What was sent is never sent again.
    ///
    /// # Errors
    /// As the call ends.
    pub async fn call<A, F>(&self, call: impl Fn(Channel) -> F) -> Result<A, Status>
    where
        F: Future<Output = Result<A, Status>>,
    {
        loop {
            match call(self.next().await).await {
                Err(status) if once::was_not_sent(&status) => tokio::task::yield_now().await,
                outcome => return outcome,
            }
        }
    }
}

impl Lines {
    fn next(&self) -> Option<Channel> {
        let open = self.open();
        let turn = self.turn.fetch_add(1, Relaxed).checked_rem(open.len())?;
        open.get(turn).map(|(_, channel)| channel.clone())
    }

    fn add(&self, at: SocketAddr, channel: Channel) {
        self.open().push((at, channel));
        self.opened.notify_waiters();
    }

    pub(crate) fn remove(&self, at: SocketAddr) {
        self.open().retain(|(other, _)| *other != at);
    }

    // Every change leaves the list whole.
    fn open(&self) -> MutexGuard<'_, Vec<(SocketAddr, Channel)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a connection to every address that `name` has, while somebody has `lines`.
async fn follow(lines: Weak<Lines>, endpoint: Endpoint, name: String) {
    let mut tasks = JoinSet::new();
    let mut known = HashMap::<SocketAddr, AbortHandle>::new();
    loop {
        let found: HashSet<_> = lookup_host(&name).await.into_iter().flatten().collect();
        let Some(open) = lines.upgrade() else { return };
        if !found.is_empty() {
            for (gone, task) in known.extract_if(|at, _| !found.contains(at)) {
                task.abort();
                open.remove(gone);
            }
        }
        for at in found {
            let task = || tasks.spawn(keep(lines.clone(), endpoint.clone(), at));
            known.entry(at).or_insert_with(task);
        }
        drop(open);
        sleep(RESOLVE_EVERY).await;
    }
}

/// Keeps a connection to `at`.
async fn keep(lines: Weak<Lines>, endpoint: Endpoint, at: SocketAddr) {
    let mut backoff = Backoff::new(RECONNECT);
    loop {
        let (sender, lost) = oneshot::channel();
        let connected = once::connect(&endpoint, at, (lines.clone(), sender)).await;
        let Some(open) = lines.upgrade() else { return };
        if let Ok(channel) = connected {
            open.add(at, channel);
            drop(open);
            // Dropped, or told: both mean that it is closed.
            let _ = lost.await;
            backoff = Backoff::new(RECONNECT);
        }
        sleep(backoff.next_wait(None).unwrap_or(RECONNECT.longest)).await;
    }
}
