//! The account that an artefact gives of itself.

use millwright_domain::{
    Digest, Evaluation, InputSpec, LIBRARY, LogisticSpec, ModelSignature, PipelineSpec, Split,
    StopReason, TrainingSpec, TrainingSummary,
};
use serde::{Deserialize, Serialize};

use crate::hidden::Hidden;

/// The format that a linear model is written in; older ones are read too.
pub(crate) const FORMAT: u32 = 3;
/// That of a model with hidden layers, which older software must not take for a linear one.
pub(crate) const HIDDEN_FORMAT: u32 = 4;

/// What an artefact says of itself, as JSON. Nothing in it differs between two runs of the same
/// work: no job, time, host or number of threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the artefact's layout.
    pub format: u32,
    /// The software that made it.
    pub library: String,
    /// The data that it was trained on.
    pub dataset: Digest,
    /// The recipe; its input names every column that the model sees.
    pub spec: TrainingSpec,
    /// What the model takes and gives.
    pub signature: ModelSignature,
    /// Labels, in the order of the probabilities.
    pub classes: Vec<String>,
    /// Scores on the held-out rows.
    pub evaluation: Evaluation,
    /// What the training met.
    pub summary: TrainingSummary,
}

impl Manifest {
    /// The account of a model that was not trained here and begins with `input`.
    pub(crate) fn untrained(
        input: InputSpec,
        signature: ModelSignature,
        classes: Vec<String>,
        hidden: &Hidden,
    ) -> Self {
        let pipeline = PipelineSpec {
            target: "label".to_owned(),
            input,
            reduction: None,
            logistic: LogisticSpec::default(),
        };
        Self {
            format: format_of(hidden),
            library: LIBRARY.to_owned(),
            dataset: Digest::of(&[]),
            spec: TrainingSpec {
                pipeline,
                split: Split::Fraction(0.2),
                validation: None,
                table: None,
                seed: 0,
            },
            evaluation: no_rows(),
            signature,
            classes,
            summary: no_training(),
        }
    }
}

/// The format that a model with these layers is written in.
pub(crate) fn format_of(hidden: &Hidden) -> u32 {
    if hidden.is_empty() { FORMAT } else { HIDDEN_FORMAT }
}

fn no_rows() -> Evaluation {
    Evaluation { n_test: 0, accuracy: 0.0, macro_f1: 0.0, log_loss: 0.0, confusion: vec![] }
}

fn no_training() -> TrainingSummary {
    TrainingSummary {
        n_train: 0,
        n_test: 0,
        n_without_target: 0,
        n_validation: 0,
        n_features: 0,
        reduction: None,
        iterations: 0,
        converged: false,
        stopped: StopReason::default(),
        loss: 0.0,
        constant_columns: vec![],
        imputed_cells: 0,
        curve: vec![],
    }
}
