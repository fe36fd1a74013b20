//! Models and versions: tagged, compared, drawn, pulled, deleted.

mod program;

use std::fs;

use millwright_domain::Digest;
use program::{Plant, arg, notes, runs, stderr, stdout};
use roxmltree::Document;
use serde_json::{Value, json};

/// A plant with two versions of `press`, of which `production` is the first.
fn plant() -> Plant {
    let plant = Plant::start();
    let file = plant.file("runs.csv", &runs());
    let train = ["train", arg(&file), "--model", "press", "--target", "label"];
    let train = [&train[..], &["--split-column", "fold"]].concat();
    plant.json(&[&train[..], &["--alias", "production"]].concat());
    plant.json(&[&train[..], &["--scale", "none", "--validation", "0.2"]].concat());
    plant
}

#[test]
fn models_are_found_by_their_tags() {
    let plant = plant();
    let file = plant.file("notes.csv", &notes());
    plant.json(&["train", arg(&file), "--model", "notes", "--target", "trade", "--text", "note"]);
    let tagged = plant.json(&["model", "tag", "press", "line=2", "owner=王工"]);
    assert_eq!(tagged["tags"], json!({"line": "2", "owner": "王工"}));
    plant.json(&["model", "tag", "notes", "line=2"]);
    let names = |tags: &[&str]| {
        let tags = tags.iter().flat_map(|tag| ["--tag", tag]);
        let listed = plant.json(&["model", "ls"].into_iter().chain(tags).collect::<Vec<_>>());
        let listed = listed.as_array().expect("a list").clone();
        listed
            .into_iter()
            .filter_map(|m| m["model"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["notes", "press"]);
    assert_eq!(names(&["line=2"]), ["notes", "press"]);
    assert_eq!(names(&["line=2", "owner=王工"]), ["press"]);
    plant.json(&["model", "tag", "press", "--remove", "line", "--remove", "gone"]);
    assert_eq!(names(&["line=2"]), ["notes"]);
    plant.json(&["model", "tag", "press@production", "approved=yes"]);
    let versions = plant.json(&["model", "versions", "press"]);
    assert_eq!((&versions[0]["version"], &versions[0]["tags"]), (&json!(2), &json!({})));
    assert_eq!(versions[1]["tags"], json!({"approved": "yes"}));
    let output = plant.run(&["model", "tag", "press"]);
    assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
}

#[test]
fn a_model_is_shown_with_what_is_served() {
    let plant = plant();
    let shown = plant.json(&["model", "show", "press"]);
    assert_eq!(shown["latest_version"], 2);
    assert_eq!(shown["versions"].as_array().map(Vec::len), Some(2));
    let served = &shown["served"][0];
    assert_eq!((&served["alias"], &served["version"]), (&json!("production"), &json!(1)));
    assert_eq!(served["problem"], Value::Null);
    let version = stdout(&plant.run(&["model", "show", "press@1"]));
    for part in ["as production", "--scale standard", "converged", "loss "] {
        assert!(version.contains(part), "{part}: {version}");
    }
    // Without a predictor, the registry's part of the answer stands.
    let away = plant.run(&["model", "show", "press", "--predictor", "127.0.0.1:1"]);
    assert!(away.status.success(), "{}", stderr(&away));
    assert!(stderr(&away).contains("127.0.0.1:1"), "{}", stderr(&away));
    assert!(stdout(&away).contains("VERSION"), "{}", stdout(&away));
}

#[test]
fn versions_are_compared_line_by_line() {
    let plant = plant();
    let compared = plant.json(&["model", "compare", "press@production", "press@2"]);
    assert_eq!((&compared["a"]["version"], &compared["b"]["version"]), (&json!(1), &json!(2)));
    let differences = compared["differences"].as_array().expect("names");
    for name in ["digest", "--scale", "--validation", "trained on"] {
        assert!(differences.contains(&json!(name)), "{name}: {differences:?}");
    }
    for name in ["data set", "--target", "--solver", "--split-column"] {
        assert!(!differences.contains(&json!(name)), "{name}: {differences:?}");
    }
    assert_eq!(compared["same_test_rows"], true);
    let shown = stdout(&plant.run(&["model", "compare", "press@1", "press@2"]));
    let scale = shown.lines().find(|line| line.starts_with("--scale ")).expect("a line");
    let cells: Vec<_> = scale.split_whitespace().collect();
    assert_eq!(cells, ["--scale", "standard", "none", "differs"]);
    assert!(!shown.contains("different rows"), "{shown}");
}

#[test]
fn a_curve_is_a_picture_that_is_well_formed() {
    let plant = plant();
    let file = plant.folder.path().join("curve.svg");
    let output = plant.run(&["model", "curve", "press@2", "--svg", arg(&file)]);
    assert!(output.status.success(), "{}", stderr(&output));
    for line in ["loss, nats a row: training", "loss, nats a row: validation", "accuracy"] {
        assert!(stdout(&output).contains(line), "{line}: {}", stdout(&output));
    }
    let picture = fs::read_to_string(&file).expect("the picture");
    let document = Document::parse(&picture).expect("well-formed XML");
    let lines = document.descendants().filter(|node| node.has_tag_name("polyline")).count();
    assert_eq!(lines, 8, "two lines in each of two panels, and their legends");
    let curve = plant.json(&["model", "curve", "press@2"]);
    assert!(curve["curve"].as_array().is_some_and(|points| !points.is_empty()), "{curve}");
    let nowhere = plant.folder.path().join("no-such-folder/curve.svg");
    let output = plant.run(&["model", "curve", "press@2", "--svg", arg(&nowhere)]);
    assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
}

#[test]
fn an_artifact_is_pulled_whole_and_goes_on_where_it_ended() {
    let plant = plant();
    let file = plant.folder.path().join("press.safetensors");
    let pull = ["model", "pull", "press@2", "--to", arg(&file)];
    let pulled = plant.json(&pull);
    let bytes = fs::read(&file).expect("the artifact");
    let digest = Digest::of(&bytes);
    assert_eq!(pulled["digest"], digest.to_string());
    assert_eq!(pulled["size_bytes"], bytes.len());

    let part = file.with_extension(format!("safetensors.{}.part", &digest.hex()[..12]));
    for (held, why) in [
        (bytes[..100].to_vec(), "its beginning is there"),
        (bytes.clone(), "all of it is there"),
        ([&bytes[..], &bytes].concat(), "more than it is there"),
    ] {
        fs::remove_file(&file).expect("it is there");
        fs::write(&part, held).expect("a writable folder");
        plant.json(&pull);
        assert_eq!(fs::read(&file).expect("the artifact"), bytes, "{why}");
        assert!(!part.exists(), "{why}");
    }

    // What was there from before is not its beginning: nothing is kept, the next try succeeds.
    fs::write(&part, [0; 100]).expect("a writable folder");
    let output = plant.run(&pull);
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    assert!(stderr(&output).contains("digest") && !part.exists(), "{}", stderr(&output));
    plant.json(&pull);
}

#[test]
fn what_an_alias_points_to_is_not_deleted_and_nobody_is_asked_in_a_script() {
    let plant = plant();
    for what in ["press@2", "press"] {
        let output = plant.run(&["model", "delete", what]);
        assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
        assert!(stderr(&output).contains("--yes"), "{}", stderr(&output));
    }
    for what in ["press@1", "press"] {
        let output = plant.run(&["model", "delete", what, "--yes"]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("production"), "{}", stderr(&output));
    }
    assert_eq!(plant.json(&["model", "delete", "press@2", "--yes"])["version"], 2);
    assert_eq!(plant.json(&["model", "versions", "press"]).as_array().map(Vec::len), Some(1));

    plant.json(&["alias", "delete", "press", "production"]);
    let history = plant.json(&["alias", "history", "press"]);
    assert_eq!((&history[0]["from_version"], &history[0]["to_version"]), (&json!(1), &Value::Null));
    assert_eq!(plant.json(&["model", "delete", "press", "--yes"])["version"], Value::Null);
    assert_eq!(plant.json(&["model", "ls"]), json!([]));
}
