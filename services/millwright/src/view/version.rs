//! Versions of models.

use millwright_domain::{Digest, Evaluation, Lineage, ModelSignature, ModelVersion, Tags, Version};
use serde::Serialize;

use super::{
    ServedView, confusion_table, fields, number, score, score::ScoreView, table, tags, time,
    training,
};
use crate::{output::Answer, recipe::recipe_line};

/// One version, with all that is known of it.
#[derive(Serialize)]
pub(crate) struct VersionView {
    model: String,
    version: Version,
    digest: Digest,
    size_bytes: u64,
    media_type: String,
    classes: Vec<String>,
    #[serde(flatten)]
    scores: ScoreView,
    #[serde(skip)]
    evaluation: Evaluation,
    lineage: Lineage,
    signature: ModelSignature,
    tags: Tags,
    created_at: String,
    created_by: String,
    /// What the predictor says of the aliases that point to it; absent where nobody asked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    served: Option<Vec<ServedView>>,
}

impl From<ModelVersion> for VersionView {
    fn from(version: ModelVersion) -> Self {
        Self {
            model: version.model.to_string(),
            version: version.version,
            digest: version.artifact.digest,
            size_bytes: version.artifact.size_bytes,
            media_type: version.artifact.media_type,
            scores: ScoreView::new(&version.evaluation, version.classes.len()),
            classes: version.classes,
            evaluation: version.evaluation,
            lineage: version.lineage,
            signature: version.signature,
            tags: version.tags,
            created_at: time(version.created_at),
            created_by: version.created_by.to_string(),
            served: None,
        }
    }
}

impl VersionView {
    /// The same, with what the predictor says of its model's aliases.
    pub(crate) fn served(self, served: Option<Vec<ServedView>>) -> Self {
        let version = self.version.get();
        let ours =
            |all: Vec<ServedView>| all.into_iter().filter(|one| one.is_of(version)).collect();
        Self { served: served.map(ours), ..self }
    }

    /// `press.defect@3`.
    pub(super) fn reference(&self) -> String {
        format!("{}@{}", self.model, self.version)
    }

    /// Its line in a table of versions.
    fn row(&self) -> [String; 6] {
        let Evaluation { accuracy, macro_f1, log_loss, .. } = self.evaluation;
        [
            self.version.to_string(),
            score(accuracy),
            score(macro_f1),
            score(log_loss),
            self.created_at.clone(),
            tags::listed(&self.tags),
        ]
    }
}

/// A table of versions.
pub(super) fn versions_table<'a>(versions: impl Iterator<Item = &'a VersionView>) -> String {
    let header = ["VERSION", "ACCURACY", "MACRO F1", "LOG LOSS", "REGISTERED", "TAGS"];
    table(header, versions.map(VersionView::row).collect())
}

impl Answer for VersionView {
    fn table(&self) -> String {
        let Lineage { dataset, job, library, summary, .. } = &self.lineage;
        let mut head = vec![
            ("version", self.reference()),
            ("digest", self.digest.to_string()),
            ("bytes", number(self.size_bytes)),
            ("tags", tags::listed(&self.tags)),
            ("classes", self.classes.join(", ")),
            ("registered", format!("{} by {}", self.created_at, self.created_by)),
            ("data set", dataset.to_string()),
            ("job", job.to_string()),
            ("made by", library.clone()),
            ("recipe", recipe_line(&self.lineage.spec)),
            ("features", training::features(summary)),
            ("trained on", training::trained_on(summary)),
            ("training", training::stopped(summary)),
        ];
        head.extend(training::curves(&summary.curve));
        head.extend([
            ("tested on", format!("{} rows", number(self.evaluation.n_test))),
            ("accuracy", score(self.evaluation.accuracy)),
            ("macro F1", score(self.evaluation.macro_f1)),
            ("log loss", score(self.evaluation.log_loss)),
        ]);
        head.extend(self.served.iter().flatten().map(|alias| ("served", alias.to_string())));
        let head = fields(head);
        let confusion = confusion_table(&self.classes, &self.evaluation);
        confusion.map_or(head.clone(), |matrix| format!("{head}\n\n{matrix}"))
    }
}

/// Versions of a model.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct VersionsView(Vec<VersionView>);

impl From<Vec<ModelVersion>> for VersionsView {
    fn from(versions: Vec<ModelVersion>) -> Self {
        Self(versions.into_iter().map(VersionView::from).collect())
    }
}

impl Answer for VersionsView {
    fn table(&self) -> String {
        versions_table(self.0.iter())
    }
}
