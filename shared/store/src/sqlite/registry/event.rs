//! Events, with what they point to.

use millwright_domain::{AliasEntry, ModelName, ModelVersion, Tags, Version};
use sqlx::{SqliteConnection, query, sqlite::SqliteRow};

use super::{
    records::{self, Payload},
    sql,
};
use crate::{
    Committed, Fact, StoreError,
    sqlite::stored::{Stored, damaged, integer},
};

pub(super) async fn revision(state: &mut SqliteConnection) -> Result<u64, StoreError> {
    let row = query(sql::REVISION).fetch_one(state).await?;
    Ok(Stored(&row).number_if_set("revision")?.unwrap_or(0))
}

pub(super) async fn event(
    state: &mut SqliteConnection,
    revision: u64,
) -> Result<Committed, StoreError> {
    let row = query(sql::EVENT).bind(integer(revision)).fetch_one(&mut *state).await?;
    committed(state, &row).await
}

/// An event as it was: what it points to is never changed, even where it was deleted.
pub(super) async fn committed(
    state: &mut SqliteConnection,
    row: &SqliteRow,
) -> Result<Committed, StoreError> {
    let event = Stored(row);
    Ok(Committed {
        revision: event.number("revision")?,
        at: event.time("at")?,
        by: event.principal("principal")?,
        fact: fact(state, &event).await?,
    })
}

async fn fact(state: &mut SqliteConnection, event: &Stored<'_>) -> Result<Fact, StoreError> {
    let payload = event.json("payload")?;
    let model = || event.parsed::<ModelName>("model");
    Ok(match payload {
        Payload::ArtifactStored(artifact) => Fact::ArtifactStored(artifact),
        Payload::ArtifactDropped { digest } => Fact::ArtifactDropped(digest),
        Payload::VersionCreated { version } => {
            let created = ever(state, &model()?, version).await?;
            Fact::VersionCreated(Box::new(ModelVersion { tags: Tags::new(), ..created }))
        }
        Payload::VersionDeleted { version } => Fact::VersionDeleted { model: model()?, version },
        Payload::ModelDeleted => Fact::ModelDeleted(model()?),
        Payload::AliasMoved { alias, to: None, .. } => {
            Fact::AliasDeleted { model: model()?, alias }
        }
        Payload::AliasMoved { alias, to: Some(version), .. } => {
            let model = model()?;
            let artifact = ever(state, &model, version).await?.artifact;
            let updated_at = event.time("at")?;
            Fact::AliasMoved {
                model,
                alias: AliasEntry { name: alias, version, artifact, updated_at },
            }
        }
        Payload::TagsChanged { version, tags } => {
            Fact::TagsChanged { model: model()?, version, tags }
        }
    })
}

/// A version, deleted or not.
async fn ever(
    state: &mut SqliteConnection,
    model: &ModelName,
    version: Version,
) -> Result<ModelVersion, StoreError> {
    let row = query(sql::VERSION_EVER)
        .bind(model.as_str())
        .bind(integer(version.get()))
        .fetch_optional(state)
        .await?;
    records::version(&row.ok_or_else(damaged)?)
}
