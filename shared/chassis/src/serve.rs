//! Serves gRPC over TCP until it is told to stop.

use std::{convert::Infallible, future::Future, net::SocketAddr};

use bytes::Bytes;
use futures::FutureExt;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tower::{BoxError, Service, ServiceExt};

use crate::{
    Limits, ServeError, Services,
    connections::Connections,
    http1,
    http2::{converse, http2},
    layer::Layers,
    reader::Pieces,
    whole::Whole,
};

/// Serves `services` on `listener` until `stop` resolves, then drains.
///
/// Before a request reaches its service it passes the layers: it is traced and measured, refused
/// when every seat is taken, and held to its deadline; and the status contract makes sure that
/// whatever comes of it is told with the right code. An [`HttpFace`] that was added
/// is served the same way, with connections and seats of its own.
///
/// [`HttpFace`]: crate::HttpFace
///
/// To drain means: health says NOT_SERVING, the listener closes, callers get a GOAWAY, what they had
/// sent before they heard of it is finished, and what is not done after `limits.drain` is cut off.
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
            let service = service.map_response(|answer| answer.map(Pieces::of));
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

/// Serves `service` on `listener` until `stop` resolves, over the HTTP/2 of [`serve`] and without any
/// of its layers: the floor that its figures are compared with.
pub async fn serve_bare<S, B>(
    listener: TcpListener,
    service: S,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let http = http2(limits);
    let connections = Connections::new(limits.max_connections);
    let accept = connections.accept(listener, |stream, closing| {
        converse(http.clone(), stream, service.clone(), closing)
    });
    tokio::select! {
        _ = accept => {}
        () = stop => {}
    }
    connections.drain(limits.drain).await;
}

/// A listener that was bound has one; spans would say port 0, and nothing else is lost.
fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap_or_else(|_| ([0, 0, 0, 0], 0).into())
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

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
