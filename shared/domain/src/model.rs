//! Models, their versions and their aliases.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::{
    AliasName, Artifact, CurvePoint, Digest, JobId, ModelName, ModelSignature, Principal,
    StopReason, Tags, TrainingSpec, Version,
};

/// A named line of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: ModelName,
    /// Its aliases, by name.
    pub aliases: Vec<AliasEntry>,
    /// Its highest version number.
    pub latest: Version,
    /// What people noted of it.
    pub tags: Tags,
    /// When its first version was registered.
    pub created_at: SystemTime,
}

/// Where an alias points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasEntry {
    /// The alias.
    pub name: AliasName,
    /// The version.
    pub version: Version,
    /// The artifact of that version.
    pub artifact: Artifact,
    /// When it was last moved.
    pub updated_at: SystemTime,
}

/// One move of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasMove {
    /// Revision of the registry that it made.
    pub revision: u64,
    /// The alias.
    pub alias: AliasName,
    /// Where it pointed before; `None` where it was new.
    pub from: Option<Version>,
    /// Where it has pointed since; `None` where it was deleted.
    pub to: Option<Version>,
    /// When it was moved.
    pub at: SystemTime,
    /// Who moved it.
    pub by: Principal,
}

/// One version of a model. All but its tags never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelVersion {
    /// The line it belongs to.
    pub model: ModelName,
    /// Its number.
    pub version: Version,
    /// Its bytes.
    pub artifact: Artifact,
    /// What it takes and gives.
    pub signature: ModelSignature,
    /// Labels, in the order of its probabilities.
    pub classes: Vec<String>,
    /// Its score on the held-out rows.
    pub evaluation: Evaluation,
    /// Where it comes from.
    pub lineage: Lineage,
    /// What people noted of it.
    pub tags: Tags,
    /// When it was registered.
    pub created_at: SystemTime,
    /// Who registered it.
    pub created_by: Principal,
}

/// Scores on rows that the model was not fitted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Rows scored.
    pub n_test: u64,
    /// Share of rows whose most probable class is theirs.
    pub accuracy: f64,
    /// F1 of each class, averaged with equal weights.
    pub macro_f1: f64,
    /// Mean negative log probability of the true class, in nats.
    pub log_loss: f64,
    /// Row-major n × n counts for n classes: a row is the true class, a column the predicted one.
    /// Empty where no row was scored.
    pub confusion: Vec<u64>,
}

/// Where a version comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// The data set.
    pub dataset: Digest,
    /// The recipe, with its seed.
    pub spec: TrainingSpec,
    /// The job that made it.
    pub job: JobId,
    /// The software that made it: [`crate::LIBRARY`].
    pub library: String,
    /// What the training met.
    pub summary: TrainingSummary,
}

/// What a training run met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary {
    /// Rows that were fitted.
    pub n_train: u64,
    /// Rows that were held out.
    pub n_test: u64,
    /// Rows left out because their target was empty.
    pub n_without_target: u64,
    /// Training rows that were watched instead of fitted.
    #[serde(default)]
    pub n_validation: u64,
    /// Features before a reduction: columns of numbers, and terms.
    pub n_features: u64,
    /// What a reduction made of them.
    #[serde(default)]
    pub reduction: Option<ReductionSummary>,
    /// Iterations of the optimiser.
    pub iterations: u32,
    /// Whether the tolerance was reached.
    pub converged: bool,
    /// Why the iterations ended.
    #[serde(default)]
    pub stopped: StopReason,
    /// Objective at the end divided by `n_train`, in nats a row.
    pub loss: f64,
    /// Columns that hold one value only; they stay, with scale 1.
    pub constant_columns: Vec<String>,
    /// Missing cells of the training rows that took their column's median.
    pub imputed_cells: u64,
    /// How the loss fell, at most [`crate::MOST_CURVE_POINTS`] iterations of all.
    #[serde(default)]
    pub curve: Vec<CurvePoint>,
}

/// What a reduction made of the features.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReductionSummary {
    /// Components that were kept: inputs of the estimator.
    pub n_components: u32,
    /// Share of the features' variance that they hold.
    pub explained_variance: f64,
}
