//! HTTP/2 as every server of ours speaks it.

use std::{
    future::{Future, poll_fn},
    io::Cursor,
    pin::Pin,
    task::{Poll, ready},
    time::Duration,
};

use hyper::{body::Incoming, server::conn::http2};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::{TcpStream, tcp::OwnedWriteHalf},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::BoxError;

use crate::{
    Limits,
    layer::Layered,
    outgoing::{Sender, outgoing},
    reader::Tasks,
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

/// What connections are served with, within `limits`.
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
pub(crate) async fn converse(
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

/// One connection that speaks HTTP/2, from what comes in and to what goes out.
pub(crate) async fn talk(
    http: http2::Builder<Tasks>,
    (incoming, socket): (
        impl AsyncRead + Unpin + Send + 'static,
        impl AsyncWrite + Unpin + Send + 'static,
    ),
    service: impl Layered<Incoming>,
    closing: CancellationToken,
) {
    let (outgoing, mut sender) = outgoing(socket);
    let stream = TokioIo::new(tokio::io::join(incoming, outgoing));
    let mut served =
        std::pin::pin!(http.serve_connection(stream, TowerToHyperService::new(service)));
    let ended = tokio::select! {
        ended = in_turns(served.as_mut(), &mut sender) => ended,
        () = closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            in_turns(served, &mut sender).await
        }
    };
    let sent = sender.finish(KEEPALIVE_TIMEOUT).await;
    if let Err(error) = ended.and(sent.map_err(Into::into)) {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Polls `connection` after the tasks that are ready when it is woken, and sends what it wrote: their
/// answers leave in one write. tokio would run it after the first of them: whom a task wakes is next.
fn in_turns<F, E, W>(
    mut connection: Pin<&mut F>,
    sender: &mut Sender<W>,
) -> impl Future<Output = Result<(), BoxError>>
where
    F: Future<Output = Result<(), E>>,
    E: Into<BoxError>,
    W: AsyncWrite + Unpin,
{
    let mut has_waited = true;
    poll_fn(move |cx| {
        has_waited = !has_waited;
        if !has_waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(ended.map_err(Into::into));
            }
            // It has more to say as soon as there is room.
            if !ready!(sender.poll_send(cx))? {
                return Poll::Pending;
            }
        }
    })
}

/// What comes in once the connection has begun to speak HTTP/2, and where answers go; or nothing if it
/// says something else.
async fn begin(
    stream: TcpStream,
) -> Option<(impl AsyncRead + Unpin + Send + 'static, OwnedWriteHalf)> {
    let (mut incoming, socket) = stream.into_split();
    let mut preface = [0; PREFACE.len()];
    incoming.read_exact(&mut preface).await.ok()?;
    if &preface != PREFACE {
        return None;
    }
    Some((Cursor::new(preface).chain(incoming), socket))
}
