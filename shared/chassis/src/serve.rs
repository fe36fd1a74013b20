//! Serves gRPC over TCP until it is told to stop.

use std::{future::Future, io::Cursor, net::SocketAddr, time::Duration};

use futures::FutureExt;
use http::Request;
use hyper::{body::Incoming, server::conn::http2};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    Limits, ServeError, Services,
    connections::Connections,
    http1,
    layer::{Layered, Layers},
    reader::{Pieces, Tasks},
    whole::Whole,
};

/// A caller that is silent for so long is asked for a sign of life.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// And if none comes within this time, its connection is closed.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that does not begin HTTP/2 within this time is closed: hyper would wait for ever.
const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);
/// What an HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes a caller may send ahead on one stream: a chunk of an upload in one round trip, and 256 MiB
/// in all when each of 1,024 requests in flight is as far ahead as it may be.
const STREAM_WINDOW: u32 = 256 << 10;
/// The largest window there is (RFC 9113, section 6.9.1).
const LARGEST_WINDOW: u32 = (1 << 31) - 1;

/// Serves `services` on `listener` until `stop` resolves, then drains.
///
/// Before a request reaches its service it passes the layers: it is traced and measured, refused
/// while draining or when every seat is taken, and held to its deadline; and the status contract
/// makes sure that whatever comes of it is told with the right code. An [`HttpFace`] that was added
/// is served the same way, with connections and seats of its own.
///
/// [`HttpFace`]: crate::HttpFace
///
/// To drain means: health says NOT_SERVING, the listener closes, callers get a GOAWAY, what was
/// admitted is finished, and what is not done after `limits.drain` is cut off.
///
/// # Errors
/// The descriptors given to [`Services::new`] do not fit; nothing was served.
pub async fn serve(
    listener: TcpListener,
    mut services: Services,
    limits: Limits,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let draining = services.draining();
    services.open().await;
    let face = services.take_face();
    let layers = Layers::new(&services, &limits)?;
    let service = layers.grpc(services, address(&listener))?;
    let http = http2(&limits);

    let connections = Connections::new(limits.max_connections);
    let grpc = async {
        let accept = connections.accept(listener, |stream, closing| {
            let service = service.clone().map_request(|r: Request<Incoming>| r.map(Whole));
            converse(http.clone(), stream, service, closing)
        });
        draining.run_until_cancelled(accept).await;
        connections.drain(limits.drain).await;
    };
    let plain = async {
        if let Some(face) = face {
            let service = layers.http(face.routes, face.method, address(&face.listener));
            http1::serve(face.listener, service, &limits, &draining).await;
        }
    };
    tokio::join!(stop.map(|()| draining.cancel()), grpc, plain);
    Ok(())
}

/// A listener that was bound has one; spans would say port 0, and nothing else is lost.
fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap_or_else(|_| ([0, 0, 0, 0], 0).into())
}

pub(crate) fn http2(limits: &Limits) -> http2::Builder<Tasks> {
    let mut http = http2::Builder::new(Tasks);
    http.timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(limits.max_header_bytes)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(connection_window(limits.max_streams));
    http
}

/// Room for every stream's window: streams that are not read must not stop the others.
fn connection_window(streams: u32) -> u32 {
    STREAM_WINDOW.saturating_mul(streams.max(1)).min(LARGEST_WINDOW)
}

/// One connection, from its preface to its end.
async fn converse(
    http: http2::Builder<Tasks>,
    stream: TcpStream,
    service: impl Layered<Incoming>,
    closing: CancellationToken,
) {
    let begun = closing.run_until_cancelled(timeout(PREFACE_TIMEOUT, begin(stream))).await;
    if let Some(Ok(Some(stream))) = begun {
        talk(http, stream, service, closing).await;
    }
}

/// One connection that speaks HTTP/2.
pub(crate) async fn talk(
    http: http2::Builder<Tasks>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: impl Layered<Incoming>,
    closing: CancellationToken,
) {
    let service = service.map_response(|answer| answer.map(Pieces::of));
    let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
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

/// The connection once it has begun to speak HTTP/2, or nothing if it says something else.
async fn begin(stream: TcpStream) -> Option<impl AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    let (mut incoming, outgoing) = stream.into_split();
    let mut preface = [0; PREFACE.len()];
    incoming.read_exact(&mut preface).await.ok()?;
    if &preface != PREFACE {
        return None;
    }
    Some(tokio::io::join(Cursor::new(preface).chain(incoming), outgoing))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_never_begins_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(serve(listener, Services::new(&[]), Limits::default(), pending()));
        let mut mute = TcpStream::connect(address).await.expect("it listens");
        let mut nothing = [0; 1];
        let closed = timeout(Duration::from_secs(60), mute.read(&mut nothing)).await;
        assert_eq!(closed.expect("before a minute is over").expect("in order"), 0);
    }
}
