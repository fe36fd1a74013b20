//! `/metrics`, as Prometheus reads it.

use std::{future::Future, time::Duration};

use axum::{Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use http::{Request, StatusCode};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use prometheus::{Encoder, Registry, TextEncoder};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Telemetry;
use crate::connections::Connections;

/// Scrapers are few.
const MAX_CONNECTIONS: usize = 16;
/// Longer than scrapes are apart, so that a scraper keeps its connection.
const IDLE: Duration = Duration::from_secs(75);
const DRAIN: Duration = Duration::from_secs(1);

impl Telemetry {
    /// Serves `/metrics` on `listener` until `stop` resolves.
    pub fn serve_metrics<S>(
        &self,
        listener: TcpListener,
        stop: S,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: Future<Output = ()> + Send + 'static,
    {
        let router = self.metrics_router();
        async move {
            let connections = Connections::new(MAX_CONNECTIONS);
            tokio::select! {
                () = connections.accept(listener, |stream, closing| {
                    converse(stream, router.clone(), closing)
                }) => {}
                () = stop => {}
            }
            connections.drain(DRAIN).await;
        }
    }

    /// `/metrics` alone, for a server that exists already.
    pub fn metrics_router(&self) -> Router {
        let registry = self.registry.clone();
        Router::new().route("/metrics", get(move || async move { page(&registry) }))
    }
}

fn page(registry: &Registry) -> impl IntoResponse + use<> {
    let mut text = Vec::new();
    match TextEncoder::new().encode(&registry.gather(), &mut text) {
        Ok(()) => ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot write the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn converse(stream: TcpStream, router: Router, closing: CancellationToken) {
    let service =
        router.map_request(|request: Request<Incoming>| request.map(axum::body::Body::new));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut served = std::pin::pin!(served);
    let _ = tokio::select! {
        ended = &mut served => ended,
        () = closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
}
