//! Aliases.

use std::fmt;

use millwright_domain::{AliasEntry, AliasMove, AliasName, Digest, ModelName, Version};
use serde::Serialize;

use super::{table, time};
use crate::output::Answer;

/// Where an alias points.
#[derive(Serialize)]
pub(crate) struct AliasView {
    alias: AliasName,
    version: Version,
    digest: Digest,
    updated_at: String,
}

impl From<AliasEntry> for AliasView {
    fn from(entry: AliasEntry) -> Self {
        Self {
            alias: entry.name,
            version: entry.version,
            digest: entry.artifact.digest,
            updated_at: time(entry.updated_at),
        }
    }
}

impl fmt::Display for AliasView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.alias, self.version)
    }
}

/// A move of an alias, and whether the predictor follows already.
#[derive(Serialize)]
pub(crate) struct PromotionView {
    pub(crate) model: ModelName,
    #[serde(flatten)]
    pub(crate) alias: AliasView,
    pub(crate) revision: u64,
    pub(crate) serving: bool,
    /// Why it does not yet.
    pub(crate) problem: Option<String>,
}

impl Answer for PromotionView {
    fn table(&self) -> String {
        let Self { model, alias: AliasView { alias, version, .. }, problem, .. } = self;
        let moved = format!("{model}@{alias} is version {version}");
        match problem {
            None => format!("{moved}: the predictor serves it"),
            Some(problem) => format!("{moved}, but not served yet: {problem}"),
        }
    }
}

/// Every move of every alias of a model.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct HistoryView(Vec<MoveView>);

#[derive(Serialize)]
struct MoveView {
    revision: u64,
    alias: AliasName,
    from_version: Option<Version>,
    /// None: it was deleted.
    to_version: Option<Version>,
    moved_at: String,
    moved_by: String,
}

impl From<Vec<AliasMove>> for HistoryView {
    fn from(moves: Vec<AliasMove>) -> Self {
        let view = |step: AliasMove| MoveView {
            revision: step.revision,
            alias: step.alias,
            from_version: step.from,
            to_version: step.to,
            moved_at: time(step.at),
            moved_by: step.by.to_string(),
        };
        Self(moves.into_iter().map(view).collect())
    }
}

impl Answer for HistoryView {
    fn table(&self) -> String {
        let row = |step: &MoveView| {
            [
                step.alias.to_string(),
                or_dash(step.from_version),
                or_dash(step.to_version),
                step.moved_at.clone(),
                step.moved_by.clone(),
            ]
        };
        table(["ALIAS", "FROM", "TO", "MOVED", "BY"], self.0.iter().map(row).collect())
    }
}

fn or_dash(version: Option<Version>) -> String {
    version.map_or("-".to_owned(), |version| version.to_string())
}
