//! What every request passes, in order.

use std::{convert::Infallible, fmt::Display, net::SocketAddr};

use axum::{Router, body::Body, middleware::from_fn};
use bytes::Bytes;
use http::{Request, Response};
use tower::{BoxError, Service, ServiceBuilder, layer::layer_fn};

use crate::{Limits, ServeError, Services, methods::Methods};

mod admit;
mod contract;
mod deadline;
mod metrics;
mod plain;
mod refusal;
mod step;
mod trace;
mod watched;

pub(crate) use metrics::MethodMeters;
use step::step;

/// The layers of one server, and what they share.
pub(crate) struct Layers {
    methods: Methods,
    instruments: metrics::Instruments,
    limits: Limits,
}

impl Layers {
    /// For `services` within `limits`.
    pub(crate) fn new(services: &Services, limits: &Limits) -> Result<Self, ServeError> {
        Ok(Self {
            methods: services.methods()?,
            instruments: metrics::Instruments::new(&crate::meter()),
            limits: limits.clone(),
        })
    }

    /// `services`, which listen at `address`, behind every layer.
    pub(crate) fn grpc<R>(
        &self,
        services: Services,
        address: SocketAddr,
    ) -> Result<impl Layered<R> + use<R>, ServeError>
    where
        R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Ok(self.around(services.routes()?, address, |request| request.uri().path()))
    }

    /// The same in front of an [`HttpFace`](crate::HttpFace), with seats of its own: neither can take
    /// those of the other.
    pub(crate) fn http(
        &self,
        routes: Router,
        method: fn(&Request<Body>) -> &str,
        address: SocketAddr,
    ) -> impl Layered<Body> + use<> {
        let layered = self.around(routes, address, method);
        ServiceBuilder::new().layer(from_fn(plain::tell)).service(layered)
    }

    /// `routes`, which listen at `address`, behind every layer; `path` says at which path gRPC has
    /// what a request asks for. The first layer is the outermost.
    fn around<S, R, B>(
        &self,
        routes: S,
        address: SocketAddr,
        path: fn(&Request<R>) -> &str,
    ) -> impl Layered<R> + use<S, R, B>
    where
        S: Service<Request<R>, Response = Response<B>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + 'static,
        R: 'static,
        B: http_body::Body<Data = Bytes, Error: Display> + Send + Unpin + 'static,
    {
        let methods = self.methods.clone();
        ServiceBuilder::new()
            // Names the method once, for the layers that ask.
            .map_request(move |mut request: Request<R>| {
                let named = methods.at(path(&request));
                request.extensions_mut().insert(named);
                request
            })
            // These two answer nothing. They stand outside to see what the caller gets, and so that
            // what the others log lies within the request's span.
            .layer(step((trace::Tracing::new(crate::tracer(), address), self.instruments.clone())))
            // The outermost that answers: corrects the answers of all the others and of tonic.
            .layer(layer_fn(contract::KeepContract))
            .layer(step((
                // The caller's clock runs from here on, whatever the request waits for.
                deadline::Longest(self.limits.max_deadline),
                // Innermost: a seat is held while there is work, and sheds; the only queue is
                // the batcher's.
                admit::Seats::new(self.limits.max_in_flight),
            )))
            .service(routes)
    }
}

/// What stands behind the layers: it answers every request.
pub(crate) trait Layered<R>:
    Service<Request<R>, Response = Response<Self::Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
    /// Of its answers.
    type Body: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static;
}

impl<S, R, B> Layered<R> for S
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Body = B;
}
