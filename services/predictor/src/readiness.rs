//! What gRPC health says of the predictor and its models.

use std::collections::{BTreeMap, HashSet};

use millwright_chassis::Health;
use millwright_domain::ModelName;
use millwright_proto::{
    inference::grpc_inference_service_server as inference,
    predictor::predictor_service_server as predictor,
};
use tonic_health::ServingStatus;

use crate::catalog::{Catalog, State};

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

    /// A model is healthy when one of its versions answers.
    pub(crate) async fn report(&mut self, catalog: &Catalog) {
        if catalog.open() {
            for service in SERVICES {
                self.health.set_service_status(service, ServingStatus::Serving).await;
            }
        }
        let mut serving = BTreeMap::new();
        for listed in catalog.listing().into_iter().filter(|listed| listed.version.is_some()) {
            *serving.entry(listed.name).or_insert(false) |= listed.state == State::Ready;
        }
        for gone in self.reported.extract_if(|name| !serving.contains_key(name)) {
            self.health.set_service_status(gone.as_str(), ServingStatus::NotServing).await;
        }
        for (name, is_serving) in serving {
            let status = match is_serving {
                true => ServingStatus::Serving,
                false => ServingStatus::NotServing,
            };
            self.health.set_service_status(name.as_str(), status).await;
            self.reported.insert(name);
        }
    }
}
