//! From a call down to the kernel, in one trace.

use std::path::Path;

use tempfile::TempDir;

use crate::{
    calls::{Caller, predict, rows},
    collector::Collector,
    eventually,
    program::{Server, arg, millwright, stderr, up},
    silence::{PATH, table},
    span::Span,
    start,
    tree::Tree,
};

const PREDICT: &str = "millwright.predictor.v1.PredictorService/Predict";
const STREAM: &str = "millwright.predictor.v1.PredictorService/PredictStream";

/// A collector, and a plant that tells it everything and serves `notes`. A batch waits until it has
/// four rows: who shares one is certain.
pub(crate) struct Factory {
    pub(crate) collector: Collector,
    pub(crate) server: Server,
    folder: TempDir,
}

impl Factory {
    pub(crate) fn start() -> Self {
        let (collector, folder) = (Collector::start(), tempfile::tempdir().expect("a folder"));
        let data_dir = folder.path().join("data").display().to_string();
        let batches = ["--max-batch-size", "4", "--max-queue-delay", "60000"];
        let server = start(&collector, &[&up(&data_dir)[..], &batches].concat());
        let factory = Self { collector, server, folder };
        let rows = factory.file(&format!("{PATH}.csv"), &table());
        let train =
            ["train", arg(&rows), "--model", "notes", "--target", "trade", "--text", "note"];
        factory.run(&[&train[..], &["--features", "pressure", "--alias", "production"]].concat());
        factory
    }

    /// Runs the program as a client, which tells the collector too.
    pub(crate) fn run(&self, args: &[&str]) {
        let mut client = millwright(args);
        client.args(["--otlp-endpoint", self.collector.endpoint()]);
        for service in ["registry", "trainer", "predictor"] {
            let name = format!("MILLWRIGHT_{}", service.to_uppercase());
            client.env(name, self.server.address(service));
        }
        let output = client.output().expect("the program runs");
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path: &Path = self.folder.path();
        std::fs::write(path.join(name), text).expect("a writable folder");
        path.join(name)
    }

    /// Predicts as many rows as make a batch, from the command line.
    pub(crate) fn predict_four(&self) {
        let rows = table().lines().take(5).collect::<Vec<_>>().join("\n");
        let rows = self.file(&format!("{PATH}-rows.csv"), &rows);
        self.run(&["predict", "notes", arg(&rows)]);
    }

    pub(crate) fn predictor(&self) -> String {
        self.server.address("predictor")
    }
}

#[test]
fn a_trace_leads_from_the_call_to_the_kernel() {
    let factory = Factory::start();
    factory.predict_four();
    let tree = Tree::once(&factory.collector, "a prediction", |tree| {
        tree.below(tree.root("millwright predict")?, "kernel")?;
        tree.below(tree.root("millwright predict")?, STREAM).map(drop)
    });
    let command = tree.root("millwright predict").expect("it is complete");
    let call = tree.child(command, STREAM);
    assert_eq!((&*call.service, call.kind), ("millwright-cli", "client"));
    let served = tree.child(call, STREAM);
    assert_eq!((&*served.service, served.kind), ("millwright", "server"));
    let port = factory.predictor().rsplit(':').next().expect("a port").to_owned();
    for span in [call, served] {
        assert!(!span.failed, "{span:#?}");
        assert_eq!(span.says("rpc.system.name"), "grpc");
        assert_eq!(span.says("rpc.method"), STREAM);
        assert_eq!(span.says("rpc.response.status_code"), "OK");
        assert_eq!((span.says("server.address"), span.says("server.port")), ("127.0.0.1", &*port));
        assert_eq!(span.says("error.type"), "");
    }
    let (queue, compute) = (tree.child(served, "queue"), tree.child(served, "compute"));
    for span in [queue, compute] {
        assert_eq!(
            (span.says("millwright.model"), span.says("millwright.version")),
            ("notes", "1")
        );
    }
    let batch = tree.below(served, "batch").expect("one of the messages leads it");
    assert_eq!(batch.says("millwright.batch.rows"), "4");
    tree.child(batch, "kernel");
}

fn within(outer: &Span, inner: &Span) -> bool {
    outer.time.0 <= inner.time.0 && inner.time.1 <= outer.time.1
}

#[test]
fn a_batch_links_to_everyone_in_it_whose_trace_is_kept() {
    let factory = Factory::start();
    let (one, two, none) = (Caller::kept(0xa1), Caller::kept(0xb2), Caller::unkept(0xc3));
    let calls = [(&one, 1), (&two, 2), (&none, 1)].map(|(caller, n)| (caller, rows("notes", n)));
    for answer in predict(&factory.predictor(), &calls) {
        assert_eq!(answer.expect("four rows are a batch").timing.expect("told").batch_rows, 4);
    }
    let served = |tree: &Tree, caller: &Caller| {
        let mut spans = tree.of(&caller.trace);
        spans.find(|span| span.name == PREDICT && span.parent == caller.span).cloned()
    };
    let tree = Tree::once(&factory.collector, "two requests and their batch", |tree| {
        served(tree, &one)?;
        served(tree, &two)?;
        let caller = [&one, &two].map(|caller| tree.of(&caller.trace).any(|s| s.name == "batch"));
        caller.contains(&true).then_some(())
    });
    let requests = [&one, &two].map(|caller| served(&tree, caller).expect("it is complete"));
    let computes = requests.each_ref().map(|request| tree.child(request, "compute"));
    for (request, rows) in requests.iter().zip(["1", "2"]) {
        let (queue, compute) = (tree.child(request, "queue"), tree.child(request, "compute"));
        assert_eq!((queue.says("millwright.rows"), compute.says("millwright.rows")), (rows, rows));
        assert_eq!(compute.says("millwright.batch.rows"), "4");
        assert!(queue.time.1 <= compute.time.0 && within(request, compute), "one after the other");
    }

    let batches = tree.all().iter().filter(|span| span.name == "batch").collect::<Vec<_>>();
    let [batch] = batches[..] else { panic!("one batch: {batches:#?}") };
    assert_eq!(batch.says("millwright.batch.requests"), "3", "with the one that is not kept");
    let mut links = batch.links.clone();
    let mut expected = requests.map(|request| (request.trace, request.id));
    links.sort_unstable();
    expected.sort_unstable();
    assert_eq!(links, expected);
    let [first, other] = match computes {
        [a, b] if batch.parent == a.id => [a, b],
        [a, b] => [b, a],
    };
    assert_eq!(tree.child(tree.child(first, "batch"), "kernel").trace, first.trace);
    assert_eq!(other.links, [(batch.trace.clone(), batch.id.clone())]);
    assert_eq!(tree.of(&none.trace).count(), 0, "the caller does not want it");
}

#[test]
fn a_refusal_says_how_it_ended() {
    let factory = Factory::start();
    let caller = Caller::kept(0xd4);
    let answers = predict(&factory.predictor(), &[(&caller, rows("nobody", 1))]);
    assert!(answers.iter().all(Result::is_err));
    let served = eventually("the refused request", || {
        factory.collector.spans().into_iter().find(|span| span.trace == caller.trace)
    });
    assert_eq!(served.says("rpc.response.status_code"), "NOT_FOUND");
    // What a caller did wrong is no failure of the server's.
    assert_eq!((served.failed, served.says("error.type")), (false, ""));
}
