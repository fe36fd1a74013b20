//! What can be asked for: changes and work that do not exist yet.

use std::collections::BTreeSet;

use crate::{
    AliasName, Digest, Evaluation, Lineage, ModelName, ModelSignature, TagKey, Tags, TrainingSpec,
    Version,
};

/// A version to register.
#[derive(Clone, Debug, PartialEq)]
pub struct NewVersion {
    /// The line that it joins, which begins with its first version.
    pub model: ModelName,
    /// An artifact that was uploaded before.
    pub artifact: Digest,
    /// What it takes and gives.
    pub signature: ModelSignature,
    /// Labels, in the order of its probabilities.
    pub classes: Vec<String>,
    /// Its score on the held-out rows.
    pub evaluation: Evaluation,
    /// Where it comes from.
    pub lineage: Lineage,
    /// Unique among all versions: the same key gives the same version. A job's id.
    pub idempotency_key: String,
}

/// A move of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAlias {
    /// The model.
    pub model: ModelName,
    /// The alias.
    pub alias: AliasName,
    /// Where it shall point.
    pub version: Version,
    /// Where it must point now; otherwise nothing is changed.
    pub expected: Expected,
}

/// Where an alias must point before it is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anywhere, or nowhere.
    Any,
    /// Nowhere: it is new.
    Nowhere,
    /// At this version.
    At(Version),
}

impl Expected {
    /// Whether an alias that points to `now` is as expected.
    pub fn is_met(self, now: Option<Version>) -> bool {
        match self {
            Self::Any => true,
            Self::Nowhere => now.is_none(),
            Self::At(version) => now == Some(version),
        }
    }
}

/// A change of the tags of a model or of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetTags {
    /// The model.
    pub model: ModelName,
    /// The version; `None`: the model itself.
    pub version: Option<Version>,
    /// Tags that are to be so.
    pub set: Tags,
    /// Tags that are to go; one that is not there is no error.
    pub remove: BTreeSet<TagKey>,
}

/// A deletion of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteAlias {
    /// The model.
    pub model: ModelName,
    /// The alias.
    pub alias: AliasName,
    /// Where it must point now; otherwise nothing is changed.
    pub expected: Expected,
}

/// A job to queue.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// The line of models that its version joins.
    pub model: ModelName,
    /// The data.
    pub dataset: Digest,
    /// The recipe.
    pub spec: TrainingSpec,
    /// Unique among all jobs: the same key gives the same job. Without one, each is a new job.
    pub idempotency_key: Option<String>,
}
