//! Whether a service serves.

use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient as Grpc,
};

use crate::{
    ClientError, RetryPolicy,
    link::{Link, Transport},
};

/// Client of the health service that every process has (gRPC Health Checking Protocol).
#[derive(Clone)]
pub struct HealthClient {
    link: Link<Grpc<Transport>>,
}

/// Whether a service serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// It takes calls.
    Yes,
    /// It runs and takes none: it begins, or it ends.
    No,
}

impl HealthClient {
    /// Connects to the `process` (`registry`, `trainer`, `predictor`) at `address`, `host:port`,
    /// when it is first asked. Asks once: health is about now.
    ///
    /// # Errors
    /// [`ClientError::Address`]. Must be called within a Tokio runtime.
    pub fn connect_lazy(process: &'static str, address: &str) -> Result<Self, ClientError> {
        let link = Link::new(process, address, Grpc::new)?;
        Ok(Self { link: link.with_retry(RetryPolicy::NEVER) })
    }

    /// Whether `service` (its full gRPC name; empty: the whole process) serves.
    ///
    /// # Errors
    /// `NotFound` for a service that the process does not have.
    pub async fn check(&self, service: &str) -> Result<Serving, ClientError> {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = self
            .link
            .ask(request, |mut grpc, request| async move { grpc.check(request).await })
            .await?;
        Ok(match answer.status() {
            ServingStatus::Serving => Serving::Yes,
            _ => Serving::No,
        })
    }
}
