//! The command line: what it takes, what it refuses, what it teaches.

mod program;

use std::{io::ErrorKind, net::TcpListener};

use program::{run, stderr, stdout};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["up"],
    &["demo"],
    &["registry"],
    &["trainer"],
    &["predictor"],
    &["dataset"],
    &["dataset", "upload"],
    &["dataset", "ls"],
    &["dataset", "show"],
    &["train"],
    &["job"],
    &["job", "ls"],
    &["job", "show"],
    &["job", "watch"],
    &["job", "cancel"],
    &["model"],
    &["model", "ls"],
    &["model", "list"],
    &["model", "show"],
    &["model", "versions"],
    &["model", "compare"],
    &["model", "curve"],
    &["model", "pull"],
    &["model", "tag"],
    &["model", "delete"],
    &["alias"],
    &["alias", "set"],
    &["alias", "delete"],
    &["alias", "history"],
    &["predict"],
    &["health"],
    &["health", "registry"],
    &["completions"],
    &["watch"],
    &["bench"],
    &["man"],
];

const DIGEST: &str = "sha256:47ba912b0b4246f126c78048250026565f826055157a84cdfa6d5d2369fe2a83";

#[test]
fn every_command_explains_itself() {
    for &command in COMMANDS {
        let output = run(&[command, &["--help"]].concat());
        assert!(output.status.success(), "{command:?}");
        assert!(stdout(&output).contains("Usage: millwright"), "{command:?}");
    }
}

#[test]
fn commands_that_do_something_show_an_example() {
    for command in [
        &["up"][..],
        &["demo"],
        &["dataset", "upload"],
        &["train"],
        &["predict"],
        &["completions"],
        &["watch"],
        &["bench"],
        &["man"],
    ] {
        let output = run(&[command, &["--help"]].concat());
        assert!(stdout(&output).contains("Example"), "{command:?}");
    }
}

#[test]
fn help_has_the_table_of_exit_codes() {
    let help = stdout(&run(&["--help"]));
    for code in ["0", "1", "64", "65", "69", "70", "73", "74", "75", "130"] {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(&format!("{code}  "))),
            "{code}"
        );
    }
}

/// Runs the program: it names what is wrong, and does nothing else.
fn refused(args: &[&str], named: &str) {
    let output = run(args);
    assert_eq!(output.status.code(), Some(64), "{args:?}: {}", stderr(&output));
    assert!(stderr(&output).contains(named), "{args:?}: {}", stderr(&output));
    assert!(output.stdout.is_empty(), "{args:?}");
}

#[test]
fn a_wrong_argument_is_named_and_exits_with_64() {
    for (args, named) in [
        (&["up", "--colour", "red"][..], "--colour"),
        (&["up", "--registry", "nowhere"], "--registry"),
        (&["up", "--predictor", "0.0.0.0:0"], "--predictor"),
        (&["up", "--rest", "0.0.0.0:0"], "--rest"),
        (&["predictor", "--rest", "nowhere"], "--rest"),
        (&["up", "--drain", "0"], "--drain"),
        (&["up", "--drain", "-1"], "--drain"),
        (&["registry", "--drain", "-1"], "--drain"),
        (&["trainer", "--workers", "-1"], "--workers"),
        (&["predictor", "--max-queue-delay", "-1"], "--max-queue-delay"),
        (&["demo", "--predictor", "0.0.0.0:0"], "--predictor"),
        (&["sing"], "sing"),
        (&["train", "data.csv", "--model", "press"], "--target"),
        (&["train", "data.csv", "--target", "label"], "--model"),
        (&["train", "data.csv", "--target", "label", "--model", "Press"], "--model"),
        (&["dataset", "upload", "data.csv", "--delimiter", "::"], "--delimiter"),
        (&["predict", "press", "data.csv", "--encoding", "utf-7"], "--encoding"),
        (&["train", DIGEST, "--model", "m", "--target", "t", "--decimal", ","], "--decimal"),
        (&["train", DIGEST, "--model", "m", "--target", "t", "--no-header"], "--no-header"),
        (&["model", "delete", "press@production", "--yes"], "press@production"),
        (&["model", "delete", "press@3"], "--yes"),
        (&["model", "tag", "press"], "KEY=VALUE"),
        (&["model", "tag", "press", "line"], "KEY=VALUE"),
        (&["model", "ls", "--tag", "Line=2"], "--tag"),
        (&["model", "ls", "--limit", "0"], "--limit"),
        (&["model", "pull", "press"], "--to"),
        (&["model", "compare", "press@1"], "<B>"),
        (&["dataset", "show", "sha256:12"], "sha256:12"),
        (&["model", "show", "press@0"], "press@0"),
        (&["alias", "set", "press", "production", "0"], "VERSION"),
        (&["predict", "press"], "FILE"),
        (&["health", "oven"], "oven"),
        (&["watch", "--interval", "0"], "--interval"),
        (&["watch", "--count", "0"], "--count"),
        (&["watch", "--count", "2", "--once"], "--once"),
        (&["watch", "--predictor", "nowhere"], "nowhere"),
        (&["bench"], "--model"),
        (&["bench", "--model", "press", "--rate", "0"], "--rate"),
        (&["bench", "--model", "press", "--rate", "100,-1"], "--rate"),
        (&["bench", "--model", "press", "--concurrency", "0"], "--concurrency"),
        (&["bench", "--model", "press", "--connections", "0"], "--connections"),
        (&["bench", "--model", "press", "--duration", "0"], "--duration"),
        (&["bench", "--model", "press", "--duration", "5", "--requests", "5"], "--requests"),
        (&["bench", "--model", "press", "--warmup", "-1"], "--warmup"),
        (&["bench", "--model", "press", "--deadline", "0"], "--deadline"),
        (&["bench", "--model", "press", "--rows-per-request", "0"], "--rows-per-request"),
        (&["bench", "--model", "press", "--predictor", "nowhere"], "nowhere"),
        (&["man"], "<DIR>"),
        (&["model", "ls", "--output", "xml"], "--output"),
        (&["model", "ls", "--registry", "nowhere"], "nowhere"),
    ] {
        refused(args, named);
    }
}

#[test]
fn a_wrong_recipe_is_named_by_its_flag_before_anything_is_read() {
    for (flags, named) in [
        (&["--split", "1.5"][..], "--split"),
        (&["--split", "0.2", "--split-column", "fold"], "--split"),
        (&["--split-column", "label"], "--split-column"),
        (&["--text", "note", "--features", "a,note"], "--text"),
        (&["--text", "note", "--vectorizer", "bm25"], "--vectorizer"),
        (&["--text", "note", "--ngrams", "2,1"], "--ngrams"),
        (&["--text", "note", "--ngrams", "one"], "--ngrams"),
        (&["--text", "note", "--min-df", "0"], "--min-df"),
        (&["--text", "note", "--max-df", "1.5"], "--max-df"),
        (&["--text", "note", "--max-features", "0"], "--max-features"),
        (&["--text", "note", "--scale", "none"], "--scale"),
        (&["--analyzer", "char"], "--analyzer"),
        (&["--pca", "1.0"], "--pca"),
        (&["--pca", "1025"], "--pca"),
        (&["--svd", "0"], "--svd"),
        (&["--svd", "5", "--pca", "5"], "--pca"),
        (&["--solver", "newton"], "--solver"),
        (&["--batch-size", "8"], "--batch-size"),
        (&["--solver", "sgd", "--batch-size", "0"], "--batch-size"),
        (&["--solver", "adam", "--learning-rate", "-1"], "--learning-rate"),
        (&["--class-weight", "fair"], "--class-weight"),
        (&["--validation", "1"], "--validation"),
        (&["--target-metric", "accuracy=1.1"], "--target-metric"),
        (&["--target-metric", "recall=0.9"], "--target-metric"),
        (&["--patience", "0"], "--patience"),
        (&["--delimiter", "x"], "--delimiter"),
        (&["--decimal", ";"], "--decimal"),
        (&["--decimal", ",", "--thousands", ","], "--thousands"),
        (&["--encoding", "ebcdic"], "--encoding"),
        (&["--no-header=maybe"], "--no-header"),
        (&["--text", "label"], "--text"),
        (&["--features", "a,label"], "--features"),
        (&["--l2", "-1"], "--l2"),
        (&["--features", ""], "--features"),
        (&["--features", "a,,b"], "--features"),
        (&["--max-iter", "0"], "--max-iter"),
        (&["--max-iter", "-5"], "--max-iter"),
        (&["--seed", "-1"], "--seed"),
        (&["--tolerance", "0"], "--tolerance"),
        (&["--seed", "x"], "--seed"),
        (&["--alias", "Prod"], "--alias"),
    ] {
        let train = ["train", "data.csv", "--model", "press", "--target", "label"];
        refused(&[&train, flags].concat(), named);
    }
}

#[test]
fn a_service_that_is_away_is_named_with_its_address() {
    // Port 1 is reserved; nothing listens there.
    let output = run(&["health", "registry", "--registry", "127.0.0.1:1", "--output", "json"]);
    assert_eq!(output.status.code(), Some(69));
    let states: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(states[0]["serving"], false);
    assert!(states[0]["problem"].as_str().is_some_and(|problem| problem.contains("127.0.0.1:1")));
}

#[test]
fn health_asks_no_collector_which_may_be_away() {
    let collector = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", collector.local_addr().expect("an address"));
    let away = ["health", "registry", "--registry", "127.0.0.1:1", "--otlp-endpoint"];
    assert_eq!(run(&[&away[..], &[&endpoint]].concat()).status.code(), Some(69));
    collector.set_nonblocking(true).expect("a socket");
    let asked = collector.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(asked, Err(ErrorKind::WouldBlock), "it was asked");
}
