//! What no collector gets to know.

use crate::{
    calls::{self, Caller, predict},
    collector::Collector,
    eventually,
    predictions::Factory,
    program::up,
    start,
    tree::Tree,
};

/// Stands in every text.
pub(crate) const TEXT: &str = "geheimnis";
/// Stands in one label.
const LABEL: &str = "vertraulich";
/// Stands in every file's name.
pub(crate) const PATH: &str = "verborgen";
/// One in two rows has this.
pub(crate) const NUMBER: f64 = 31_337.421_875;

/// Notes of two trades, beside a number.
pub(crate) fn table() -> String {
    let rows = (0..60).map(|i| match i % 2 {
        0 => format!("pump {i} leaking {TEXT},{NUMBER},{LABEL}\n"),
        _ => format!("motor {i} tripped {TEXT},7.5,electrical\n"),
    });
    std::iter::once("note,pressure,trade\n".to_owned()).chain(rows).collect()
}

#[test]
fn no_value_of_a_row_reaches_a_collector() {
    let factory = Factory::start();
    factory.predict_four();
    let caller = Caller::kept(0xe5);
    // Refused with a message that names a column: it lacks one.
    let mut lacking = calls::rows("notes", 4);
    lacking.columns.pop();
    assert!(predict(&factory.predictor(), &[(&caller, lacking)])[0].is_err());
    let tree = Tree::once(&factory.collector, "everything", |tree| {
        tree.below(tree.root("millwright predict")?, "kernel")?;
        tree.below(tree.root("millwright train")?, "train")?;
        tree.of(&caller.trace).next().map(drop)
    });
    let told = match &factory.collector {
        Collector::Sink(sink) => sink.bytes(),
        Collector::Jaeger(_) => format!("{:?}", tree.all()).into_bytes(),
    };
    let holds = |secret: &[u8]| told.windows(secret.len()).any(|bytes| bytes == secret);
    assert!(holds(b"millwright.batch.rows"), "it is looked for in the right place");
    for secret in [TEXT, LABEL, PATH, "31337", "leaking", "electrical", "pressure"] {
        assert!(!holds(secret.as_bytes()), "{secret}");
    }
    for secret in [NUMBER.to_le_bytes().as_slice(), (NUMBER as f32).to_le_bytes().as_slice()] {
        assert!(!holds(secret), "{secret:?}");
    }
}

#[test]
fn of_no_traces_that_begin_here_only_those_of_callers_are_kept() {
    let factory = Factory::start();
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("data").display().to_string();
    let nothing = ["--trace-sampling", "0"];
    let server = start(&factory.collector, &[&up(&data_dir)[..], &nothing].concat());
    let at = server.address("predictor");
    let (kept, unkept) = (Caller::kept(0xf6), Caller::unkept(0xf7));
    assert!(predict(&at, &[(&unkept, calls::rows("nobody", 1))])[0].is_err());
    let before = eventually("the trace of a caller", || {
        // The traces of others came before or not at all: they are pushed in the order of their ends.
        assert!(predict(&at, &[(&kept, calls::rows("nobody", 1))])[0].is_err());
        let spans = factory.collector.spans();
        spans.iter().any(|span| span.trace == kept.trace).then_some(spans)
    });
    server.terminate();
    assert!(server.ended().success());
    let port = at.rsplit(':').next().expect("a port");
    let of_it = before.into_iter().filter(|span| span.says("server.port") == port);
    assert!(of_it.filter(|span| span.kind == "server").all(|span| span.trace == kept.trace));
    assert!(factory.collector.spans().iter().all(|span| span.trace != unkept.trace));
}
