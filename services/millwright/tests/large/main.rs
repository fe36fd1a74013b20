//! A version that is larger than memory should hold is uploaded, survives a cut, and is served from
//! its file: memory is taken for the pages that answers need.
//!
//! `MILLWRIGHT_LARGE_MIB` says how long its artifact is, in MiB; `.ci/long` asks for 4 GiB and more.

mod half;
mod memory;
mod model;
#[path = "../program/mod.rs"]
mod program;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use half::Half;
use memory::Memory;
use millwright_client::{PredictorClient, RegistryClient, RetryPolicy};
use millwright_domain::{
    AliasName, Artifact, Expected, JobId, Lineage, ModelName, NewVersion, SetAlias,
};
use millwright_ml::{MEDIA_TYPE, Manifest};
use millwright_proto::predictor::{
    NamedColumn, PredictRequest, PredictResponse, Texts, named_column::Values,
};
use model::Words;
use program::{Server, arg};
use tempfile::TempDir;
use tokio::{task::yield_now, time::timeout};

/// Above what a predictor holds in memory, where nobody asks for more.
const FEW_MIB: u64 = 80;
/// What a load may leave in the heap then, in kB.
const FEW_MIB_HEAP: u64 = 16 << 10;
/// Long enough for any machine to do one step.
const PATIENCE: Duration = Duration::from_secs(3600);
const MODEL: &str = "plant.notes";

fn mib() -> u64 {
    match std::env::var("MILLWRIGHT_LARGE_MIB") {
        Ok(text) => text.parse().expect("a number of MiB"),
        Err(_) => FEW_MIB,
    }
}

/// Runs the services on a folder of its own.
struct Plant {
    folder: TempDir,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_version_arrives_through_a_cut_and_is_served_from_its_file() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let plant = Plant { folder };
    let words = Words::filling(mib() << 20);
    let (manifest, path) = plant.write(&words);
    let questions = words.questions(&path);
    let (registry, artifact) = plant.upload_through_a_cut(&path).await;
    fs::remove_file(&path).expect("nobody needs it any more");

    // What the same predictor takes for the same rows, where few of their terms are known.
    let predictor = plant.predictor(&registry.address("registry"));
    let few = Words::few();
    let (small, path) = plant.write(&few);
    let file = File::open(path).expect("written");
    let uploaded = client(&registry).upload_artifact_file(MEDIA_TYPE, file).await;
    plant.publish(&registry, &small, &uploaded.expect("uploaded")).await;
    ask(&predictor, &few, &questions, 1).await;
    let without = Memory::of(predictor.id());

    let began = Instant::now();
    plant.publish(&registry, &manifest, &artifact).await;
    ask(&predictor, &words, &questions, 2).await;
    report("fetched, verified and answering", began);
    check(&predictor, &artifact, (&words, &questions), &without).await;

    stop(predictor);
    registry.kill();
    registry.ended();
    let began = Instant::now();
    let predictor = plant.predictor("127.0.0.1:1");
    ask(&predictor, &words, &questions, 2).await;
    report("verified in the cache and answering, without a registry", began);
    check(&predictor, &artifact, (&words, &questions), &without).await;
}

impl Plant {
    /// Writes the artifact of `words`, of which little is in memory at a time.
    fn write(&self, words: &Words) -> (Manifest, PathBuf) {
        let began = Instant::now();
        let path = self.folder.path().join("artifact");
        let mut file = File::create(&path).expect("a file");
        let manifest = words.parts().write(&mut file).expect("parts that fit");
        report(&format!("{} terms written", words.n), began);
        (manifest, path)
    }

    fn start(&self, service: &str, more: &[&str]) -> Server {
        let listen = format!("--{service}");
        let args = [service, "--data-dir", arg(self.folder.path()), &listen, "127.0.0.1:0"];
        Server::start(&[&args, more].concat())
    }

    fn predictor(&self, registry: &str) -> Server {
        self.start("predictor", &["--registry", registry, "--rest", "127.0.0.1:0"])
    }

    /// Kills the registry when half of the artifact has arrived; the next one goes on there.
    async fn upload_through_a_cut(&self, path: &Path) -> (Server, Artifact) {
        let began = Instant::now();
        let registry = self.start("registry", &[]);
        let half = Half::of(File::open(path).expect("written"));
        let (sending, artifact, size) = (registry.address("registry"), half.artifact(), half.size);
        let sending = tokio::spawn(async move { half.send(&sending).await });
        self.until_arrived(size).await;
        registry.kill();
        registry.ended();
        sending.await.expect("no panic").expect_err("the registry was killed");

        let registry = self.start("registry", &[]);
        assert_eq!(self.arrived(), Some(size), "half of it was kept");
        let (client, file) = (client(&registry), File::open(path).expect("written"));
        let mut upload = Box::pin(client.upload_artifact_file(MEDIA_TYPE, file));
        let uploaded = loop {
            tokio::select! {
                uploaded = &mut upload => break uploaded.expect("uploaded"),
                () = yield_now() => {}
            }
            assert!(self.arrived().is_none_or(|arrived| arrived >= size), "it began anew");
        };
        assert_eq!(uploaded, artifact);
        report(&format!("{} bytes uploaded through a cut", artifact.size_bytes), began);
        (registry, artifact)
    }

    /// Bytes of an upload that have arrived, where one is under way.
    fn arrived(&self) -> Option<u64> {
        let partial = self.folder.path().join("registry/artifacts/partial");
        let mut files = fs::read_dir(partial).ok()?.flatten();
        files.next().and_then(|file| Some(file.metadata().ok()?.len()))
    }

    async fn until_arrived(&self, bytes: u64) {
        let arrived = async {
            while self.arrived().is_none_or(|arrived| arrived < bytes) {
                yield_now().await;
            }
        };
        timeout(PATIENCE, arrived).await.expect("it arrives");
    }

    /// Registers an artifact that was uploaded, and points the alias at it.
    async fn publish(&self, registry: &Server, manifest: &Manifest, artifact: &Artifact) {
        let (client, model) = (client(registry), MODEL.parse::<ModelName>().expect("a name"));
        let job = JobId::random();
        let new = NewVersion {
            idempotency_key: job.to_string(),
            model: model.clone(),
            artifact: artifact.digest,
            signature: manifest.signature.clone(),
            classes: manifest.classes.clone(),
            evaluation: manifest.evaluation.clone(),
            lineage: Lineage {
                dataset: manifest.dataset,
                spec: manifest.spec.clone(),
                job,
                library: manifest.library.clone(),
                summary: manifest.summary.clone(),
            },
        };
        let version = client.create_version(new).await.expect("registered").version;
        let alias = AliasName::production();
        let set = SetAlias { model, alias, version, expected: Expected::Any };
        client.set_alias(&set).await.expect("moved");
    }
}

fn client(registry: &Server) -> RegistryClient {
    RegistryClient::connect_lazy(&registry.address("registry")).expect("an address")
}

/// Drains it; its folder is free then.
fn stop(server: Server) {
    server.terminate();
    assert!(server.ended().success());
}

fn report(what: &str, began: Instant) {
    println!("{what}: {:.1} s", began.elapsed().as_secs_f64());
}

/// Asks until `version` answers, and compares its answers.
async fn ask(predictor: &Server, words: &Words, questions: &[String], version: u64) {
    let client = PredictorClient::connect_lazy(&predictor.address("predictor"));
    let client = client.expect("an address").with_retry(RetryPolicy::NEVER);
    let texts = Values::Texts(Texts { values: questions.to_vec() });
    let column = NamedColumn { name: words.column().to_owned(), values: Some(texts) };
    let model_ref = MODEL.to_owned();
    let request = PredictRequest { model_ref, columns: vec![column], ..PredictRequest::default() };
    let answered = async {
        loop {
            match client.predict(request.clone()).await {
                Ok(answer) if number(&answer) == version => break answer,
                _ => yield_now().await,
            }
        }
    };
    let answer = timeout(PATIENCE, answered).await.expect("it answers");
    for (question, answer) in questions.iter().zip(&answer.predictions) {
        let expected = words.probabilities(question);
        assert_eq!(answer.probabilities.len(), expected.len());
        let near = answer.probabilities.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near, "{question:?}: {:?}", answer.probabilities);
    }
    assert_eq!(answer.predictions.len(), questions.len());
}

fn number(answer: &PredictResponse) -> u64 {
    answer.version.as_ref().map_or(0, |version| version.version)
}

/// Compares the memory that the artifact takes with the pages of it that the processor has read when
/// the same rows are asked again.
async fn check(
    predictor: &Server,
    artifact: &Artifact,
    (words, questions): (&Words, &[String]),
    without: &Memory,
) {
    let after = Memory::of(predictor.id());
    let resident = memory::map(predictor.id(), artifact).resident;
    memory::forget_touches(predictor.id());
    ask(predictor, words, questions, 2).await;
    let touched = memory::map(predictor.id(), artifact).touched;
    println!("of the map {touched} kB were touched, and {resident} kB are resident");
    println!("resident without the version: {without}; with it: {after}");
    let tenth_more = |kb: u64| kb + kb / 10;
    // Any load leaves something in the heap, which counts for much beside few pages.
    let heap = if mib() > FEW_MIB { 0 } else { FEW_MIB_HEAP };
    assert!(touched > 0, "nothing was read from the map");
    assert!(resident <= tenth_more(touched), "{resident} kB for {touched} kB");
    assert!(after.resident <= tenth_more(without.resident + touched) + heap, "{after}");
}
