//! Sends callers elsewhere once the server is going down.

use std::{convert::Infallible, sync::Arc};

use http::Request;
use tokio_util::sync::CancellationToken;

use super::{refusal::Refusal, step::Step, watched::Watch};
use crate::methods::Method;

/// Refuses what comes after the stop; health goes on answering, to say NOT_SERVING.
#[derive(Clone)]
pub(super) struct Draining(pub(super) Arc<CancellationToken>);

impl Step for Draining {
    type Watch = Infallible;

    fn begin<B>(&self, request: &mut Request<B>) -> Result<Option<Infallible>, Refusal> {
        if self.0.is_cancelled() && !Method::of(request).is_about_the_server() {
            return Err(Refusal::Draining);
        }
        Ok(None)
    }
}

/// Of an answer that has begun nothing is to be seen.
impl Watch for Infallible {}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request};
    use tonic::{Code, Status};
    use tower::ServiceExt;

    use crate::{Limits, Services, layer::Layers};

    /// The code that a server answers a call of `path` with while it drains.
    async fn while_draining(path: &str) -> Option<Code> {
        let services = Services::new(&[]);
        services.draining().cancel();
        let layers = Layers::new(&services, &Limits::default()).expect("no descriptors fit");
        let server = layers.grpc(services, ([127, 0, 0, 1], 0).into()).expect("they fit");
        let request = Request::post(path)
            .header("content-type", "application/grpc")
            .body(Body::empty())
            .expect("a request");
        let answer = server.oneshot(request).await.expect("infallible");
        Status::from_header_map(answer.headers()).map(|status| status.code())
    }

    #[tokio::test]
    async fn a_call_on_an_open_connection_is_sent_elsewhere() {
        assert_eq!(while_draining("/plant.Service/Call").await, Some(Code::Unavailable));
    }

    #[tokio::test]
    async fn health_is_still_asked() {
        let asked = while_draining("/grpc.health.v1.Health/Check").await;
        assert_eq!(asked, Some(Code::InvalidArgument), "an empty body reached it");
    }
}
