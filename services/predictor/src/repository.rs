//! Loads and unloads versions on request.

use millwright_chassis::Stop;
use millwright_client::{ClientError, RegistryClient};
use millwright_domain::{Code, Fault, ModelName, ModelRef, Selector};

use crate::{
    ServingError,
    catalog::{Catalog, Wanted},
    index::Target,
};

/// Loads and unloads versions on request. Clones share what they do.
#[derive(Clone)]
pub(crate) struct Repository {
    pub(crate) catalog: Catalog,
    pub(crate) registry: RegistryClient,
    pub(crate) stop: Stop,
}

impl Repository {
    /// Has what `reference` names served, at the next start too; returns when it is.
    ///
    /// Whoever does not wait for the end does not end it: the version is served when it can be. One
    /// that is unfit stays asked for until it is unloaded, so that the index tells why.
    ///
    /// # Errors
    /// Why it cannot be served, or is not yet.
    pub(crate) async fn load(&self, reference: &ModelRef) -> Result<(), ServingError> {
        let loaded = async {
            let target = self.target(reference).await?;
            let wanted = Wanted { name: reference.name.clone(), target };
            let asked = self.catalog.ask(&reference.selector, &wanted)?;
            self.catalog.served(reference).await?;
            self.catalog.durable(asked).await
        };
        self.unless_stopped(loaded).await
    }

    /// Lets the version that `selector` names, or all versions of the model, go that are served on
    /// request alone; returns when that is written down. Rows that wait are answered.
    ///
    /// # Errors
    /// Why they stay.
    pub(crate) async fn unload(
        &self,
        name: &ModelName,
        selector: Option<&Selector>,
    ) -> Result<(), ServingError> {
        let released = self.catalog.release(name, selector)?;
        self.unless_stopped(self.catalog.durable(released)).await
    }

    /// What `reference` means, as the catalog knows it, or else the registry.
    async fn target(&self, reference: &ModelRef) -> Result<Target, ServingError> {
        if let Some(target) = self.catalog.target(reference) {
            return Ok(target);
        }
        let unknown = |error: ClientError| match error.code() {
            Code::NotFound => {
                ServingError::UnknownSelector(reference.name.clone(), reference.selector.clone())
            }
            _ => ServingError::NoRegistry(error.to_string()),
        };
        let version = self.registry.version(reference).await.map_err(unknown)?;
        Ok(Target { version: version.version, artifact: version.artifact })
    }

    async fn unless_stopped(
        &self,
        work: impl Future<Output = Result<(), ServingError>>,
    ) -> Result<(), ServingError> {
        tokio::select! {
            done = work => done,
            () = self.stop.clone() => Err(ServingError::Stopping),
        }
    }
}
