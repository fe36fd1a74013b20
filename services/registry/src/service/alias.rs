//! Calls about aliases.

use millwright_domain::{DeleteAlias, ModelName, PageSize, SetAlias};
use millwright_proto::registry::{
    DeleteAliasRequest, DeleteAliasResponse, ListAliasHistoryRequest, ListAliasHistoryResponse,
    SetAliasRequest, SetAliasResponse,
};
use millwright_wire::{FromWire, ToWire, parse};

use super::Service;
use crate::{error::RegistryError, page::List};

impl Service {
    pub(super) async fn set_alias(
        &self,
        asked: SetAliasRequest,
    ) -> Result<SetAliasResponse, RegistryError> {
        let (alias, revision) = self.ledger().set_alias(SetAlias::from_wire(asked)?).await?;
        Ok(SetAliasResponse { alias: Some(alias.to_wire()), revision })
    }

    pub(super) async fn delete_alias(
        &self,
        asked: DeleteAliasRequest,
    ) -> Result<DeleteAliasResponse, RegistryError> {
        let revision = self.ledger().delete_alias(DeleteAlias::from_wire(asked)?).await?;
        Ok(DeleteAliasResponse { revision })
    }

    pub(super) async fn alias_history(
        &self,
        asked: ListAliasHistoryRequest,
    ) -> Result<ListAliasHistoryResponse, RegistryError> {
        let model: ModelName = parse("model", &asked.model)?;
        let list = List::new("moves", &model);
        let before = list.key(&asked.page_token)?;
        let size = PageSize::of(asked.page_size);
        let page = self.ledger().store().alias_history(&model, before, size).await?;
        Ok(ListAliasHistoryResponse {
            moves: page.items.iter().map(ToWire::to_wire).collect(),
            next_page_token: list.token(page.next),
        })
    }
}
