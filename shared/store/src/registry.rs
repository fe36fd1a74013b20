//! Models, versions, aliases and the events that made them.

use std::time::SystemTime;

use async_trait::async_trait;
use futures::stream::BoxStream;
use millwright_domain::{
    AliasEntry, AliasMove, AliasName, Artifact, DeleteAlias, Digest, Model, ModelName, ModelRef,
    ModelVersion, NewVersion, Page, PageSize, Principal, SetAlias, SetTags, Tags, Version,
};

use crate::StoreError;

/// Where models are recorded.
///
/// Law: every change makes one event, and its rows, its revision and its event are there together
/// or not at all. The laws of every implementation are in `tests/laws/registry`.
#[async_trait]
pub trait RegistryStore: Send + Sync {
    /// The one mutation. A change that was made before (the same artifact, the same idempotency
    /// key, an alias that points there already, tags that are so) records nothing and answers as
    /// the first time.
    ///
    /// # Errors
    /// What [`Change`] says of each; [`StoreError::Busy`], [`StoreError::Full`] or
    /// [`StoreError::Database`], after which nothing was changed.
    async fn commit(&self, who: &Principal, change: Change) -> Result<Committed, StoreError>;

    /// All models, by name, a part at a time, and the revision at which they were so.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where too many are being read; [`StoreError::Database`] or
    /// [`StoreError::Damaged`], as for every read.
    async fn snapshot(&self) -> Result<Snapshot, StoreError>;

    /// Revision of the last change; 0 before the first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    async fn revision(&self) -> Result<u64, StoreError>;

    /// How much is kept now.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn totals(&self) -> Result<RegistryTotals, StoreError>;

    /// The first `limit` changes after `revision`, oldest first. Each says what it made at its
    /// time, even where that was deleted since; a version that was created has no tags yet.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn events_after(&self, revision: u64, limit: u32) -> Result<Vec<Committed>, StoreError>;

    /// One artifact whose bytes are kept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] names it.
    async fn artifact(&self, digest: &Digest) -> Result<Artifact, StoreError>;

    /// The artifacts that no version has needed since before `before`, longest first, `limit` at
    /// most: they may be dropped.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn unneeded(&self, before: SystemTime, limit: u32) -> Result<Vec<Digest>, StoreError>;

    /// One model with its aliases.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] names it.
    async fn model(&self, name: &ModelName) -> Result<Model, StoreError>;

    /// The models after `after` that have all of these tags, by name.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`].
    async fn models(
        &self,
        tags: &Tags,
        after: Option<&ModelName>,
        size: PageSize,
    ) -> Result<Page<Model, ModelName>, StoreError>;

    /// The versions of a model below `before`, newest first; fewer than asked for where they are
    /// large.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] names the model.
    async fn versions(
        &self,
        name: &ModelName,
        before: Option<Version>,
        size: PageSize,
    ) -> Result<Page<ModelVersion, Version>, StoreError>;

    /// One version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] names the model, the version or the alias that is missing.
    async fn version(&self, reference: &ModelRef) -> Result<ModelVersion, StoreError>;

    /// The moves of the aliases of a model below revision `before`, newest first. A model that was
    /// deleted and came again has those of its former life too.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] names the model.
    async fn alias_history(
        &self,
        name: &ModelName,
        before: Option<u64>,
        size: PageSize,
    ) -> Result<Page<AliasMove, u64>, StoreError>;
}

/// How much a registry keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegistryTotals {
    /// Models that are not deleted.
    pub models: u64,
    /// Versions that are not deleted.
    pub versions: u64,
    /// Artifacts that are not dropped.
    pub artifacts: u64,
    /// Their bytes.
    pub artifact_bytes: u64,
    /// Revision of the last change to a model, which an artifact alone is not; 0 before the first.
    pub told: u64,
}

/// A change that somebody asks for. What is named and does not exist is [`StoreError::NotFound`].
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Records an artifact whose bytes are durable. [`StoreError::AlreadyExists`] if it was
    /// recorded with another media type.
    StoreArtifact(Artifact),
    /// Gives up an artifact before its bytes are removed. [`StoreError::Precondition`] if a version
    /// needs it, or it was stored or needed after `unneeded_since`.
    DropArtifact {
        /// The artifact.
        digest: Digest,
        /// Who stores it later gets to register it.
        unneeded_since: SystemTime,
    },
    /// Adds the next version of a model. [`StoreError::Precondition`] if its artifact was not
    /// stored before; [`StoreError::AlreadyExists`] if its key was used for another model or
    /// artifact, or for a version that was deleted.
    CreateVersion(Box<NewVersion>),
    /// Deletes a version; its number and its key are not given again. [`StoreError::Pointed`]
    /// names an alias that points to it.
    DeleteVersion {
        /// The model.
        model: ModelName,
        /// Its number.
        version: Version,
    },
    /// Deletes a model with all its versions; the next of its name goes on with the next number.
    /// [`StoreError::Pointed`] names an alias that it has.
    DeleteModel(ModelName),
    /// Points an alias at a version. [`StoreError::Conflict`] if it does not point where it was
    /// expected to.
    SetAlias(SetAlias),
    /// Deletes an alias. [`StoreError::Conflict`] if it does not point where it was expected to.
    DeleteAlias(DeleteAlias),
    /// Sets and removes tags. [`StoreError::Precondition`] if they would be too many.
    SetTags(SetTags),
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// Rises with every change.
    pub revision: u64,
    /// When.
    pub at: SystemTime,
    /// Who asked for it.
    pub by: Principal,
    /// What has been so since.
    pub fact: Fact,
}

/// What a change made.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// An artifact can be registered.
    ArtifactStored(Artifact),
    /// An artifact's bytes are to be removed.
    ArtifactDropped(Digest),
    /// A version exists.
    VersionCreated(Box<ModelVersion>),
    /// A version is gone.
    VersionDeleted {
        /// The model.
        model: ModelName,
        /// Its number.
        version: Version,
    },
    /// A model is gone.
    ModelDeleted(ModelName),
    /// An alias points elsewhere.
    AliasMoved {
        /// The model.
        model: ModelName,
        /// Where it points since.
        alias: AliasEntry,
    },
    /// An alias is gone.
    AliasDeleted {
        /// The model.
        model: ModelName,
        /// The alias.
        alias: AliasName,
    },
    /// Tags are others.
    TagsChanged {
        /// The model.
        model: ModelName,
        /// The version; `None`: the model itself.
        version: Option<Version>,
        /// All of them.
        tags: Tags,
    },
}

/// All models at one revision.
pub struct Snapshot {
    /// The last change that is in it.
    pub revision: u64,
    /// By name; a part is read when it is asked for. An unread rest holds up what the store would
    /// clear away: take it swiftly or drop it.
    pub parts: BoxStream<'static, Result<Vec<Model>, StoreError>>,
}
