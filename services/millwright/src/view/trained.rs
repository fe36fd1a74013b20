//! What a training run has brought.

use millwright_domain::{CurvePoint, Digest, Evaluation, ModelVersion, TrainingSummary, Version};
use serde::Serialize;

use super::{PromotionView, confusion_table, fields, number, score, score::ScoreView, training};
use crate::output::Answer;

/// A version that was just trained.
#[derive(Serialize)]
pub(crate) struct TrainedView {
    model: String,
    version: Version,
    digest: Digest,
    job: String,
    dataset: Digest,
    #[serde(flatten)]
    scores: ScoreView,
    #[serde(skip)]
    evaluation: Evaluation,
    classes: Vec<String>,
    /// Its `n_test` is the scores'.
    #[serde(flatten)]
    summary: Learned,
    #[serde(skip)]
    met: TrainingSummary,
    seconds: f64,
    /// Where the version was promoted to, if it was.
    promotion: Option<PromotionView>,
}

/// What the training met, as other programs take it.
#[derive(Serialize)]
struct Learned {
    n_train: u64,
    n_validation: u64,
    n_without_target: u64,
    n_features: u64,
    n_components: Option<u32>,
    explained_variance: Option<f64>,
    imputed_cells: u64,
    constant_columns: Vec<String>,
    iterations: u32,
    converged: bool,
    stopped: millwright_domain::StopReason,
    loss: f64,
    curve: Vec<CurvePoint>,
}

impl From<&TrainingSummary> for Learned {
    fn from(summary: &TrainingSummary) -> Self {
        Self {
            n_train: summary.n_train,
            n_validation: summary.n_validation,
            n_without_target: summary.n_without_target,
            n_features: summary.n_features,
            n_components: summary.reduction.map(|reduction| reduction.n_components),
            explained_variance: summary.reduction.map(|reduction| reduction.explained_variance),
            imputed_cells: summary.imputed_cells,
            constant_columns: summary.constant_columns.clone(),
            iterations: summary.iterations,
            converged: summary.converged,
            stopped: summary.stopped,
            loss: summary.loss,
            curve: summary.curve.clone(),
        }
    }
}

impl TrainedView {
    /// `version` was trained in `seconds`.
    pub(crate) fn new(version: ModelVersion, seconds: f64) -> Self {
        let ModelVersion { model, version, artifact, classes, evaluation, lineage, .. } = version;
        Self {
            model: model.to_string(),
            version,
            digest: artifact.digest,
            job: lineage.job.to_string(),
            dataset: lineage.dataset,
            scores: ScoreView::new(&evaluation, classes.len()),
            evaluation,
            classes,
            summary: Learned::from(&lineage.summary),
            met: lineage.summary,
            seconds,
            promotion: None,
        }
    }

    /// The same, promoted.
    pub(crate) fn promoted(self, promotion: PromotionView) -> Self {
        Self { promotion: Some(promotion), ..self }
    }
}

impl Answer for TrainedView {
    fn table(&self) -> String {
        let mut head = vec![
            ("version", format!("{}@{}", self.model, self.version)),
            ("digest", self.digest.to_string()),
            ("trained on", training::trained_on(&self.met)),
            ("features", training::features(&self.met)),
            ("training", format!("{}, {:.1} s", training::stopped(&self.met), self.seconds)),
        ];
        head.extend(training::curves(&self.met.curve));
        head.extend([
            ("tested on", format!("{} rows", number(self.evaluation.n_test))),
            ("accuracy", score(self.evaluation.accuracy)),
            ("macro F1", score(self.evaluation.macro_f1)),
            ("log loss", score(self.evaluation.log_loss)),
            ("classes", self.classes.join(", ")),
        ]);
        let mut text = fields(head);
        if let Some(confusion) = confusion_table(&self.classes, &self.evaluation) {
            text.push_str(&format!("\n\n{confusion}\n"));
        }
        if !self.met.constant_columns.is_empty() {
            let columns = self.met.constant_columns.join(", ");
            text.push_str(&format!("\nColumns with one value only, kept: {columns}"));
        }
        if let Some(promotion) = &self.promotion {
            text.push_str(&format!("\n{}", promotion.table()));
        }
        text
    }
}
