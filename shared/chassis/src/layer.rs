//! What every request passes, in order.

use std::{convert::Infallible, net::SocketAddr};

use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, from_fn_with_state},
    response::Response,
};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceBuilder};

use crate::{Limits, ServeError, Services, methods::Methods};

mod admit;
mod contract;
mod deadline;
mod draining;
mod metrics;
mod plain;
mod refusal;
mod trace;
mod watched;

pub(crate) use metrics::MethodMeters;

/// The layers of one server, and what they share.
pub(crate) struct Layers {
    methods: Methods,
    draining: CancellationToken,
    instruments: metrics::Instruments,
    limits: Limits,
}

impl Layers {
    /// For `services` within `limits`.
    pub(crate) fn new(services: &Services, limits: &Limits) -> Result<Self, ServeError> {
        Ok(Self {
            methods: services.methods()?,
            draining: services.draining(),
            instruments: metrics::Instruments::new(&crate::meter()),
            limits: limits.clone(),
        })
    }

    /// `services`, which listen at `address`, behind every layer.
    pub(crate) fn grpc(
        &self,
        services: Services,
        address: SocketAddr,
    ) -> Result<impl Layered + use<>, ServeError> {
        let routes = services.routes()?.prepare().into_axum_router();
        let routes = routes.layer(from_fn(contract::only_grpc));
        Ok(self.around(routes, address, |request| request.uri().path()))
    }

    /// The same in front of an [`HttpFace`](crate::HttpFace), with seats of its own: neither can take
    /// those of the other.
    pub(crate) fn http(
        &self,
        routes: Router,
        method: fn(&Request) -> &str,
        address: SocketAddr,
    ) -> impl Layered + use<> {
        let layered = self.around(routes, address, method);
        ServiceBuilder::new().layer(from_fn(plain::tell)).service(layered)
    }

    /// `routes`, which listen at `address`, behind every layer; `path` says at which path gRPC has
    /// what a request asks for. The first layer is the outermost.
    fn around(
        &self,
        routes: Router,
        address: SocketAddr,
        path: fn(&Request) -> &str,
    ) -> impl Layered + use<> {
        let methods = self.methods.clone();
        let tracing = trace::Tracing::new(crate::tracer(), address);
        let longest = deadline::Longest(self.limits.max_deadline);
        let seats = admit::Seats::new(self.limits.max_in_flight);
        ServiceBuilder::new()
            // Names the method once, for the layers that ask.
            .map_request(move |mut request: Request| {
                let method = methods.at(path(&request));
                request.extensions_mut().insert(method);
                request
            })
            // These two answer nothing. They stand outside to see what the caller gets, and so that
            // what the others log lies within the request's span.
            .layer(from_fn_with_state(tracing, trace::trace))
            .layer(from_fn_with_state(self.instruments.clone(), metrics::measure))
            // The outermost that answers: corrects the answers of all the others and of tonic.
            .layer(from_fn(contract::keep_contract))
            // Before the rest: who must go elsewhere should know at once.
            .layer(from_fn_with_state(self.draining.clone(), draining::refuse_when_draining))
            // The caller's clock runs from here on, whatever the request waits for.
            .layer(from_fn_with_state(longest, deadline::bound))
            // Innermost: a seat is held while there is work, and sheds; the only queue is the
            // batcher's.
            .layer(from_fn_with_state(seats, admit::admit))
            .service(routes)
    }
}

/// What stands behind the layers: it answers every request.
pub(crate) trait Layered:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Layered for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}
