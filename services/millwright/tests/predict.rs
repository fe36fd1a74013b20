//! Predicting files and endless input, row by row.

mod program;

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use program::{Plant, Server, arg, notes, runs, stderr, stdout};
use serde_json::{Value, json};

/// A plant that serves `press` (numbers) and `notes` (text).
fn plant() -> Plant {
    let plant = Plant::start();
    let (runs, notes) = (plant.file("runs.csv", &runs()), plant.file("notes.csv", &notes()));
    let promoted = ["--alias", "production"];
    let press = ["train", arg(&runs), "--model", "press", "--target", "label"];
    plant.json(&[&press, &["--features", "speed,humidity"][..], &promoted].concat());
    let notes = ["train", arg(&notes), "--model", "notes", "--target", "trade", "--text", "note"];
    plant.json(&[&notes[..], &promoted].concat());
    plant
}

/// The lines of JSON that a program has printed.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn csv_and_json_lines_get_the_same_answers() {
    let plant = plant();
    let predict = ["predict", "press", "-", "--output", "json"];
    let csv = plant.feed(&predict, "humidity,speed\n20,1\n21,6.5\n,0\n");
    assert!(csv.status.success(), "{}", stderr(&csv));
    let objects = "{\"speed\":1,\"humidity\":20}\n{\"speed\":6.5,\"humidity\":21}\n\
                   {\"speed\":0,\"humidity\":null}\n";
    let jsonl = plant.feed(&predict, objects);
    assert_eq!(stdout(&csv), stdout(&jsonl));
    let lines = lines(&stdout(&csv));
    let labels: Vec<_> = lines.iter().map(|line| &line["label"]).collect();
    assert_eq!(labels, ["good", "bad", "good"]);
    let sum: f64 =
        ["good", "bad"].iter().filter_map(|c| lines[0]["probabilities"][c].as_f64()).sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    assert_eq!((&lines[2]["row"], &lines[2]["version"]), (&json!(3), &json!(1)));
}

#[test]
fn columns_that_the_model_does_not_know_are_dropped_and_named_once() {
    let plant = plant();
    let objects = "{\"note\":\"pump leaking\",\"shift\":1}\n{\"note\":\"fuse\",\"shift\":2}\n";
    for input in ["note,shift\npump leaking,1\nfuse,2\n", objects] {
        let output = plant.feed(&["predict", "notes", "-", "--output", "json"], input);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output).matches("shift").count(), 1, "{}", stderr(&output));
        assert_eq!(lines(&stdout(&output))[0]["label"], "水力");
    }
}

#[test]
fn a_bad_row_prints_its_error_and_the_others_go_on() {
    let plant = plant();
    let mut input = String::from("speed,humidity\n");
    for row in 1..=1000 {
        let line = match row {
            300 => "fast,20",
            301 => "1",
            700 => "inf,20",
            _ => "1,20",
        };
        writeln!(input, "{line}").expect("memory");
    }
    let output = plant.feed(&["predict", "press", "-", "--output", "json"], &input);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("3 of 1000 rows"), "{}", stderr(&output));
    let lines = lines(&stdout(&output));
    assert_eq!(lines.len(), 1000);
    for (row, line) in (1_u64..).zip(&lines) {
        assert_eq!(line["row"], row);
        assert_eq!(line.get("error").is_some(), [300, 301, 700].contains(&row), "{line}");
    }
}

#[test]
fn a_row_that_only_the_predictor_can_refuse_harms_no_neighbour() {
    let plant = plant();
    let mut input = String::new();
    for row in 1..=600 {
        let speed = if row == 300 || row == 450 { "1e300" } else { "1" };
        writeln!(input, "{{\"speed\":{speed},\"humidity\":20}}").expect("memory");
    }
    let output = plant.feed(&["predict", "press", "-", "--output", "json"], &input);
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    let lines = lines(&stdout(&output));
    let bad = lines.iter().filter(|line| line.get("error").is_some());
    let rows: Vec<_> = bad.map(|line| line["row"].as_u64()).collect();
    assert_eq!(rows, [Some(300), Some(450)]);
    assert!(lines[299]["error"].as_str().is_some_and(|error| error.contains("speed")));
}

#[test]
fn answers_come_while_the_input_is_still_open() {
    let plant = plant();
    let mut client = plant.client(&["predict", "notes", "-", "--output", "json"]);
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs");
    let mut stdin = client.stdin.take().expect("piped");
    let mut answers = BufReader::new(client.stdout.take().expect("piped")).lines();
    stdin.write_all(b"note\n").expect("open");
    for note in ["pump leaking oil", "motor fuse"] {
        writeln!(stdin, "{note}").expect("open");
        let answer = answers.next().expect("an answer").expect("readable");
        assert!(answer.contains("\"label\""), "{answer}");
    }
    drop(stdin);
    assert!(client.wait().expect("a child of ours").success());
}

#[test]
fn a_predictor_that_goes_while_the_input_pauses_is_no_end_of_the_input() {
    for (end, how) in [(Server::terminate as fn(&Server), "terminated"), (Server::kill, "killed")] {
        let plant = plant();
        let mut client = plant.client(&["predict", "press", "-"]);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut client = client.spawn().expect("runs");
        let mut stdin = client.stdin.take().expect("piped");
        let mut answers = BufReader::new(client.stdout.take().expect("piped")).lines();
        stdin.write_all(b"{\"speed\":1,\"humidity\":20}\n").expect("open");
        answers.next().expect("an answer").expect("readable");
        end(&plant.server);
        // The input stays open: what ends the program is the predictor's end alone.
        let output = client.wait_with_output().expect("a child of ours");
        assert_eq!(output.status.code(), Some(69), "{how}: {}", stderr(&output));
        assert!(stderr(&output).contains("error: "), "{how}: {}", stderr(&output));
        drop(stdin);
    }
}

#[test]
fn what_cannot_be_predicted_at_all_is_refused() {
    let plant = plant();
    for (model, input, code, named) in [
        ("press", "speed\n1\n", 65, "humidity"),
        ("press", "", 65, "empty"),
        ("press", "[{\"speed\":1,\"humidity\":2}]", 65, "one object a line"),
        ("oven", "speed,humidity\n1,2\n", 1, "oven"),
        ("press@7", "speed,humidity\n1,2\n", 1, "7"),
        ("press@staging", "speed,humidity\n1,2\n", 1, "staging"),
    ] {
        let output = plant.feed(&["predict", model, "-"], input);
        assert_eq!(output.status.code(), Some(code), "{model}: {}", stderr(&output));
        assert!(stderr(&output).contains(named), "{model}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    let output = plant.run(&["predict", "press", "no-such-file.csv"]);
    assert_eq!(output.status.code(), Some(74));
    assert!(stderr(&output).contains("no-such-file.csv"));
}
