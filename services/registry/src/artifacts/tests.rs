use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use millwright_domain::{
    Code, Evaluation, Fault, InputSpec, Lineage, LogisticSpec, ModelSignature, NewVersion,
    PipelineSpec, Split, StopReason, TrainingSpec, TrainingSummary,
};
use millwright_store::{LocalBlobs, SqliteRegistry};
use tempfile::TempDir;

use super::*;

const BYTES: &[u8] = b"wanted again and again";

async fn artifacts() -> (Artifacts, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteRegistry::open(&folder.path().join("registry.sqlite")).await;
    let blobs = LocalBlobs::open(folder.path().join("artifacts")).await.expect("opened");
    let ledger = Ledger::open(Arc::new(store.expect("opened"))).await.expect("opened");
    (Artifacts::new(ledger, Arc::new(blobs)), folder)
}

fn artifact() -> Artifact {
    let (digest, size_bytes) = (Digest::of(BYTES), BYTES.len() as u64);
    Artifact { digest, size_bytes, media_type: "text/plain".to_owned() }
}

fn version(key: String) -> NewVersion {
    let pipeline = PipelineSpec {
        target: "fault".to_owned(),
        input: InputSpec::words("note"),
        reduction: None,
        logistic: LogisticSpec::default(),
    };
    let spec = TrainingSpec {
        pipeline,
        split: Split::Fraction(0.2),
        validation: None,
        table: None,
        seed: 1,
    };
    let summary = TrainingSummary {
        n_train: 1,
        n_test: 0,
        n_without_target: 0,
        n_validation: 0,
        n_features: 1,
        reduction: None,
        iterations: 1,
        converged: true,
        stopped: StopReason::default(),
        loss: 0.5,
        constant_columns: vec![],
        imputed_cells: 0,
        curve: vec![],
    };
    NewVersion {
        model: "press".parse().expect("a name"),
        artifact: artifact().digest,
        signature: ModelSignature { inputs: vec![], outputs: vec![] },
        classes: vec![],
        evaluation: Evaluation {
            n_test: 0,
            accuracy: 0.0,
            macro_f1: 0.0,
            log_loss: 0.0,
            confusion: vec![],
        },
        lineage: Lineage {
            dataset: Digest::of(b"data"),
            spec,
            job: "job".parse().expect("an id"),
            library: "millwright 0.1.0".to_owned(),
            summary,
        },
        idempotency_key: key,
    }
}

async fn upload(artifacts: &Artifacts) -> Artifact {
    let announced = artifact();
    let (digest, size) = (&announced.digest, announced.size_bytes);
    let mut upload = artifacts.blobs().resume(digest, size, 0).await.expect("begun");
    upload.write(Bytes::from_static(BYTES)).await.expect("written");
    artifacts.store(announced, upload).await.expect("stored")
}

/// Uploads and registers until it is registered, finds its bytes, deletes it, and again.
async fn register(artifacts: Artifacts) {
    for i in 0..60 {
        let version = loop {
            upload(&artifacts).await;
            match artifacts.ledger().create_version(version(format!("key{i}"))).await {
                Ok(version) => break version,
                Err(error) => assert_eq!(error.code(), Code::FailedPrecondition, "{error}"),
            }
        };
        let bytes = artifacts.blobs().read(&artifact().digest).await.expect("it is there");
        let bytes: Vec<_> = bytes.try_collect().await.expect("it is whole");
        assert_eq!(bytes.concat(), BYTES);
        let deleted = artifacts.ledger().delete_version(version.model, version.version).await;
        deleted.expect("nothing points to it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_registered_while_it_is_collected_keeps_its_bytes() {
    let (artifacts, _folder) = artifacts().await;
    let collector = artifacts.clone();
    let collecting = tokio::spawn(async move {
        loop {
            let later = SystemTime::now() + Duration::from_secs(60);
            collector.collect(artifact().digest, later).await.expect("collected");
            collector.collect_unrecorded(artifact().digest).await.expect("collected");
        }
    });
    // One alone: another's upload would bring back what was lost.
    register(artifacts).await;
    collecting.abort();
}

#[tokio::test]
async fn bytes_that_are_recorded_are_no_orphans() {
    let (artifacts, _folder) = artifacts().await;
    upload(&artifacts).await;
    let digest = artifact().digest;
    assert_eq!(artifacts.collect_unrecorded(digest).await.expect("looked up"), None);
    let long_ago = SystemTime::now() - Duration::from_secs(60);
    assert_eq!(artifacts.collect(digest, long_ago).await.expect("looked up"), None);
    let later = SystemTime::now() + Duration::from_secs(60);
    let collected = artifacts.collect(digest, later).await.expect("collected");
    assert_eq!(collected, Some(BYTES.len() as u64));
    assert_eq!(artifacts.blobs().size(&digest).await.expect("looked up"), None);
}
