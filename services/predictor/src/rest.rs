//! The REST face of the Open Inference Protocol: for callers that cannot speak HTTP/2.
//!
//! A second codec, and nothing else: `route` says which call of `inference` a request is, `body` reads
//! what it brings, `millwright_wire::json` makes the call's message of it and JSON of the answer.
//! Deadlines, limits, metrics, traces and the words for what goes wrong are those of gRPC, since a
//! request passes the same layers.

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use http::{Method, request::Parts};
use millwright_chassis::HttpFace;
use tokio::net::TcpListener;

use crate::inference::Inference;

mod answer;
mod body;
mod call;
mod refusal;
mod route;

use call::Call;
use refusal::{Failure, Refusal};
use route::Route;

/// Answers what comes to `listener` as `inference` does.
pub(crate) fn face(listener: TcpListener, inference: Inference) -> HttpFace {
    let routes = Router::new().fallback(respond).with_state(inference);
    HttpFace::new(listener, routes, |request| {
        Route::at(request.uri().path()).map_or("", |route| route.grpc_path())
    })
}

async fn respond(State(inference): State<Inference>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = match route(&parts) {
        Ok(route) => Call { inference, parts: &parts, body }.answer(route).await,
        Err(refusal) => Err(refusal.into()),
    };
    answered.unwrap_or_else(Failure::into_response)
}

/// What the request asks for, if it may be asked for like that.
fn route(parts: &Parts) -> Result<Route<'_>, Refusal> {
    let route = Route::at(parts.uri.path()).ok_or(Refusal::NoRoute)?;
    let is_get = matches!(parts.method, Method::GET | Method::HEAD);
    if is_get != route.is_read() || !(is_get || parts.method == Method::POST) {
        return Err(Refusal::Method { is_read: route.is_read() });
    }
    if route.changes_something() && parts.headers.contains_key(http::header::ORIGIN) {
        return Err(Refusal::WebPage);
    }
    Ok(route)
}
