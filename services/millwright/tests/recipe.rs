//! Recipes: what flags of `train` make of data.

mod program;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use program::{Plant, arg, notes, runs, stderr, stdout};
use serde_json::{Value, json};

/// Orders whose cause is in the text or in the number, never in both alone.
fn orders() -> String {
    let mut table = String::from("note,load,shift,cause\n");
    for i in 0..120 {
        let (note, load, cause) = match i % 3 {
            0 => ("液压缸漏油", 20 + i % 5, "hydraulics"),
            1 => ("电机跳闸", 20 + i % 5, "electrical"),
            _ => ("设备异响", 90 + i % 5, "overload"),
        };
        writeln!(table, "{note} {i},{load},{},{cause}", i % 2).expect("memory");
    }
    table
}

fn train(plant: &Plant, data: &str, more: &[&str]) -> Value {
    plant.json(&[&["train", data, "--model", "m"], more].concat())
}

#[test]
fn a_text_and_numbers_make_one_model() {
    let plant = Plant::start();
    let file = plant.file("orders.csv", &orders());
    let flags = [
        "--target",
        "cause",
        "--text",
        "note",
        "--features",
        "all",
        "--vectorizer",
        "tfidf",
        "--analyzer",
        "char",
        "--ngrams",
        "1,2",
        "--min-df",
        "2",
        "--alias",
        "production",
    ];
    let trained = train(&plant, arg(&file), &flags);
    assert_eq!(trained["accuracy"], 1.0, "{trained}");
    let shown = plant.json(&["model", "show", "m@1"]);
    let input = &shown["lineage"]["spec"]["pipeline"]["input"]["mixed"];
    assert_eq!(input["text"]["vectorizer"]["weighting"], "tfidf");
    assert_eq!(input["text"]["vectorizer"]["ngrams"], json!({"min": 1, "max": 2}));
    let row = "{\"note\":\"异响\",\"load\":92,\"shift\":1}\n";
    let output = plant.feed(&["predict", "m", "-"], row);
    assert!(stdout(&output).contains("overload"), "{}", stderr(&output));
}

#[test]
fn components_solvers_and_curves_are_told() {
    let plant = Plant::start();
    let file = plant.file("runs.csv", &runs());
    let flags = [
        "--target",
        "label",
        "--features",
        "speed,humidity",
        "--pca",
        "1",
        "--solver",
        "adam",
        "--max-iter",
        "40",
        "--validation",
        "0.2",
        "--class-weight",
        "balanced",
    ];
    let trained = train(&plant, arg(&file), &flags);
    assert_eq!((&trained["n_features"], &trained["n_components"]), (&json!(2), &json!(1)));
    assert!(trained["n_validation"].as_u64().is_some_and(|n| n > 0), "{trained}");
    let curve = trained["curve"].as_array().expect("a curve");
    assert!(!curve.is_empty() && curve[0]["validation"]["accuracy"].is_number(), "{trained}");
    let digest = trained["dataset"].as_str().expect("a digest");
    let again = plant.run(&[&["train", digest, "--model", "m"], &flags[..]].concat());
    let told = stdout(&again);
    for line in ["loss ", "validation ", "as 1 components"] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn a_target_that_is_reached_ends_the_training() {
    let plant = Plant::start();
    let file = plant.file("runs.csv", &runs());
    let split = ["--target", "label", "--split-column", "fold"];
    let flags = [&split[..], &["--target-metric", "accuracy=0.6", "--tolerance", "1e-12"]].concat();
    let trained = train(&plant, arg(&file), &flags);
    assert_eq!(trained["stopped"], "target_metric", "{trained}");
}

#[test]
fn what_the_trainer_refuses_is_told_by_its_flag() {
    let plant = Plant::start();
    let file = plant.file("notes.csv", &notes());
    let train = ["train", arg(&file), "--model", "notes", "--target", "trade"];
    for (more, flag) in [
        (&["--text", "colour", "--features", "all"][..], "--text"),
        (&["--text", "note", "--features", "colour"], "--features"),
        (&["--text", "note", "--pca", "1000"], "--pca"),
        (&["--text", "note", "--svd", "1000"], "--svd"),
    ] {
        let output = plant.run(&[&train, more].concat());
        assert_eq!(output.status.code(), Some(65), "{more:?}: {}", stderr(&output));
        let told = stderr(&output);
        assert!(told.contains(&format!("error: {flag}: ")), "{more:?}: {told}");
    }
}

#[test]
fn a_job_that_is_called_off_says_so_to_whoever_follows_it() {
    let plant = Plant::start();
    let mut table = String::from("a,b,label\n");
    for i in 0..60_000_u32 {
        let noise = i.wrapping_mul(2_654_435_761) >> 8;
        writeln!(table, "{},{},{}", noise % 997, noise % 89, noise % 3).expect("memory");
    }
    let file = plant.file("large.csv", &table);
    let endless = ["--solver", "sgd", "--tolerance", "1e-300", "--max-iter", "1000000"];
    let train = ["train", arg(&file), "--model", "noise", "--target", "label"];
    let mut client = plant.client(&[&train[..], &endless].concat());
    let mut client = client.stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut lines = BufReader::new(client.stderr.take().expect("piped")).lines();
    let mut told = || lines.next().expect("a line").expect("readable");
    let job = loop {
        if let Some(job) = told().strip_prefix("job ") {
            break job.to_owned();
        }
    };
    assert_eq!(plant.json(&["job", "cancel", &job])["state"], "cancelled");
    assert_eq!(client.wait().expect("a child of ours").code(), Some(1));
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains("was called off"))));
    assert_eq!(plant.json(&["job", "show", &job])["state"], "cancelled");
    assert_eq!(plant.json(&["model", "ls"]), json!([]));
}
