//! `/metrics`, as Prometheus reads it.

use std::{future::Future, time::Duration};

use axum::{Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use futures::FutureExt;
use http::StatusCode;
use prometheus::{Encoder, Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Telemetry;
use crate::{Limits, http1};

/// Scrapers are few.
const MAX_CONNECTIONS: usize = 16;
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
            let limits =
                Limits { max_connections: MAX_CONNECTIONS, drain: DRAIN, ..Limits::default() };
            let stopped = CancellationToken::new();
            let served = http1::serve(listener, router, &limits, &stopped);
            tokio::join!(stop.map(|()| stopped.cancel()), served);
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
