//! Serves HTTP/1.1 over TCP until it is told to stop.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{Limits, connections::Connections, layer::Layered, reader::STALLED};

/// A connection over which no request begins for so long, or whose headers take longer, is closed.
/// Clients keep theirs for a minute or so: closed first by us, one might be closed under a request.
const IDLE: Duration = Duration::from_secs(120);
/// Most headers of one request.
const MAX_HEADERS: usize = 64;
/// hyper refuses to work with less.
const SMALLEST_BUFFER: usize = 8 << 10;

/// Serves `service` on `listener` until `draining` is cancelled; then what was begun is finished, and
/// what is not done after `limits.drain` is cut off.
pub(crate) async fn serve(
    listener: TcpListener,
    service: impl Layered<Body>,
    limits: &Limits,
    draining: &CancellationToken,
) {
    let http = http1(limits);
    let connections = Connections::new(limits.max_connections);
    let accept = connections.accept(listener, |stream, closing| {
        converse(http.clone(), stream, service.clone(), closing)
    });
    draining.run_until_cancelled(accept).await;
    connections.drain(limits.drain).await;
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    let longest = usize::try_from(limits.max_header_bytes).unwrap_or(usize::MAX);
    http.timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_headers(MAX_HEADERS)
        .max_buf_size(longest.max(SMALLEST_BUFFER));
    http
}

/// One connection, request by request.
async fn converse(
    http: http1::Builder,
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    service: impl Layered<Body>,
    closing: CancellationToken,
) {
    let service = service.map_request(|request: Request<Incoming>| request.map(Body::new));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALLED));
    let io = TokioIo::new(Box::pin(stream));
    let served = http.serve_connection(io, TowerToHyperService::new(service));
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use tokio::{
        io::{AsyncWriteExt, duplex},
        time::timeout,
    };

    use super::*;

    /// A connection over which `sent` comes, and nothing is read, ends before ten times `limit`.
    async fn ends(sent: &str, limit: Duration) {
        let (mut caller, stream) = duplex(1 << 10);
        let long = Router::new().fallback(|| async { vec![0; 1 << 20] });
        let served = converse(http1(&Limits::default()), stream, long, CancellationToken::new());
        caller.write_all(sent.as_bytes()).await.expect("taken");
        timeout(10 * limit, served).await.expect("it was given up");
        drop(caller);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_whole_request_is_closed() {
        ends("", IDLE).await;
        ends("GET / HTTP/1.1\r\nhost: ", IDLE).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_does_not_take_its_answer_is_cut_off() {
        ends("GET / HTTP/1.1\r\nhost: plant\r\n\r\n", STALLED).await;
    }
}
