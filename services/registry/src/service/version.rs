//! Calls about versions.

use millwright_domain::{ModelName, NewVersion, PageSize};
use millwright_proto::registry::{
    CreateModelVersionRequest, CreateModelVersionResponse, DeleteModelVersionRequest,
    DeleteModelVersionResponse, GetModelVersionResponse, ListModelVersionsRequest,
    ListModelVersionsResponse,
};
use millwright_wire::{FromWire, ToWire, parse, version};

use super::Service;
use crate::{bounds, error::RegistryError, page::List};

impl Service {
    pub(super) async fn create_version(
        &self,
        asked: CreateModelVersionRequest,
    ) -> Result<CreateModelVersionResponse, RegistryError> {
        bounds::check(&asked)?;
        let version = self.ledger().create_version(NewVersion::from_wire(asked)?).await?;
        Ok(CreateModelVersionResponse { version: Some(version.to_wire()) })
    }

    pub(super) async fn version(
        &self,
        reference: &str,
    ) -> Result<GetModelVersionResponse, RegistryError> {
        let version = self.ledger().store().version(&parse("model_ref", reference)?).await?;
        Ok(GetModelVersionResponse { version: Some(version.to_wire()) })
    }

    pub(super) async fn versions(
        &self,
        asked: ListModelVersionsRequest,
    ) -> Result<ListModelVersionsResponse, RegistryError> {
        let model: ModelName = parse("model", &asked.model)?;
        let list = List::new("versions", &model);
        let before = list.key(&asked.page_token)?;
        let size = PageSize::of(asked.page_size);
        let page = self.ledger().store().versions(&model, before, size).await?;
        Ok(ListModelVersionsResponse {
            versions: page.items.iter().map(ToWire::to_wire).collect(),
            next_page_token: list.token(page.next),
        })
    }

    pub(super) async fn delete_version(
        &self,
        asked: DeleteModelVersionRequest,
    ) -> Result<DeleteModelVersionResponse, RegistryError> {
        let model = parse("model", &asked.model)?;
        let version = version("version", asked.version)?;
        let revision = self.ledger().delete_version(model, version).await?;
        Ok(DeleteModelVersionResponse { revision })
    }
}
