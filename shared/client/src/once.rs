//! A connection that is never made anew: once it is closed, whoever calls over it hears that nothing was
//! sent.

use std::{
    error::Error,
    future::{Ready, ready},
    net::SocketAddr,
    sync::Weak,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::oneshot, time::timeout};
use tonic::{
    Status,
    codegen::{Service, http::Uri},
    transport::{Channel, Endpoint},
};

use crate::spread::Lines;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Whom to tell that a connection is closed.
type Lost = (Weak<Lines>, oneshot::Sender<()>);

/// A connection was closed before this call.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed")]
struct Closed;

/// Connects to `at`; once that is closed, it is taken out of its list, and told.
///
/// # Errors
/// Nobody is there.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    at: SocketAddr,
    lost: Lost,
) -> Result<Channel, Box<dyn Error + Send + Sync>> {
    let stream = timeout(CONNECT_WITHIN, TcpStream::connect(at)).await??;
    stream.set_nodelay(true)?;
    let once = Once { stream: Some(stream), at, lost: Some(lost) };
    Ok(endpoint.connect_with_connector(once).await?)
}

/// Whether the call that ended so found its connection closed: the server knows nothing of it.
pub(crate) fn was_not_sent(status: &Status) -> bool {
    let first = Error::source(status);
    let mut causes = std::iter::successors(first, |error| (*error).source());
    causes.any(|error| {
        error.is::<Closed>() || error.downcast_ref().is_some_and(hyper::Error::is_canceled)
    })
}

/// Gives its stream to whoever connects first.
struct Once {
    stream: Option<TcpStream>,
    at: SocketAddr,
    lost: Option<Lost>,
}

impl Service<Uri> for Once {
    type Response = TokioIo<TcpStream>;
    type Error = Closed;
    type Future = Ready<Result<Self::Response, Closed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        if let Some(stream) = self.stream.take() {
            return ready(Ok(TokioIo::new(stream)));
        }
        if let Some((lines, told)) = self.lost.take() {
            // At once, so that the next call takes another one.
            lines.upgrade().into_iter().for_each(|lines| lines.remove(self.at));
            // Whoever keeps it may have ended.
            let _ = told.send(());
        }
        ready(Err(Closed))
    }
}
