//! What gRPC health says of the predictor and its models.

use std::collections::HashSet;

use millwright_chassis::Health;
use millwright_domain::ModelName;
use millwright_proto::{
    inference::grpc_inference_service_server as inference,
    predictor::predictor_service_server as predictor,
};
use tonic_health::ServingStatus;

use crate::catalog::Catalog;

/// What is healthy once everything that aliases point to was loaded or found unloadable.
const SERVICES: [&str; 3] = ["", predictor::SERVICE_NAME, inference::SERVICE_NAME];

/// Tells health how the catalog is served.
pub(crate) struct Readiness {
    health: Health,
    /// Models of which health was told.
    reported: HashSet<ModelName>,
}

impl Readiness {
    pub(crate) fn new(health: Health) -> Self {
        Self { health, reported: HashSet::new() }
    }

    /// Tells of all models that are or were there.
    pub(crate) async fn report(&mut self, catalog: &Catalog) {
        for name in catalog.names().union(&self.reported).cloned().collect::<Vec<_>>() {
            self.report_of(catalog, &name).await;
        }
        self.report_services(catalog).await;
    }

    /// Tells of one model, which is healthy when one of its versions answers.
    pub(crate) async fn report_of(&mut self, catalog: &Catalog, name: &ModelName) {
        let is_serving = catalog.is_serving(name);
        if is_serving.is_some() {
            self.reported.insert(name.clone());
        } else if !self.reported.remove(name) {
            return;
        }
        let status = match is_serving {
            Some(true) => ServingStatus::Serving,
            Some(false) | None => ServingStatus::NotServing,
        };
        self.health.set_service_status(name.as_str(), status).await;
    }

    /// Tells of the services, once.
    pub(crate) async fn report_services(&self, catalog: &Catalog) {
        if catalog.open() {
            for service in SERVICES {
                self.health.set_service_status(service, ServingStatus::Serving).await;
            }
        }
    }
}
