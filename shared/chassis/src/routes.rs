//! Which service answers a path.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::future::{BoxFuture, Either, Ready, ready};
use http::{HeaderMap, Request, Response, StatusCode, header::CONTENT_TYPE};
use tonic::{Status, body::Body};
use tower::{BoxError, Service};

/// What a call of a generated server comes to.
pub(crate) type Answer = BoxFuture<'static, Result<Response<Body>, Infallible>>;

/// A generated server.
pub(crate) type Server = Box<dyn Fn(Request<Body>) -> Answer + Send + Sync>;

/// Generated servers by name, which is the first part of a path: a router would match patterns.
#[derive(Clone)]
pub(crate) struct Routes(Arc<Vec<(&'static str, Server)>>);

impl Routes {
    /// Each server with its name.
    pub(crate) fn new(servers: Vec<(&'static str, Server)>) -> Self {
        Self(Arc::new(servers))
    }

    fn server(&self, path: &str) -> Option<&Server> {
        let (service, _) = path.strip_prefix('/')?.split_once('/')?;
        self.0.iter().find(|(name, _)| *name == service).map(|(_, server)| server)
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// As gRPC over HTTP/2 says.
fn no_grpc() -> Response<Body> {
    let mut refused = Response::new(Body::empty());
    *refused.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    refused
}

impl<B> Service<Request<B>> for Routes
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Answer, Ready<Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !is_grpc(request.headers()) {
            return Either::Right(ready(Ok(no_grpc())));
        }
        match self.server(request.uri().path()) {
            Some(server) => Either::Left(server(request.map(Body::new))),
            None => Either::Right(ready(Ok(Status::unimplemented("").into_http()))),
        }
    }
}
