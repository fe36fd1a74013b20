//! Calls about models.

use millwright_domain::{PageSize, SetTags, Tags};
use millwright_proto::registry::{
    DeleteModelResponse, GetModelResponse, ListModelsRequest, ListModelsResponse, SetTagsRequest,
    SetTagsResponse,
};
use millwright_wire::{FromWire, ToWire, parse, tags};

use super::Service;
use crate::{error::RegistryError, page::List};

impl Service {
    pub(super) async fn model(&self, name: &str) -> Result<GetModelResponse, RegistryError> {
        let model = self.ledger().store().model(&parse("name", name)?).await?;
        Ok(GetModelResponse { model: Some(model.to_wire()) })
    }

    pub(super) async fn models(
        &self,
        asked: ListModelsRequest,
    ) -> Result<ListModelsResponse, RegistryError> {
        let tags = tags("tags", asked.tags)?;
        let list = List::new("models", scope(&tags));
        let after = list.key(&asked.page_token)?;
        let size = PageSize::of(asked.page_size);
        let page = self.ledger().store().models(&tags, after.as_ref(), size).await?;
        Ok(ListModelsResponse {
            models: page.items.iter().map(ToWire::to_wire).collect(),
            next_page_token: list.token(page.next),
        })
    }

    pub(super) async fn delete_model(
        &self,
        name: &str,
    ) -> Result<DeleteModelResponse, RegistryError> {
        let revision = self.ledger().delete_model(parse("name", name)?).await?;
        Ok(DeleteModelResponse { revision })
    }

    pub(super) async fn set_tags(
        &self,
        asked: SetTagsRequest,
    ) -> Result<SetTagsResponse, RegistryError> {
        let (tags, revision) = self.ledger().set_tags(SetTags::from_wire(asked)?).await?;
        let tags = tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Ok(SetTagsResponse { tags, revision })
    }
}

/// What tells the list of these tags from others: neither keys nor values hold a control character.
fn scope(tags: &Tags) -> String {
    tags.iter().map(|(key, value)| format!("{key}\t{value}\n")).collect()
}
