//! Load on a real server, and what is said of it.

mod program;

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStderr, Stdio},
    time::{Duration, Instant},
};

use program::{Plant, arg, notes, run, runs, signal, stderr, stdout};
use serde_json::Value;

/// A plant that serves `press` (numbers) and `notes` (text).
fn plant() -> Plant {
    let plant = Plant::start();
    let (runs, notes) = (plant.file("runs.csv", &runs()), plant.file("notes.csv", &notes()));
    let promoted = ["--alias", "production"];
    let press = ["train", arg(&runs), "--model", "press", "--target", "label"];
    plant.json(&[&press[..], &["--features", "speed,humidity"], &promoted].concat());
    let notes = ["train", arg(&notes), "--model", "notes", "--target", "trade", "--text", "note"];
    plant.json(&[&notes[..], &promoted].concat());
    plant
}

/// Few requests of which nothing is warmed up, unless `more` says otherwise.
fn bench<'a>(model: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["bench", "--model", model, "--warmup", "0", "--requests", "60"][..], more].concat()
}

/// What is said of the only load.
fn load(answer: &Value) -> &Value {
    assert_eq!(answer["loads"].as_array().map(Vec::len), Some(1), "{answer}");
    &answer["loads"][0]
}

#[test]
fn every_way_of_sending_is_answered_in_full() {
    let plant = plant();
    for more in [
        &["--concurrency", "4"][..],
        &["--concurrency", "6", "--connections", "3", "--rows-per-request", "5"],
        &["--stream"],
        &["--stream", "--connections", "2", "--rows-per-request", "3"],
        &["--rate", "2000"],
        &["--rate", "2000", "--stream", "--connections", "2"],
        &["--rate", "2000", "--round-robin"],
        &["--concurrency", "4", "--round-robin", "--retries", "1"],
    ] {
        for model in ["press", "notes@production", "press@1"] {
            let answer = plant.json(&bench(model, more));
            let load = load(&answer);
            assert_eq!(load["answered"], 60, "{model} {more:?}: {answer}");
            assert_eq!((&load["failed"], &load["unsent"]), (&0.into(), &0.into()), "{answer}");
            assert_eq!(load["retried"], 0, "{answer}");
            let buckets = load["histogram"].as_array().expect("buckets");
            let in_buckets: u64 =
                buckets.iter().filter_map(|bucket| bucket["count"].as_u64()).sum();
            assert_eq!(in_buckets, 60, "{answer}");
            let quantile = |name: &str| load["latency_ms"][name].as_f64().expect("a latency");
            assert!(quantile("p50") <= quantile("p99") && quantile("p99") <= quantile("max"));
        }
    }
}

#[test]
fn rows_of_a_file_are_sent_as_they_stand() {
    let plant = plant();
    let (runs, notes) = (plant.file("rows.csv", &runs()), plant.file("texts.csv", &notes()));
    for (model, rows) in [("press", &runs), ("notes", &notes)] {
        let more = ["--rows", arg(rows), "--rows-per-request", "7"];
        let answer = plant.json(&bench(model, &more));
        assert_eq!(load(&answer)["answered"], 60, "{answer}");
    }
    for (model, rows) in [("press", &runs), ("notes", &notes)] {
        let answer = plant.json(&bench(model, &["--native", "--rows", arg(rows)]));
        assert_eq!((&load(&answer)["answered"], &answer["way"]), (&60.into(), &"native".into()));
        assert!(load(&answer)["cpu_seconds"].as_f64() > Some(0.0), "{answer}");
    }
    let served = plant.json(&["watch", "--once", "--interval", "0.1"]);
    for version in served["versions"].as_array().expect("versions") {
        assert_eq!((&version["succeeded"], &version["failed"]), (&120.into(), &0.into()));
    }
    let bad = plant.file("bad.csv", "speed,humidity\n1,20\nfast,20\n");
    for (rows, more, named) in [
        (&bad, &[][..], "row 2"),
        (&bad, &["--rows-per-request", "2"], "row 2"),
        (&runs, &["--rows-per-request", "500"], "500"),
        (&notes, &[], "speed"),
    ] {
        let output = plant.run(&bench("press", &[&["--rows", arg(rows)], more].concat()));
        assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
        assert!(stderr(&output).contains(named), "{named}: {}", stderr(&output));
    }
}

#[test]
fn several_rates_are_a_table_and_a_picture() {
    let plant = plant();
    for (more, titles) in [
        (&["--rate", "500,1000,2000"][..], &["requests a second that were due", "p99.9"][..]),
        (&["--rate", "1000"], &["share of the requests", "90 %"]),
        (&[], &["share of the requests", "90 %"]),
    ] {
        let file = plant.folder.path().join("load.svg");
        let output = plant.run(&bench("press", &[more, &["--plot", arg(&file)]].concat()));
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stdout(&output).contains("press at 127.0.0.1:"), "{}", stdout(&output));
        let picture = std::fs::read_to_string(&file).expect("a picture");
        let texts: Vec<_> = roxmltree::Document::parse(&picture)
            .expect("well-formed XML")
            .descendants()
            .filter_map(|node| node.text().map(str::to_owned))
            .collect();
        for title in titles {
            assert!(texts.iter().any(|text| text == title), "{title}: {texts:?}");
        }
    }
}

#[test]
fn what_cannot_be_measured_is_told_before_any_load() {
    let plant = plant();
    for (args, code, named) in [
        (bench("oven", &[]), 1, "oven"),
        (bench("press@7", &[]), 1, "7"),
        (bench("press", &["--rows", "no-such-file.csv"]), 74, "no-such-file.csv"),
        (bench("press", &["--rows-per-request", "900000000"]), 64, "--rows-per-request"),
        (bench("press", &["--rows-per-request", "1000000", "--deadline", "0"]), 64, "--deadline"),
    ] {
        let output = plant.run(&args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(named), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    // Port 1 is reserved; nothing listens there.
    let output = run(&bench("press", &["--predictor", "127.0.0.1:1"]));
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("127.0.0.1:1"), "{}", stderr(&output));
}

/// Waits until `is_so`, which asks and so takes its time.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what}");
    }
}

/// An endless load, and what it says.
struct Endless {
    process: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Endless {
    /// Starts it, and waits until some of it was answered: more than are in flight.
    fn start(plant: &Plant, more: &[&str]) -> Self {
        let args = ["bench", "--model", "press", "--duration", "86400", "--warmup", "0"];
        let args = [&args[..], &["--concurrency", "4", "--output", "json"], more].concat();
        let mut command = plant.client(&args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("it runs");
        let mut said = BufReader::new(process.stderr.take().expect("piped")).lines();
        let first = said.next().expect("a line").expect("readable");
        assert!(first.starts_with("measuring"), "{first}");
        until("something is answered", || {
            let served = plant.json(&["watch", "--once", "--interval", "0.1"]);
            let versions = served["versions"].as_array().expect("versions").iter();
            versions.filter_map(|version| version["succeeded"].as_u64()).sum::<u64>() > 20
        });
        Self { process, said }
    }

    /// Waits until it says `word`.
    fn says(&mut self, word: &str) {
        let mut lines = self.said.by_ref().map(|line| line.expect("readable"));
        assert!(lines.any(|line| line.contains(word)), "it ended without {word}");
    }

    /// Stops it with Ctrl-C, and takes what it prints.
    fn stop(self) -> Value {
        signal("-INT", &self.process);
        // Few lines: the pipe holds them.
        let output = self.process.wait_with_output().expect("a child of ours");
        assert_eq!(output.status.code(), Some(130));
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
        assert_eq!(answer["ending"], "cut_short");
        answer
    }
}

#[test]
fn ctrl_c_ends_it_with_what_was_measured() {
    let plant = plant();
    for more in [&["--stream"][..], &["--rate", "300,600"], &[]] {
        let answer = Endless::start(&plant, more).stop();
        assert!(load(&answer)["answered"].as_u64().is_some_and(|n| n >= 1), "{answer}");
    }
}

#[test]
fn a_server_that_goes_away_half_way_is_told_and_counted() {
    let plant = plant();
    let ways = [&["--rate", "300"][..], &["--stream"], &[]];
    let mut loads: Vec<_> = ways.iter().map(|more| Endless::start(&plant, more)).collect();
    plant.server.kill();
    loads.iter_mut().for_each(|load| load.says("UNAVAILABLE"));
    for load_of_one in loads {
        let answer = load_of_one.stop();
        let load = load(&answer);
        assert!(load["answered"].as_u64().is_some_and(|n| n >= 1), "{answer}");
        let failures = load["failures"].as_array().expect("failures");
        assert!(failures.iter().any(|failure| failure["code"] == "UNAVAILABLE"), "{answer}");
        let sum: u64 = failures.iter().filter_map(|failure| failure["count"].as_u64()).sum();
        assert_eq!(load["failed"], sum, "{answer}");
    }
}

#[test]
fn a_load_of_which_nothing_is_answered_exits_with_69() {
    let plant = plant();
    // Infinite as a float of 32 bits, which the predictor refuses.
    let rows = plant.file("far.csv", "speed,humidity\n1e300,20\n");
    for (more, code) in [(&[][..], "INVALID_ARGUMENT"), (&["--stream"], "IN_BAND")] {
        let args = [&["--rows", arg(&rows), "--output", "json"], more].concat();
        let output = plant.run(&bench("press", &args));
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        assert_eq!(stderr(&output).matches(code).count(), 1, "{}", stderr(&output));
        let answer = serde_json::from_slice(&output.stdout).expect("JSON alone");
        let failures = &load(&answer)["failures"];
        assert_eq!((&failures[0]["code"], &failures[0]["count"]), (&code.into(), &60.into()));
    }
}
