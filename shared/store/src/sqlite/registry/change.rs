//! Changes to the registry, each within the transaction of its caller.
//!
//! Each answers the revision that made it so: a new one, or that of the first time.

use std::time::SystemTime;

use millwright_domain::{
    AliasName, Artifact, Expected, ModelName, NewVersion, Principal, SetAlias, Version,
};
use sqlx::{SqliteConnection, query, sqlite::SqliteRow};

use super::{records::Payload, sql, version_row};
use crate::{
    Change, StoreError,
    sqlite::{
        KEY_TAKEN,
        stored::{Stored, damaged, integer, json, micros},
    },
};

/// A change in the making.
pub(super) struct Writing<'c> {
    pub(super) to: &'c mut SqliteConnection,
    who: &'c Principal,
    /// When, in microseconds: the same for all that it writes.
    at: i64,
}

impl<'c> Writing<'c> {
    pub(super) fn new(to: &'c mut SqliteConnection, who: &'c Principal) -> Self {
        Self { to, who, at: micros(SystemTime::now()) }
    }

    pub(super) async fn make(self, change: Change) -> Result<u64, StoreError> {
        match change {
            Change::StoreArtifact(new) => self.store_artifact(new).await,
            Change::DropArtifact { digest, unneeded_since } => {
                self.drop_artifact(digest, unneeded_since).await
            }
            Change::CreateVersion(new) => self.create_version(*new).await,
            Change::DeleteVersion { model, version } => self.delete_version(model, version).await,
            Change::DeleteModel(name) => self.delete_model(name).await,
            Change::SetAlias(new) => self.set_alias(new).await,
            Change::DeleteAlias(gone) => self.delete_alias(gone).await,
            Change::SetTags(new) => self.set_tags(new).await,
        }
    }

    async fn store_artifact(mut self, new: Artifact) -> Result<u64, StoreError> {
        if let Some(revision) = self.stored_before(&new).await? {
            return Ok(revision);
        }
        let revision = self.record(None, &Payload::ArtifactStored(new.clone())).await?;
        query(sql::STORE_ARTIFACT)
            .bind(new.digest.to_string())
            .bind(integer(new.size_bytes))
            .bind(new.media_type)
            .bind(integer(revision))
            .execute(self.to)
            .await?;
        Ok(revision)
    }

    /// The revision that stored this artifact, if it is there; then it is kept a while longer.
    async fn stored_before(&mut self, new: &Artifact) -> Result<Option<u64>, StoreError> {
        let digest = new.digest.to_string();
        let row = query(sql::ARTIFACT).bind(&digest).fetch_optional(&mut *self.to).await?;
        let Some(row) = row else { return Ok(None) };
        let first = Stored(&row);
        if first.number_if_set("dropped")?.is_some() {
            return Ok(None);
        }
        if first.text("media_type")? != new.media_type {
            let taken = "the artifact was stored with another media type before: use that one";
            return Err(StoreError::AlreadyExists(taken));
        }
        query(sql::STILL_WANTED).bind(digest).bind(self.at).execute(&mut *self.to).await?;
        first.number("revision").map(Some)
    }

    async fn create_version(mut self, new: NewVersion) -> Result<u64, StoreError> {
        if let Some(revision) = self.created_before(&new).await? {
            return Ok(revision);
        }
        self.require_artifact(&new).await?;
        let version = self.next_number(&new.model).await?;
        let revision = self.record(Some(&new.model), &Payload::VersionCreated { version }).await?;
        query(sql::CREATE_VERSION)
            .bind(new.model.as_str())
            .bind(integer(version.get()))
            .bind(&new.idempotency_key)
            .bind(new.artifact.to_string())
            .bind(json(&new.signature))
            .bind(json(&new.classes))
            .bind(json(&new.evaluation))
            .bind(json(&new.lineage))
            .bind(integer(revision))
            .execute(self.to)
            .await?;
        Ok(revision)
    }

    /// Takes the next number of a model, which begins with its first.
    async fn next_number(&mut self, model: &ModelName) -> Result<Version, StoreError> {
        let row = query(sql::NEXT_NUMBER)
            .bind(model.as_str())
            .bind(self.at)
            .fetch_one(&mut *self.to)
            .await?;
        Stored(&row).version("latest")
    }

    /// The revision that created the version of this key, if there is one.
    async fn created_before(&mut self, new: &NewVersion) -> Result<Option<u64>, StoreError> {
        let row = query(sql::VERSION_OF_KEY).bind(&new.idempotency_key);
        let Some(row) = row.fetch_optional(&mut *self.to).await? else { return Ok(None) };
        let first = Stored(&row);
        // The artifact holds the rest: its manifest says signature, classes, scores and recipe.
        if first.text("model")? != new.model.as_str()
            || first.text("artifact")? != new.artifact.to_string()
        {
            return Err(KEY_TAKEN);
        }
        if first.number_if_set("deleted")?.is_some() {
            let deleted = "the version of this idempotency key was deleted: choose another key";
            return Err(StoreError::AlreadyExists(deleted));
        }
        first.number("revision").map(Some)
    }

    async fn require_artifact(&mut self, new: &NewVersion) -> Result<(), StoreError> {
        let row = query(sql::ARTIFACT).bind(new.artifact.to_string());
        let row = row.fetch_optional(&mut *self.to).await?;
        let dropped = row.map(|row| Stored(&row).number_if_set("dropped")).transpose()?;
        match dropped {
            Some(None) => Ok(()),
            _ => {
                let missing = "the artifact is not in the registry: upload it first";
                Err(StoreError::Precondition(missing))
            }
        }
    }

    async fn set_alias(mut self, new: SetAlias) -> Result<u64, StoreError> {
        self.require_version(&new.model, new.version).await?;
        let now = self.points_to(&new.model, &new.alias).await?;
        let from = now.map(|(version, _)| version);
        check((&new.model, &new.alias), new.expected, from)?;
        if let Some((version, revision)) = now
            && version == new.version
        {
            return Ok(revision);
        }
        let moved = Payload::AliasMoved { alias: new.alias.clone(), from, to: Some(new.version) };
        let revision = self.record(Some(&new.model), &moved).await?;
        query(sql::SET_ALIAS)
            .bind(new.model.as_str())
            .bind(new.alias.as_str())
            .bind(integer(new.version.get()))
            .bind(integer(revision))
            .execute(self.to)
            .await?;
        Ok(revision)
    }

    /// Where the alias points now, and the revision that put it there.
    pub(super) async fn points_to(
        &mut self,
        model: &ModelName,
        alias: &AliasName,
    ) -> Result<Option<(Version, u64)>, StoreError> {
        let row = query(sql::ALIAS).bind(model.as_str()).bind(alias.as_str());
        let Some(row) = row.fetch_optional(&mut *self.to).await? else { return Ok(None) };
        Ok(Some((Stored(&row).version("version")?, Stored(&row).number("revision")?)))
    }

    pub(super) async fn require_version(
        &mut self,
        model: &ModelName,
        version: Version,
    ) -> Result<SqliteRow, StoreError> {
        version_row(self.to, model, version).await
    }

    /// Appends the event of this change; its revision.
    pub(super) async fn record(
        &mut self,
        model: Option<&ModelName>,
        payload: &Payload,
    ) -> Result<u64, StoreError> {
        let recorded = query(sql::RECORD)
            .bind(self.at)
            .bind(self.who.as_str())
            .bind(model.map(ModelName::as_str))
            .bind(json(payload))
            .execute(&mut *self.to)
            .await?;
        u64::try_from(recorded.last_insert_rowid()).map_err(|_| damaged())
    }
}

/// The compare of compare-and-set; `now` is where the alias points.
pub(super) fn check(
    (model, alias): (&ModelName, &AliasName),
    expected: Expected,
    now: Option<Version>,
) -> Result<(), StoreError> {
    if expected.is_met(now) {
        return Ok(());
    }
    let name = format!("{model}@{alias}");
    let found = now.map_or("nothing".to_owned(), |version| format!("version {version}"));
    Err(StoreError::Conflict { name, found })
}
