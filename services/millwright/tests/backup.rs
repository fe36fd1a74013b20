//! `backup` and `restore`: what a plant knows, in another folder, bit for bit.

mod program;

use std::{fs, path::Path};

use program::{Plant, arg, run, runs, stderr};
use serde_json::Value;

/// A plant with one model of two versions.
fn plant() -> Plant {
    let plant = Plant::start();
    let data = plant.file("runs.csv", &runs());
    let recipe = ["train", arg(&data), "--model", "press", "--target", "label"];
    for seed in ["1", "2"] {
        let more = ["--split-column", "fold", "--seed", seed, "--alias", "production"];
        plant.json(&[&recipe[..], &more].concat());
    }
    plant
}

fn backup(from: &Path, to: &Path) -> std::process::Output {
    run(&["backup", "--data-dir", arg(from), "--to", arg(to), "--output", "json"])
}

/// What a plant says of its model: versions, with digests, scores and lineage; and predictions.
fn told(plant: &Plant) -> (Value, Vec<u8>) {
    let rows = plant.file("rows.csv", "speed,humidity,hall\n0.5,20,3\n7.5,22,3\n");
    let predicted = plant.run(&["predict", "press", arg(&rows)]);
    assert!(predicted.status.success(), "{}", stderr(&predicted));
    (plant.json(&["model", "versions", "press"]), predicted.stdout)
}

#[test]
fn a_backup_of_a_plant_that_works_is_restored_to_the_same_plant() {
    let plant = plant();
    let before = told(&plant);
    let saved = plant.folder.path().join("saved");
    let made = backup(&plant.folder.path().join("data"), &saved);
    assert!(made.status.success(), "{}", stderr(&made));
    let answer: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert_eq!(answer["services"][0]["service"], "trainer");
    assert_eq!(answer["services"][0]["objects"], 1);
    assert_eq!(answer["services"][1]["objects"], 2);

    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let restored = run(&["restore", arg(&saved), "--data-dir", arg(&data)]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    let again = Plant::start_on(folder);
    let shown = again.run(&["alias", "set", "press", "production", "2"]);
    assert!(shown.status.success(), "the predictor has it: {}", stderr(&shown));
    assert_eq!(told(&again), before);
}

#[test]
fn a_copy_that_cannot_be_whole_leaves_nothing() {
    let plant = plant();
    let place = tempfile::tempdir().expect("a folder");
    let data = plant.folder.path().join("data");
    let refused = |from: &Path, to: &Path, code: i32, why: &str| {
        let made = backup(from, to);
        assert_eq!(made.status.code(), Some(code), "{}", stderr(&made));
        assert!(stderr(&made).contains(why), "{}", stderr(&made));
    };
    refused(place.path(), &place.path().join("to"), 65, "holds no registry and no trainer");
    refused(&data, &data, 73, "is there already");
    assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 0, "nothing is left");

    let digests = data.join("registry/artifacts/sha256");
    let shelf = fs::read_dir(digests).expect("there").next().expect("one").expect("readable");
    let artifact = fs::read_dir(shelf.path()).expect("there").next().expect("one").expect("read");
    fs::remove_file(artifact.path()).expect("ours");
    fs::write(artifact.path(), "other bytes").expect("ours");
    refused(&data, &place.path().join("to"), 65, "damaged");
    assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 0, "nothing is left");
}
