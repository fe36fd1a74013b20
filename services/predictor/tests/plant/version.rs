//! What a registry says of a version.

use std::time::SystemTime;

use millwright_domain::{
    Digest, Evaluation, InputSpec, JobId, Lineage, LogisticSpec, ModelSignature, ModelVersion,
    PipelineSpec, Principal, Split, StopReason, Tags, TrainingSpec, TrainingSummary, Version,
};
use millwright_proto::registry::{Artifact, ModelVersion as VersionWire};
use millwright_wire::{FromWire, ToWire};

/// A version that is like every other but for its name, its number and its bytes.
pub(crate) fn version(model: &str, number: u64, artifact: &Artifact) -> VersionWire {
    let artifact = millwright_domain::Artifact::from_wire(artifact.clone());
    let version = ModelVersion {
        model: model.parse().expect("a name"),
        version: Version::new(number).expect("above 0"),
        artifact: artifact.expect("an artifact"),
        signature: ModelSignature { inputs: vec![], outputs: vec![] },
        classes: vec![],
        evaluation: Evaluation {
            n_test: 0,
            accuracy: 0.0,
            macro_f1: 0.0,
            log_loss: 0.0,
            confusion: vec![],
        },
        lineage: lineage(),
        tags: Tags::new(),
        created_at: SystemTime::UNIX_EPOCH,
        created_by: Principal::from("plant".to_owned()),
    };
    version.to_wire()
}

fn lineage() -> Lineage {
    Lineage {
        dataset: Digest::of(b"data"),
        spec: TrainingSpec {
            pipeline: PipelineSpec {
                target: "fault".to_owned(),
                input: InputSpec::words("note"),
                reduction: None,
                logistic: LogisticSpec::default(),
            },
            split: Split::Fraction(0.2),
            validation: None,
            table: None,
            seed: 0,
        },
        job: "job".parse::<JobId>().expect("an id"),
        library: String::new(),
        summary: TrainingSummary {
            n_train: 1,
            n_test: 0,
            n_without_target: 0,
            n_validation: 0,
            n_features: 1,
            reduction: None,
            iterations: 1,
            converged: true,
            stopped: StopReason::Tolerance,
            loss: 0.0,
            constant_columns: vec![],
            imputed_cells: 0,
            curve: vec![],
        },
    }
}
