//! Values for the laws.

use std::time::{Duration, SystemTime};

use millwright_domain::{
    Artifact, ColumnKind, CurvePoint, Dataset, DatasetColumn, Digest, Distinct, Evaluation,
    InputSpec, JobId, Lineage, LogisticSpec, ModelName, ModelSignature, NewJob, NewVersion,
    PipelineSpec, ReductionSummary, Split, StopReason, TableFormat, TableProfile, TrainingSpec,
    TrainingSummary,
};

pub(crate) fn name(text: &str) -> ModelName {
    text.parse().expect("a name of a model")
}

pub(crate) fn artifact(bytes: &str) -> Artifact {
    let digest = Digest::of(bytes.as_bytes());
    Artifact { digest, size_bytes: bytes.len() as u64, media_type: "text/plain".to_owned() }
}

pub(crate) fn spec(seed: u64) -> TrainingSpec {
    let logistic = LogisticSpec { l2: 0.1, ..LogisticSpec::default() };
    let (target, input) = ("fault".to_owned(), InputSpec::words("note"));
    TrainingSpec {
        pipeline: PipelineSpec { target, input, reduction: None, logistic },
        split: Split::Fraction(0.2),
        validation: None,
        table: None,
        seed,
    }
}

/// A version of `model` whose bytes are `bytes`, under the key `key`.
pub(crate) fn version(model: &str, bytes: &str, key: &str) -> NewVersion {
    NewVersion {
        model: name(model),
        artifact: Digest::of(bytes.as_bytes()),
        signature: ModelSignature { inputs: vec![], outputs: vec![] },
        classes: vec!["好".to_owned(), "worn \"belt\"".to_owned()],
        evaluation: Evaluation {
            n_test: 3,
            accuracy: 1.0 / 3.0,
            macro_f1: 0.1 + 0.2,
            log_loss: 5e-324,
            confusion: vec![1, 0, 2, u64::MAX],
        },
        lineage: lineage(key),
        idempotency_key: key.to_owned(),
    }
}

fn lineage(job: &str) -> Lineage {
    Lineage {
        dataset: Digest::of(b"data"),
        spec: spec(u64::MAX),
        job: job.parse::<JobId>().expect("an id of a job"),
        library: "millwright 0.1.0".to_owned(),
        summary: TrainingSummary {
            n_train: 12,
            n_test: 3,
            n_without_target: 1,
            n_validation: 2,
            n_features: 7,
            reduction: Some(ReductionSummary { n_components: 3, explained_variance: 0.95 }),
            iterations: 40,
            converged: true,
            stopped: StopReason::Tolerance,
            loss: 0.25,
            constant_columns: vec!["p1".to_owned()],
            imputed_cells: 2,
            curve: vec![CurvePoint { iteration: 40, loss: 0.25, validation: None }],
        },
    }
}

pub(crate) fn dataset(bytes: &str) -> Dataset {
    let column = |name: &str, kind, range| DatasetColumn {
        name: name.to_owned(),
        kind,
        n_missing: 1,
        distinct: Distinct::Exactly(1),
        range,
        first_text_line: None,
    };
    let pressures = Some((-0.1, 1.0 / 3.0));
    Dataset {
        digest: Digest::of(bytes.as_bytes()),
        size_bytes: bytes.len() as u64,
        table: TableProfile {
            n_rows: 2,
            columns: vec![
                column("note", ColumnKind::Text, None),
                column("druck; \"bar\"", ColumnKind::Numeric, pressures),
            ],
            format: TableFormat { delimiter: '\t', ..TableFormat::default() },
            contradictions: vec!["the first row holds numbers only".to_owned()],
        },
        created_at: SystemTime::UNIX_EPOCH + Duration::from_micros(1_790_000_000_123_456),
    }
}

/// A job on the data set `bytes`.
pub(crate) fn job(bytes: &str, seed: u64, key: Option<&str>) -> NewJob {
    NewJob {
        model: name("press.defect"),
        dataset: Digest::of(bytes.as_bytes()),
        spec: spec(seed),
        idempotency_key: key.map(str::to_owned),
    }
}
