//! gRPC health, which knows of the drain.

use futures::{
    StreamExt,
    future::ready,
    stream::{BoxStream, once},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::{
    pb::{
        HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
        health_server::Health,
    },
    server::{HealthReporter, HealthService},
};

/// The name that a supervisor asks who restarts what hangs: SERVING from the first moment to the last,
/// whatever is still to be loaded.
pub(crate) const LIVENESS: &str = "liveness";

/// Answers as the reporter says; from the drain on NOT_SERVING for every name but [`LIVENESS`], and
/// watches end: nobody else would end them.
pub(crate) struct DrainingHealth {
    reported: HealthService,
    draining: CancellationToken,
}

impl DrainingHealth {
    pub(crate) fn new(reporter: HealthReporter, draining: CancellationToken) -> Self {
        Self { reported: HealthService::from_health_reporter(reporter), draining }
    }
}

#[tonic::async_trait]
impl Health for DrainingHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let ends = self.draining.is_cancelled() && request.get_ref().service != LIVENESS;
        let reported = self.reported.check(request).await?;
        Ok(if ends { Response::new(not_serving()) } else { reported })
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let reported = self.reported.watch(request).await?.into_inner();
        let until_drained = reported.take_until(self.draining.clone().cancelled_owned());
        Ok(Response::new(until_drained.chain(once(ready(Ok(not_serving())))).boxed()))
    }
}

fn not_serving() -> HealthCheckResponse {
    HealthCheckResponse { status: ServingStatus::NotServing.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_drains_lives_and_does_not_serve() {
        let (reporter, draining) = (HealthReporter::new(), CancellationToken::new());
        for name in ["", LIVENESS] {
            reporter.set_service_status(name, tonic_health::ServingStatus::Serving).await;
        }
        let health = DrainingHealth::new(reporter, draining.clone());
        draining.cancel();
        for (service, status) in
            [("", ServingStatus::NotServing), (LIVENESS, ServingStatus::Serving)]
        {
            let request = HealthCheckRequest { service: service.to_owned() };
            let answer = health.check(Request::new(request)).await.expect("a known name");
            assert_eq!(answer.into_inner().status(), status, "{service:?}");
        }
    }
}
