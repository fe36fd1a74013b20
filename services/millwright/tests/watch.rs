//! Watching a real predictor.

#![cfg(unix)]

mod program;

use std::{
    io::{BufRead, BufReader, Lines, Read, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

use program::{Plant, Server, arg, run, runs, signal, stderr, stdout, up};
use serde_json::Value;
use tempfile::TempDir;

/// A plant that serves `press`.
fn plant() -> Plant {
    let plant = Plant::start();
    let runs = plant.file("runs.csv", &runs());
    let train = ["train", arg(&runs), "--model", "press", "--target", "label"];
    plant.json(&[&train[..], &["--features", "speed,humidity", "--alias", "production"]].concat());
    plant
}

/// A watch that goes on until it is told to end.
struct Watch {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(plant: &Plant) -> Self {
        let mut command = plant.client(&["watch", "--interval", "0.1", "--output", "json"]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("it runs");
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        Self { process, lines }
    }

    /// The first look at which `is_so`.
    fn until(&mut self, mut is_so: impl FnMut(&Value) -> bool) -> Value {
        let looks = self.lines.by_ref().map(|line| {
            let line = line.expect("readable");
            serde_json::from_str::<Value>(&line).expect("a line of JSON")
        });
        // Far more than any machine needs.
        looks.take(1_200).find(|look| is_so(look)).expect("it is never so")
    }

    /// Ends it as Ctrl-C does.
    fn end(mut self) {
        signal("-INT", &self.process);
        assert_eq!(self.process.wait().expect("a child of ours").code(), Some(0));
    }
}

fn press(look: &Value) -> Option<&Value> {
    look["versions"].as_array()?.iter().find(|version| version["model"] == "press")
}

#[test]
fn what_is_predicted_is_seen() {
    let plant = plant();
    let mut watch = Watch::start(&plant);
    let idle = watch.until(|look| press(look).is_some());
    let idle = press(&idle).expect("press");
    assert_eq!((&idle["version"], &idle["aliases"][0]), (&1.into(), &"production".into()));
    assert_eq!(idle["succeeded"], 0);
    assert_eq!(idle["request_ms"]["p99"], Value::Null, "nothing was measured");
    let load = ["bench", "--model", "press", "--warmup", "0", "--requests", "40"];
    plant.json(&[&load[..], &["--rows-per-request", "3"]].concat());
    // Requests, rows and durations are counted one after the other, and so perhaps in two intervals.
    let mut seen = [false; 5];
    watch.until(|look| {
        let Some(press) = press(look) else { return false };
        let is_above = |value: &Value, least| value.as_f64().is_some_and(|value| value >= least);
        let now = [
            press["succeeded"] == 40,
            is_above(&press["requests_per_second"], f64::MIN_POSITIVE),
            is_above(&press["rows_per_second"], f64::MIN_POSITIVE),
            is_above(&press["mean_batch_rows"], 3.0),
            is_above(&press["request_ms"]["p50"]["ms"], f64::MIN_POSITIVE),
        ];
        seen.iter_mut().zip(now).for_each(|(seen, now)| *seen |= now);
        seen == [true; 5]
    });
    watch.end();
}

#[test]
fn a_predictor_that_goes_away_is_said_to_be_and_the_watch_goes_on_when_it_is_back() {
    let plant = plant();
    let mut watch = Watch::start(&plant);
    watch.until(|look| press(look).is_some());
    plant.server.kill();
    let away = watch.until(|look| !look["away"].is_null());
    let problem = away["away"]["problem"].as_str().expect("a text");
    assert!(problem.contains("could not be reached"), "{problem}");
    assert!(away["versions"].as_array().is_some_and(Vec::is_empty), "{away}");
    let once = plant.run(&["watch", "--once"]);
    assert_eq!(once.status.code(), Some(69));
    assert!(stdout(&once).contains("away since"), "{}", stdout(&once));
    let again = Again::start(plant);
    watch.until(|look| look["away"].is_null() && press(look).is_some());
    watch.end();
    drop(again);
}

/// A plant that was killed, on its folder and its ports again.
struct Again {
    _server: Server,
    _folder: TempDir,
}

impl Again {
    fn start(plant: Plant) -> Self {
        let Plant { server, folder } = plant;
        let data_dir = folder.path().join("data").display().to_string();
        let predictor = server.address("predictor");
        server.ended();
        let mut args = up(&data_dir).map(str::to_owned);
        let at = args.iter().position(|arg| arg == "--predictor").expect("a flag of `up`");
        args[at + 1] = predictor;
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        Self { _server: Server::start(&args), _folder: folder }
    }
}

#[test]
fn into_a_pipe_tables_come_one_after_the_other() {
    let plant = plant();
    let table = plant.run(&["watch", "--count", "2", "--interval", "0.1"]);
    assert!(table.status.success(), "{}", stderr(&table));
    assert_eq!(stdout(&table).matches("MODEL").count(), 2, "{}", stdout(&table));
    assert_eq!(stdout(&table).matches("production").count(), 2, "{}", stdout(&table));
    assert!(!stdout(&table).contains('\u{1b}'), "{}", stdout(&table));
}

/// `watch` on a terminal 60 columns wide, which `script` makes.
fn on_terminal(plant: &Plant, flags: &str) -> Command {
    let program = env!("CARGO_BIN_EXE_millwright");
    let predictor = plant.server.address("predictor");
    let watch = format!("{program} watch --interval 0.1 --predictor {predictor} {flags}");
    let mut command = Command::new("script");
    // `exec`, since a shell that stays would meet Ctrl-C too, and not every shell outlives it.
    command.args(["-qec", &format!("stty cols 60 rows 10; exec {watch}"), "/dev/null"]);
    command.env("SHELL", "/bin/sh");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The terminal has its screen and its cursor again, and the last table on it.
fn is_as_it_was(text: &str) {
    let (drawn, after) = text.split_once("\u{1b}[?1049l").expect("the other screen is left");
    assert_eq!(drawn.matches("\u{1b}[?1049h").count(), 1, "{text}");
    assert!(after.contains("\u{1b}[?25h") && after.contains("press"), "{after}");
}

#[test]
fn a_terminal_is_drawn_in_place_and_left_as_it_was() {
    let plant = plant();
    let output = on_terminal(&plant, "--count 3").output().expect("script runs");
    let text = stdout(&output);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("\u{1b}[1;1H").count(), 3, "each begins at the top: {text}");
    is_as_it_was(&text);
    assert!(text.contains("P50") && !text.contains("BATCH"), "60 columns hold some: {text}");
}

#[test]
fn ctrl_c_on_a_terminal_leaves_it_as_it_was() {
    let plant = plant();
    let mut process = on_terminal(&plant, "").spawn().expect("script runs");
    let mut keys = process.stdin.take().expect("piped");
    let mut screen = process.stdout.take().expect("piped");
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"MODEL") {
        screen.read_exact(&mut byte).expect("a table");
        text.extend(byte);
    }
    keys.write_all(b"\x03").expect("a terminal that listens");
    screen.read_to_end(&mut text).expect("the end");
    is_as_it_was(&String::from_utf8_lossy(&text));
    assert!(process.wait().expect("a child of ours").success());
}

#[test]
fn what_is_no_predictor_is_an_error() {
    let plant = plant();
    let registry = plant.server.address("registry");
    let output = run(&["watch", "--once", "--predictor", &registry]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains(&registry), "{}", stderr(&output));
}
