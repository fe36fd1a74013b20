//! The whole path, from data to an alias, as a script walks it.

mod program;

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use program::{Plant, arg, notes, runs, signal, stderr, stdout};
use serde_json::{Value, json};

#[test]
fn data_is_uploaded_once_and_described() {
    let plant = Plant::start();
    let file = plant.file("runs.csv", &runs());
    let first = plant.json(&["dataset", "upload", arg(&file)]);
    let again = plant.json(&["dataset", "upload", arg(&file)]);
    assert_eq!(first["digest"], again["digest"]);
    assert_eq!((&first["n_rows"], &first["format"]["delimiter"]), (&json!(80), &json!(",")));
    let speed = &first["columns"][0];
    assert_eq!((&speed["name"], &speed["kind"]), (&json!("speed"), &json!("numeric")));
    assert_eq!((&speed["n_missing"], &speed["first_text_line"]), (&json!(0), &json!(null)));
    let all = plant.json(&["dataset", "ls"]);
    assert_eq!(all.as_array().map(Vec::len), Some(1));
    let digest = first["digest"].as_str().expect("a digest");
    assert_eq!(plant.json(&["dataset", "show", digest])["n_rows"], 80);
}

#[test]
fn training_tells_what_was_learned_and_serves_it() {
    let plant = Plant::start();
    let file = plant.file("runs.csv", &runs());
    let trained = plant.json(&[
        "train",
        arg(&file),
        "--model",
        "press",
        "--target",
        "label",
        "--split-column",
        "fold",
        "--alias",
        "production",
    ]);
    assert_eq!((&trained["model"], &trained["version"]), (&json!("press"), &json!(1)));
    assert_eq!(trained["classes"], json!(["bad", "good"]));
    assert_eq!((&trained["n_train"], &trained["n_test"]), (&json!(64), &json!(16)));
    assert_eq!(trained["accuracy"], 1.0);
    assert_eq!(trained["constant_columns"], json!(["hall"]));
    assert_eq!(trained["n_without_target"], 0);
    assert_eq!(trained["converged"], true);
    assert_eq!(trained["promotion"]["serving"], true, "{trained}");
    for number in ["macro_f1", "log_loss", "iterations", "seconds"] {
        assert!(trained[number].is_number(), "{number}: {trained}");
    }

    let rows = trained["confusion"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row.as_array().is_some_and(|row| row.len() == 2)), "{trained}");

    let job = trained["job"].as_str().expect("an id");
    let shown = stdout(&plant.run(&["job", "show", job]));
    assert!(!shown.contains("failure"), "{shown}");
    assert!(shown.lines().last().is_some_and(|line| line.ends_with("press@1")), "{shown}");
    for command in [["job", "show", job], ["job", "watch", job]] {
        assert_eq!(plant.json(&command)["state"], "succeeded");
    }
    assert_eq!(plant.json(&["job", "ls"]).as_array().map(Vec::len), Some(1));
    assert_eq!(plant.json(&["model", "show", "press@production"])["digest"], trained["digest"]);

    let served = plant.feed(&["predict", "press", "-"], "speed,humidity,hall\n0.5,20,3\n");
    assert!(stdout(&served).contains("good"), "{}", stderr(&served));
}

#[test]
fn the_same_training_again_is_a_new_version_with_the_same_digest() {
    let plant = Plant::start();
    let file = plant.file("notes.csv", &notes());
    let train = |data: &str| {
        plant.json(&["train", data, "--model", "notes", "--target", "trade", "--text", "note"])
    };
    let first = train(arg(&file));
    let second = train(first["dataset"].as_str().expect("a digest"));
    assert_eq!((&first["version"], &second["version"]), (&json!(1), &json!(2)));
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(first["promotion"], Value::Null);

    let set = plant.json(&["alias", "set", "notes", "staging", "2"]);
    assert_eq!((&set["version"], &set["serving"]), (&json!(2), &json!(true)));
    plant.json(&["alias", "set", "notes", "staging", "1"]);
    let history = plant.json(&["alias", "history", "notes"]);
    assert_eq!((&history[0]["from_version"], &history[0]["to_version"]), (&json!(2), &json!(1)));
    assert_eq!(history[1]["from_version"], Value::Null);
    let model = plant.json(&["model", "show", "notes"]);
    assert_eq!(model["versions"].as_array().map(Vec::len), Some(2));
    assert_eq!(plant.json(&["model", "ls"])[0]["latest_version"], 2);
}

#[test]
fn ctrl_c_leaves_the_job_alone_and_says_how_to_follow_it() {
    let plant = Plant::start();
    let file = plant.file("runs.csv", &runs());
    // At a constant rate the steps never settle: it has not ended when Ctrl-C comes, however late.
    let train = ["train", arg(&file), "--model", "press", "--target", "label"];
    let endless = ["--solver", "sgd", "--schedule", "constant", "--max-iter", "4294967295"];
    let more = ["--features", "speed,humidity", "--tolerance", "1e-300"];
    let mut client = plant.client(&[&train[..], &endless, &more].concat());
    let mut client = client.stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut lines = BufReader::new(client.stderr.take().expect("piped")).lines();
    let mut told = || lines.next().expect("a line").expect("readable");
    let job = loop {
        if let Some(job) = told().strip_prefix("job ") {
            break job.to_owned();
        }
    };
    signal("-INT", &client);
    assert_eq!(client.wait().expect("a child of ours").code(), Some(130));
    let told = lines.find_map(|line| line.ok().filter(|line| line.contains("job watch")));
    let told = told.expect("how to follow it");
    for command in ["watch", "cancel"] {
        assert!(told.contains(&format!("job {command} {job}")), "{told}");
    }
    let state = plant.json(&["job", "show", &job])["state"].clone();
    assert!(["queued", "running"].contains(&state.as_str().expect("a text")), "{state}");
    assert_eq!(plant.json(&["job", "cancel", &job])["state"], "cancelled");
}

#[test]
fn what_was_made_outlives_the_process() {
    let plant = Plant::start();
    let file = plant.file("notes.csv", &notes());
    plant.json(&[
        "train",
        arg(&file),
        "--model",
        "notes",
        "--target",
        "trade",
        "--text",
        "note",
        "--alias",
        "production",
    ]);
    let Plant { server, folder } = plant;
    server.terminate();
    assert_eq!(server.ended().code(), Some(0));
    let plant = Plant::start_on(folder);
    let set = plant.json(&["alias", "set", "notes", "production", "1"]);
    assert_eq!(set["serving"], true);
    assert_eq!(plant.json(&["job", "ls"])[0]["state"], "succeeded");
}

#[test]
fn bad_data_is_refused_with_what_and_where() {
    let plant = Plant::start();
    for (name, text, code, named) in [
        ("empty.csv", "", 65, "empty"),
        ("ragged.csv", "a,b\n1,2\n3\n", 65, "line 3"),
        ("quote.csv", "a,b\n\"1,2\n3,4\n", 65, "quote"),
    ] {
        let file = plant.file(name, text);
        let output = plant.run(&["dataset", "upload", arg(&file)]);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(named), "{name}: {}", stderr(&output));
    }
    let output = plant.run(&["dataset", "upload", "no-such-file.csv"]);
    assert_eq!(output.status.code(), Some(74));
    assert!(stderr(&output).contains("no-such-file.csv"));
    assert_eq!(plant.json(&["dataset", "ls"]), json!([]), "nothing was kept");
}

#[test]
fn a_column_that_does_not_fit_is_told_with_the_flag_that_names_it() {
    let plant = Plant::start();
    let file = plant.file("notes.csv", &notes());
    let train = ["train", arg(&file), "--model", "notes", "--target"];
    for (more, flag) in [
        (&["colour"][..], "--target"),
        (&["trade", "--text", "colour"], "--text"),
        (&["trade", "--features", "note"], "--features"),
        (&["trade"], "--features"),
        (&["trade", "--text", "note", "--split-column", "colour"], "--split-column"),
    ] {
        let output = plant.run(&[&train, more].concat());
        assert_eq!(output.status.code(), Some(65), "{more:?}: {}", stderr(&output));
        let told = stderr(&output);
        assert!(told.contains(&format!("error: {flag}: ")), "{more:?}: {told}");
        assert!(!told.contains("spec."), "{more:?}: {told}");
    }
}

#[test]
fn a_training_is_told_with_its_confusion_matrix() {
    let plant = Plant::start();
    let file = plant.file("runs.csv", &runs());
    let train = ["train", arg(&file), "--model", "press", "--target", "label"];
    let output = plant.run(&[&train[..], &["--features", "speed,humidity"]].concat());
    assert!(stdout(&output).contains("true \\ predicted"), "{}", stdout(&output));
}

#[test]
fn a_training_that_cannot_succeed_says_why() {
    let plant = Plant::start();
    let file = plant.file("runs.csv", &runs());
    let one_class = plant.file("one.csv", "a,label\n1,x\n2,x\n3,x\n4,x\n5,x\n");
    for (file, target, named) in [(&file, "colour", "colour"), (&one_class, "label", "class")] {
        let output = plant.run(&["train", arg(file), "--model", "press", "--target", target]);
        assert!(matches!(output.status.code(), Some(1 | 65)), "{}", stderr(&output));
        assert!(stderr(&output).contains(named), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    assert_eq!(plant.json(&["model", "ls"]), json!([]));
}
