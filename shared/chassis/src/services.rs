//! The gRPC services of one server.

use std::convert::Infallible;

use http::{Request, Response};
use millwright_domain::{Code, Fault};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, server::NamedService};
use tonic_health::{ServingStatus, pb::health_server::HealthServer};
use tower::Service;

use crate::{
    Health, HttpFace,
    health::{DrainingHealth, LIVENESS},
    methods::Methods,
    routes::{Answer, Routes, Server},
};

/// The gRPC services of one server; health (per service) and reflection come with it.
///
/// Health also knows the name `liveness`, which is SERVING as long as the process answers at all.
pub struct Services {
    descriptors: &'static [u8],
    /// By name; the order is that in which they were added.
    servers: Vec<(&'static str, Server)>,
    health: Health,
    draining: CancellationToken,
    at_start: ServingStatus,
    face: Option<HttpFace>,
}

/// The descriptors do not fit: a mistake of the build, not of a caller.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Not an encoded `FileDescriptorSet`.
    #[error("the descriptors of the services cannot be read")]
    Descriptors(#[from] prost::DecodeError),
    /// Reflection refuses them.
    #[error("the descriptors of the services do not fit together")]
    Reflection(#[from] tonic_reflection::server::Error),
}

impl Fault for ServeError {
    fn code(&self) -> Code {
        Code::Internal
    }
}

impl Services {
    /// No service yet. `descriptors` is an encoded `FileDescriptorSet` that describes those which
    /// will be added: it says which calls are streams, and is what reflection shows.
    pub fn new(descriptors: &'static [u8]) -> Self {
        Self {
            descriptors,
            servers: Vec::new(),
            health: Health::new(),
            draining: CancellationToken::new(),
            at_start: ServingStatus::Serving,
            face: None,
        }
    }

    /// Adds a generated server, which health calls SERVING from [`serve`](crate::serve) on.
    ///
    /// Set its message limits, or it takes 4 MiB and sends without bound:
    ///
    /// ```
    /// # use millwright_chassis::{Limits, Services};
    /// # use tonic_health::{pb::health_server::{Health, HealthServer}};
    /// # fn add(services: Services, service: impl Health, limits: &Limits) -> Services {
    /// let server = HealthServer::new(service)
    ///     .max_decoding_message_size(limits.max_message_bytes)
    ///     .max_encoding_message_size(limits.max_message_bytes);
    /// services.add(server)
    /// # }
    /// ```
    #[expect(clippy::should_implement_trait, reason = "services are added, not summed")]
    pub fn add<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = Answer>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
    {
        // A generated server is always ready.
        let server = move |request| service.clone().call(request);
        self.servers.push((S::NAME, Box::new(server)));
        self
    }

    /// Adds a face for callers that cannot speak gRPC.
    #[must_use]
    pub fn with_http(mut self, face: HttpFace) -> Self {
        self.face = Some(face);
        self
    }

    /// The face for callers that cannot speak gRPC, if one was added.
    pub(crate) fn take_face(&mut self) -> Option<HttpFace> {
        self.face.take()
    }

    /// Sets what health answers, also for names of your own. From the drain on every name answers
    /// NOT_SERVING, whatever is set, but `liveness`.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Cancelled when the drain begins.
    pub(crate) fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Leaves it to whoever has the [`health`](Self::health) to say SERVING, for the process ("")
    /// and for each service: they answer before they can do their work.
    #[must_use]
    pub fn not_yet_serving(mut self) -> Self {
        self.at_start = ServingStatus::NotServing;
        self
    }

    /// Tells how the process and every added service start.
    pub(crate) async fn open(&self) {
        self.health.set_service_status(LIVENESS, ServingStatus::Serving).await;
        for name in self.names().chain([""]) {
            self.health.set_service_status(name, self.at_start).await;
        }
    }

    pub(crate) fn methods(&self) -> Result<Methods, ServeError> {
        Ok(Methods::new(&[
            self.descriptors,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ])?)
    }

    /// All routes, those of health and reflection too.
    pub(crate) fn routes(self) -> Result<Routes, ServeError> {
        let (v1, v1alpha) = (self.reflection().build_v1()?, self.reflection().build_v1alpha()?);
        let health = DrainingHealth::new(self.health.clone(), self.draining());
        let all = self.add(HealthServer::new(health)).add(v1).add(v1alpha);
        Ok(Routes::new(all.servers))
    }

    fn names(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        self.servers.iter().map(|(name, _)| *name)
    }

    fn reflection(&self) -> tonic_reflection::server::Builder<'static> {
        let described = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(self.descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // The details of a refusal: without them a tool such as grpcurl prints bytes.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        self.names().fold(described, |builder, name| builder.with_service_name(name))
    }
}
