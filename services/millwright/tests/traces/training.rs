//! From the command line to the registry, in one trace.

use std::io::Cursor;

use futures::StreamExt;
use millwright_client::TrainerClient;
use millwright_domain::{
    FormatHints, InputSpec, JobId, JobState, LogisticSpec, NewJob, Phase, PipelineSpec, Split,
    TrainingJob, TrainingSpec,
};
use tokio::runtime::Runtime;

use crate::{
    calls::Caller,
    collector::Collector,
    predictions::Factory,
    program::{Server, notes},
    start,
    tree::Tree,
};

const UPLOAD: &str = "millwright.trainer.v1.TrainerService/UploadDataset";
const CREATE: &str = "millwright.trainer.v1.TrainerService/CreateTrainingJob";
const KEEP: &str = "millwright.registry.v1.RegistryService/UploadArtifact";
const REGISTER: &str = "millwright.registry.v1.RegistryService/CreateModelVersion";
const DOWNLOAD: &str = "millwright.registry.v1.RegistryService/DownloadArtifact";

#[test]
fn a_trace_leads_from_the_command_to_the_registry() {
    let factory = Factory::start();
    let tree = Tree::once(&factory.collector, "the command and the job", |tree| {
        tree.below(tree.root("millwright train")?, "train").map(drop)
    });
    let command = tree.root("millwright train").expect("it is complete");
    assert_eq!((&*command.service, command.kind), ("millwright-cli", "internal"));
    assert_eq!(command.says("process.executable.name"), "millwright");
    assert_eq!(command.says("process.exit.code"), "0");

    let upload = tree.child(tree.child(command, UPLOAD), UPLOAD);
    assert_eq!((&*upload.service, upload.kind), ("millwright", "server"));
    tree.child(upload, "keep");
    let call = tree.child(command, CREATE);
    assert_eq!((&*call.service, call.kind), ("millwright-cli", "client"));
    let create = tree.child(call, CREATE);
    tree.child(create, "queue");
    let job = tree.child(create, "train");
    assert_eq!(job.says("millwright.model"), "notes");
    for step in ["verify", "read", "fit", "evaluate", "upload", "register"] {
        let span = tree.child(job, step);
        assert!(job.time.0 <= span.time.0 && span.time.1 <= job.time.1, "{step}");
    }
    assert_ne!(tree.child(job, "fit").says("millwright.iterations"), "");
    for (step, method) in [("upload", KEEP), ("register", REGISTER)] {
        let served = tree.child(tree.child(tree.child(job, step), method), method);
        assert_eq!((&*served.service, served.kind), ("millwright", "server"));
        tree.child(served, "commit");
    }
}

#[test]
fn what_a_predictor_loads_is_a_trace() {
    let factory = Factory::start();
    let tree = Tree::once(&factory.collector, "a load", |tree| tree.root("load").map(drop));
    let load = tree.root("load").expect("it is complete");
    assert_eq!((load.says("millwright.model"), load.says("millwright.version")), ("notes", "1"));
    let download = tree.child(load, "download");
    tree.child(tree.child(download, DOWNLOAD), DOWNLOAD);
    tree.child(load, "open");
}

#[test]
fn a_job_that_outlives_its_process_stays_in_its_trace() {
    let collector = Collector::start();
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("data").display().to_string();
    let data = ["--data-dir", &*data_dir];
    // Without a registry the job is trained, and waits.
    let free = "127.0.0.1:0";
    let trainer = ["trainer", "--trainer", free, "--registry", "127.0.0.1:1"];
    let first = start(&collector, &[&trainer[..], &data].concat());
    let caller = Caller::kept(0x70b);
    let runtime = Runtime::new().expect("threads");
    let id = runtime.block_on(caller.call(create(&first)));
    runtime.block_on(follow(&first, &id, |job| {
        job.progress.is_some_and(|progress| progress.phase == Phase::Registering)
    }));
    first.terminate();
    assert!(first.ended().success());

    let registry = start(&collector, &[&["registry", "--registry", free][..], &data].concat());
    let at = registry.address("registry");
    let trainer = ["trainer", "--trainer", free, "--registry", &at];
    let second = start(&collector, &[&trainer[..], &data].concat());
    runtime.block_on(follow(&second, &id, |job| job.state == JobState::Succeeded));
    let tree = Tree::once(&collector, "the second run", |tree| {
        tree.of(&caller.trace)
            .find(|span| span.name == REGISTER && span.kind == "server")
            .map(|_| ())
    });
    let of = |name: &'static str| tree.of(&caller.trace).filter(move |span| span.name == name);
    let create = of(CREATE).next().expect("the call");
    assert_eq!(create.parent, caller.span);
    assert!(of("train").count() >= 1 && of("train").all(|run| run.parent == create.id));
}

async fn create(trainer: &Server) -> JobId {
    let trainer = client(trainer);
    let file = Cursor::new(notes().into_bytes());
    let dataset = trainer.upload_dataset(file, FormatHints::default(), |_| ()).await;
    let pipeline = PipelineSpec {
        target: "trade".to_owned(),
        input: InputSpec::words("note"),
        reduction: None,
        logistic: LogisticSpec::default(),
    };
    let split = Split::Fraction(0.2);
    let spec = TrainingSpec { pipeline, split, validation: None, table: None, seed: 1 };
    let (model, dataset) = ("notes".parse().expect("a name"), dataset.expect("a table").digest);
    let new = NewJob { model, dataset, spec, idempotency_key: None };
    trainer.create_job(new).await.expect("it is queued").id
}

/// Returns when the job is so.
async fn follow(trainer: &Server, id: &JobId, is_so: impl Fn(&TrainingJob) -> bool) {
    let mut updates = client(trainer).watch_job(id).await.expect("it is watched");
    while let Some(update) = updates.next().await {
        if is_so(&update.expect("the trainer is there")) {
            return;
        }
    }
    panic!("the job has ended, and not so");
}

fn client(trainer: &Server) -> TrainerClient {
    TrainerClient::connect_lazy(&trainer.address("trainer")).expect("an address")
}
