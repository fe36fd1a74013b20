//! A second face of a server: plain HTTP beside gRPC.

use axum::{Router, extract::Request};
use http::StatusCode;
use tokio::net::TcpListener;

/// The same work for software that cannot speak gRPC: HTTP/1.1, on a port of its own.
///
/// What a handler answers in error is a `tonic::Status`, as [`Status::into_http`] writes it: the
/// layers read it, and the caller is told the HTTP status that stands for its code and
/// `{"error": "…"}`.
///
/// [`Status::into_http`]: tonic::Status::into_http
pub struct HttpFace {
    pub(crate) listener: TcpListener,
    pub(crate) routes: Router,
    pub(crate) method: fn(&Request) -> &str,
}

impl HttpFace {
    /// Answers what comes to `listener` with `routes`. `method` says which gRPC method a request
    /// stands for, such as `/package.Service/Method`: it is measured, traced, admitted and held to
    /// its deadline as that.
    pub fn new(listener: TcpListener, routes: Router, method: fn(&Request) -> &str) -> Self {
        Self { listener, routes, method }
    }
}

/// Put among the extensions of an answer, the HTTP status that the caller is told in place of the
/// one that the gRPC code stands for: gRPC has no code for a method that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpCode(pub StatusCode);
