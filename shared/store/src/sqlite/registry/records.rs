//! From rows to nouns.

use millwright_domain::{
    AliasEntry, AliasMove, AliasName, Artifact, Digest, Model, ModelVersion, Tags, Version,
};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;

use crate::{
    StoreError,
    sqlite::stored::{Stored, damaged, moment},
};

/// What an event says beside its model.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Payload {
    ArtifactStored(Artifact),
    ArtifactDropped {
        digest: Digest,
    },
    VersionCreated {
        version: Version,
    },
    VersionDeleted {
        version: Version,
    },
    ModelDeleted,
    /// To nowhere where the alias was deleted.
    AliasMoved {
        alias: AliasName,
        from: Option<Version>,
        to: Option<Version>,
    },
    /// Of the model itself without a version.
    TagsChanged {
        version: Option<Version>,
        tags: Tags,
    },
}

/// An alias as `model_records` writes it.
#[derive(Deserialize)]
struct AliasRecord {
    name: AliasName,
    version: Version,
    #[serde(flatten)]
    artifact: Artifact,
    at: u64,
}

impl From<AliasRecord> for AliasEntry {
    fn from(record: AliasRecord) -> Self {
        let AliasRecord { name, version, artifact, at } = record;
        Self { name, version, artifact, updated_at: moment(at) }
    }
}

pub(super) fn model(row: &SqliteRow) -> Result<Model, StoreError> {
    let row = Stored(row);
    let aliases = row.json::<Vec<AliasRecord>>("aliases")?;
    let mut aliases: Vec<_> = aliases.into_iter().map(AliasEntry::from).collect();
    aliases.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(Model {
        name: row.parsed("name")?,
        aliases,
        latest: row.version("latest")?,
        tags: row.json("tags")?,
        created_at: row.time("created_at")?,
    })
}

pub(super) fn version(row: &SqliteRow) -> Result<ModelVersion, StoreError> {
    let row = Stored(row);
    Ok(ModelVersion {
        model: row.parsed("model")?,
        version: row.version("version")?,
        artifact: row.artifact()?,
        signature: row.json("signature")?,
        classes: row.json("classes")?,
        evaluation: row.json("evaluation")?,
        lineage: row.json("lineage")?,
        tags: row.json("tags")?,
        created_at: row.time("at")?,
        created_by: row.principal("principal")?,
    })
}

pub(super) fn alias_move(row: &SqliteRow) -> Result<AliasMove, StoreError> {
    let row = Stored(row);
    let Payload::AliasMoved { alias, from, to } = row.json("payload")? else {
        return Err(damaged());
    };
    Ok(AliasMove {
        revision: row.number("revision")?,
        alias,
        from,
        to,
        at: row.time("at")?,
        by: row.principal("principal")?,
    })
}
