//! What is loaded, and what shall be.

use millwright_domain::Selector;
use millwright_proto::inference::{
    RepositoryIndexRequest, RepositoryIndexResponse, RepositoryModelLoadRequest,
    RepositoryModelLoadResponse, RepositoryModelUnloadRequest, RepositoryModelUnloadResponse,
    repository_index_response::ModelIndex,
};
use millwright_wire::{WireError, oip};

use crate::{
    ServingError,
    catalog::{Listed, State},
    inference::{Inference, reference},
};

impl Inference {
    pub(super) fn index(
        &self,
        request: &RepositoryIndexRequest,
    ) -> Result<RepositoryIndexResponse, ServingError> {
        check_repository(&request.repository_name)?;
        let listed = self.catalog.listing().into_iter();
        let listed = listed.filter(|listed| !request.ready || listed.state == State::Ready);
        Ok(RepositoryIndexResponse { models: listed.map(to_wire).collect() })
    }

    pub(super) async fn load(
        &self,
        request: &RepositoryModelLoadRequest,
    ) -> Result<RepositoryModelLoadResponse, ServingError> {
        check_repository(&request.repository_name)?;
        let version = oip::to_load(&request.parameters)?;
        let reference = reference::of("model_name", &request.model_name, VERSION, &version)?;
        self.repository.load(&reference).await?;
        Ok(RepositoryModelLoadResponse {})
    }

    pub(super) async fn unload(
        &self,
        request: &RepositoryModelUnloadRequest,
    ) -> Result<RepositoryModelUnloadResponse, ServingError> {
        check_repository(&request.repository_name)?;
        let version = oip::to_unload(&request.parameters)?;
        let reference = reference::of("model_name", &request.model_name, VERSION, &version)?;
        let selector: Option<&Selector> = (!version.is_empty()).then_some(&reference.selector);
        self.repository.unload(&reference.name, selector).await?;
        Ok(RepositoryModelUnloadResponse {})
    }
}

const VERSION: &str = "parameters[\"version\"]";

fn check_repository(name: &str) -> Result<(), WireError> {
    if name.is_empty() {
        return Ok(());
    }
    Err(WireError::new("repository_name", "must be empty: there is one repository, the registry"))
}

fn to_wire(Listed { name, version, state, reason }: Listed) -> ModelIndex {
    let state = match state {
        State::Ready => "READY",
        State::Loading => "LOADING",
        State::Unloading => "UNLOADING",
        State::Unavailable => "UNAVAILABLE",
    };
    ModelIndex {
        name: name.to_string(),
        version: version.map(|version| version.to_string()).unwrap_or_default(),
        state: state.to_owned(),
        reason,
    }
}
