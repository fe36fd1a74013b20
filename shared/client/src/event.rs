//! What a watch of the registry tells.

use millwright_domain::{AliasEntry, AliasName, Model, ModelName, ModelVersion, Tags, Version};
use millwright_proto::registry::{WatchModelsResponse, watch_models_response::Event};
use millwright_wire::{FromWire, WireError, parse, repeated, required, tags, version};

/// What a watch tells, and when it was true.
#[derive(Clone, Debug, PartialEq)]
pub struct Revised {
    /// The registry's revision: watch again from here to miss nothing.
    pub revision: u64,
    /// What is told.
    pub event: ModelEvent,
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelEvent {
    /// Models as they were when the watch began.
    Snapshot {
        /// Some of them.
        models: Vec<Model>,
        /// Whether this was the last part.
        complete: bool,
    },
    /// A version was registered.
    VersionCreated(Box<ModelVersion>),
    /// An alias was moved.
    AliasMoved {
        /// The model.
        model: ModelName,
        /// Where it points now.
        alias: AliasEntry,
    },
    /// An alias was deleted.
    AliasDeleted {
        /// The model.
        model: ModelName,
        /// The alias.
        alias: AliasName,
    },
    /// A version was deleted.
    VersionDeleted {
        /// The model.
        model: ModelName,
        /// Its number.
        version: Version,
    },
    /// A model was deleted, with all its versions.
    ModelDeleted {
        /// Its name.
        model: ModelName,
    },
    /// Tags were set or removed.
    TagsChanged {
        /// The model.
        model: ModelName,
        /// The version; `None`: the model itself.
        version: Option<Version>,
        /// All tags as they are since.
        tags: Tags,
    },
}

impl FromWire for Revised {
    type Wire = WatchModelsResponse;

    fn from_wire(wire: WatchModelsResponse) -> Result<Self, WireError> {
        let event = wire.event.ok_or_else(|| WireError::new("event", "must be set"))?;
        Ok(Self { revision: wire.revision, event: ModelEvent::from_wire(event)? })
    }
}

impl FromWire for ModelEvent {
    type Wire = Event;

    fn from_wire(wire: Event) -> Result<Self, WireError> {
        Ok(match wire {
            Event::Snapshot(part) => Self::Snapshot {
                models: repeated("snapshot.models", part.models)?,
                complete: part.complete,
            },
            Event::VersionCreated(version) => {
                Self::VersionCreated(Box::new(FromWire::from_wire(version)?))
            }
            Event::AliasMoved(moved) => Self::AliasMoved {
                model: parse("alias_moved.model", &moved.model)?,
                alias: required("alias_moved.alias", moved.alias)?,
            },
            Event::AliasDeleted(deleted) => Self::AliasDeleted {
                model: parse("alias_deleted.model", &deleted.model)?,
                alias: parse("alias_deleted.alias", &deleted.alias)?,
            },
            Event::VersionDeleted(deleted) => Self::VersionDeleted {
                model: parse("version_deleted.model", &deleted.model)?,
                version: version("version_deleted.version", deleted.version)?,
            },
            Event::ModelDeleted(deleted) => {
                Self::ModelDeleted { model: parse("model_deleted.model", &deleted.model)? }
            }
            Event::TagsChanged(changed) => Self::TagsChanged {
                model: parse("tags_changed.model", &changed.model)?,
                version: Version::new(changed.version),
                tags: tags("tags_changed.tags", changed.tags)?,
            },
        })
    }
}
