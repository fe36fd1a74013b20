//! Deletions: what is gone stays as a record.

use std::time::SystemTime;

use millwright_domain::{AliasName, DeleteAlias, Digest, ModelName, Version};
use sqlx::{query, sqlite::SqliteRow};

use super::{
    change::{Writing, check},
    model_row,
    records::Payload,
    sql,
};
use crate::{
    StoreError,
    sqlite::stored::{Stored, integer, micros},
};

impl Writing<'_> {
    pub(super) async fn delete_version(
        mut self,
        model: ModelName,
        version: Version,
    ) -> Result<u64, StoreError> {
        self.require_version(&model, version).await?;
        let alias = query(sql::ALIAS_OF_VERSION).bind(model.as_str()).bind(integer(version.get()));
        let alias = alias.fetch_optional(&mut *self.to).await?;
        no_alias(&model, alias, || format!("version {model}@{version}"))?;
        let revision = self.record(Some(&model), &Payload::VersionDeleted { version }).await?;
        query(sql::DELETE_VERSION)
            .bind(model.as_str())
            .bind(integer(version.get()))
            .bind(integer(revision))
            .execute(&mut *self.to)
            .await?;
        query(sql::REMOVE_TAGS)
            .bind(model.as_str())
            .bind(integer(version.get()))
            .execute(self.to)
            .await?;
        Ok(revision)
    }

    pub(super) async fn delete_model(mut self, name: ModelName) -> Result<u64, StoreError> {
        model_row(self.to, &name).await?;
        let alias = query(sql::ALIAS_OF_MODEL).bind(name.as_str());
        let alias = alias.fetch_optional(&mut *self.to).await?;
        no_alias(&name, alias, || format!("model {name}"))?;
        let revision = self.record(Some(&name), &Payload::ModelDeleted).await?;
        for delete in [sql::DELETE_VERSIONS, sql::DELETE_MODEL] {
            let delete = query(delete).bind(name.as_str()).bind(integer(revision));
            delete.execute(&mut *self.to).await?;
        }
        query(sql::REMOVE_ALL_TAGS).bind(name.as_str()).execute(self.to).await?;
        Ok(revision)
    }

    pub(super) async fn delete_alias(mut self, gone: DeleteAlias) -> Result<u64, StoreError> {
        let DeleteAlias { model, alias, expected } = gone;
        model_row(self.to, &model).await?;
        let Some((version, _)) = self.points_to(&model, &alias).await? else {
            return Err(StoreError::NotFound { what: "alias", name: format!("{model}@{alias}") });
        };
        check((&model, &alias), expected, Some(version))?;
        let moved = Payload::AliasMoved { alias: alias.clone(), from: Some(version), to: None };
        let revision = self.record(Some(&model), &moved).await?;
        let delete = query(sql::DELETE_ALIAS).bind(model.as_str()).bind(alias.as_str());
        delete.execute(self.to).await?;
        Ok(revision)
    }

    pub(super) async fn drop_artifact(
        mut self,
        digest: Digest,
        unneeded_since: SystemTime,
    ) -> Result<u64, StoreError> {
        let name = digest.to_string();
        let since = query(sql::UNNEEDED_SINCE).bind(&name).fetch_optional(&mut *self.to).await?;
        let since = since.map(|row| Stored(&row).number("since")).transpose()?;
        if since.is_none_or(|since| integer(since) >= micros(unneeded_since)) {
            let needed = "the artifact is needed, or was a moment ago: it is kept";
            return Err(StoreError::Precondition(needed));
        }
        let revision = self.record(None, &Payload::ArtifactDropped { digest }).await?;
        let drop = query(sql::DROP_ARTIFACT).bind(name).bind(integer(revision));
        drop.execute(self.to).await?;
        Ok(revision)
    }
}

/// Refuses a deletion of what an alias points to.
fn no_alias(
    model: &ModelName,
    alias: Option<SqliteRow>,
    what: impl FnOnce() -> String,
) -> Result<(), StoreError> {
    let Some(row) = alias else { return Ok(()) };
    let alias: AliasName = Stored(&row).parsed("alias")?;
    Err(StoreError::Pointed { what: what(), alias: format!("{model}@{alias}") })
}
