//! The registry, while several callers write.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, future::join_all};
use millwright_client::{ClientError, RegistryClient, RetryPolicy};
use millwright_domain::{
    AliasName, Artifact, Code, Digest, Evaluation, Expected, Fault, InputSpec, JobId, Lineage,
    LogisticSpec, ModelName, ModelRef, ModelSignature, NewVersion, PipelineSpec, Selector,
    SetAlias, Split, StopReason, TrainingSpec, TrainingSummary, Version,
};
use millwright_tensor::{ColumnSpec, Datatype};

use crate::{Chance, kill_amid, kills, start};

/// Callers, each with a model of its own.
const WRITERS: u64 = 4;
const MEDIA_TYPE: &str = "application/octet-stream";
/// Longest time between a start and a kill.
const LONGEST_MILLIS: u64 = 400;

/// One caller: what it was told, and what it does not know of.
struct Writer {
    model: ModelName,
    chance: Chance,
    /// Digest of each acknowledged version, from number 1 on.
    versions: Vec<Digest>,
    /// Where the alias was said to point.
    production: Option<Version>,
    /// Asked for, not answered.
    pending: Option<Pending>,
}

enum Pending {
    Upload(Bytes),
    Version(Box<NewVersion>),
    Alias(Version),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_registry_keeps_what_it_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut chance = Chance::of(4);
    let mut writers = (0..WRITERS).map(Writer::new).collect::<Vec<_>>();
    let mut killed = 0;
    // However slow the machine is: a kill is worth little before something was written.
    while killed < kills() || written(&writers) < WRITERS {
        killed += 1;
        let server = start("registry", folder.path(), &[]);
        let registry = client(&server.address("registry"));
        join_all(writers.iter_mut().map(|writer| writer.check(&registry))).await;
        let work = async {
            join_all(writers.iter_mut().map(|writer| writer.write(&registry))).await;
        };
        let instant = Duration::from_micros(chance.below(LONGEST_MILLIS * 1000));
        kill_amid(server, work, instant).await;
    }
    let server = start("registry", folder.path(), &[]);
    let registry = client(&server.address("registry"));
    join_all(writers.iter_mut().map(|writer| writer.check(&registry))).await;
}

/// Versions that were acknowledged, of all writers.
fn written(writers: &[Writer]) -> u64 {
    writers.iter().map(|writer| writer.versions.len() as u64).sum()
}

fn client(address: &str) -> RegistryClient {
    let client = RegistryClient::connect_lazy(address).expect("an address");
    client.with_retry(RetryPolicy::NEVER)
}

impl Writer {
    fn new(number: u64) -> Self {
        let model = format!("line{number}").parse().expect("a name");
        let chance = Chance::of(number);
        Self { model, chance, versions: vec![], production: None, pending: None }
    }

    /// Writes until an answer fails to come.
    async fn write(&mut self, registry: &RegistryClient) {
        while self.step(registry).await.is_ok() {}
    }

    /// Registers a version of new bytes and points the alias at it.
    async fn step(&mut self, registry: &RegistryClient) -> Result<(), ClientError> {
        let length = 1 + self.chance.below(600 << 10) as usize;
        let bytes = Bytes::from(self.chance.bytes(length));
        self.pending = Some(Pending::Upload(bytes.clone()));
        let artifact = registry.upload_artifact(MEDIA_TYPE, bytes).await?;
        let new = new_version(&self.model, artifact.digest);
        self.pending = Some(Pending::Version(Box::new(new.clone())));
        let version = registry.create_version(new).await?;
        self.versions.push(artifact.digest);
        assert_eq!(version.version.get(), self.versions.len() as u64, "numbers have no gaps");
        self.pending = Some(Pending::Alias(version.version));
        registry.set_alias(&self.alias(version.version)).await?;
        self.production = Some(version.version);
        self.pending = None;
        Ok(())
    }

    fn alias(&self, version: Version) -> SetAlias {
        let expected = self.production.map_or(Expected::Nowhere, Expected::At);
        SetAlias { model: self.model.clone(), alias: AliasName::production(), version, expected }
    }

    /// Compares what the registry says with what it acknowledged, and finds out about the rest.
    async fn check(&mut self, registry: &RegistryClient) {
        match self.pending.take() {
            Some(Pending::Upload(bytes)) => whole_or_absent(registry, &bytes).await,
            Some(Pending::Version(new)) => {
                // The key makes the second try the same version, if the first one was kept.
                let version = registry.create_version(*new).await.expect("tried again");
                self.versions.push(version.artifact.digest);
                assert_eq!(version.version.get(), self.versions.len() as u64);
            }
            Some(Pending::Alias(version)) => self.settle_alias(registry, version).await,
            None => {}
        }
        for (i, digest) in self.versions.iter().enumerate() {
            self.check_version(registry, i as u64 + 1, digest).await;
        }
        self.check_alias(registry).await;
    }

    async fn settle_alias(&mut self, registry: &RegistryClient, version: Version) {
        if self.pointed_to(registry).await == self.production {
            registry.set_alias(&self.alias(version)).await.expect("nobody else moves it");
        }
        self.production = Some(version);
    }

    async fn check_version(&self, registry: &RegistryClient, number: u64, digest: &Digest) {
        let version = Version::new(number).expect("from 1");
        let selector = Selector::Version(version);
        let reference = ModelRef { name: self.model.clone(), selector };
        let kept = registry.version(&reference).await.expect("acknowledged");
        assert_eq!(kept.artifact.digest, *digest, "{reference}");
        // The newest alone: the others were read after earlier kills.
        if number + 2 >= self.versions.len() as u64 {
            let bytes = registry.download_artifact(&kept.artifact).await.expect("whole");
            assert_eq!(Digest::of(&bytes), *digest);
        }
    }

    async fn check_alias(&self, registry: &RegistryClient) {
        assert_eq!(self.pointed_to(registry).await, self.production, "{}", self.model);
    }

    async fn pointed_to(&self, registry: &RegistryClient) -> Option<Version> {
        match registry.model(&self.model).await {
            Ok(model) => model.aliases.first().map(|alias| alias.version),
            Err(error) => {
                assert_eq!(error.code(), Code::NotFound, "{error}");
                None
            }
        }
    }
}

/// An artifact whose upload was not acknowledged is there with all its bytes, or not at all.
async fn whole_or_absent(registry: &RegistryClient, bytes: &Bytes) {
    let artifact = Artifact {
        digest: Digest::of(bytes),
        size_bytes: bytes.len() as u64,
        media_type: MEDIA_TYPE.to_owned(),
    };
    match registry.stream_artifact(&artifact).await {
        Ok(chunks) => {
            let chunks = chunks.map(|chunk| chunk.expect("whole")).collect::<Vec<_>>().await;
            assert_eq!(chunks.concat().len(), bytes.len());
        }
        Err(error) => assert_eq!(error.code(), Code::NotFound, "{error}"),
    }
}

fn new_version(model: &ModelName, artifact: Digest) -> NewVersion {
    let classes = vec!["good".to_owned(), "bad".to_owned()];
    let input = ColumnSpec {
        name: "features".to_owned(),
        datatype: Datatype::Fp32,
        row_shape: vec![1],
        elements: vec!["speed".to_owned()],
        optional: true,
    };
    let job = JobId::random();
    NewVersion {
        model: model.clone(),
        artifact,
        signature: ModelSignature::classifier(input, &classes),
        classes,
        evaluation: Evaluation {
            n_test: 0,
            accuracy: 0.0,
            macro_f1: 0.0,
            log_loss: 0.0,
            confusion: vec![],
        },
        idempotency_key: job.to_string(),
        lineage: lineage(job),
    }
}

fn lineage(job: JobId) -> Lineage {
    let pipeline = PipelineSpec {
        target: "label".to_owned(),
        input: InputSpec::numbers(vec!["speed".to_owned()]),
        reduction: None,
        logistic: LogisticSpec::default(),
    };
    let split = Split::Fraction(0.2);
    Lineage {
        dataset: Digest::of(b"runs"),
        spec: TrainingSpec { pipeline, split, validation: None, table: None, seed: 1 },
        job,
        library: "a test".to_owned(),
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
            loss: 0.1,
            constant_columns: vec![],
            imputed_cells: 0,
            curve: vec![],
        },
    }
}
