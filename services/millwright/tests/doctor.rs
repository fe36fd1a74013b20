//! `doctor` says what keeps an installation from working.

mod program;

use std::{fs, net::TcpListener, path::Path};

use program::{Plant, arg, millwright};
use serde_json::Value;

/// What it says of each thing, `fine` where nothing is wrong, and what it exits with.
fn doctor(data_dir: &Path, addresses: [&str; 3]) -> (Vec<Value>, Option<i32>) {
    let [registry, trainer, predictor] = addresses;
    let mut command = millwright(&["doctor", "--data-dir", arg(data_dir), "--output", "json"]);
    command.args(["--registry", registry, "--trainer", trainer, "--predictor", predictor]);
    let output = command.output().expect("the program runs");
    (serde_json::from_slice(&output.stdout).expect("JSON"), output.status.code())
}

fn state<'a>(findings: &'a [Value], what: &str) -> &'a str {
    let finding = findings.iter().find(|finding| finding["what"] == what);
    finding.expect("looked at")["state"].as_str().expect("a text")
}

#[test]
fn a_plant_that_works_has_no_problem() {
    let plant = Plant::start();
    let addresses = ["registry", "trainer", "predictor"].map(|name| plant.server.address(name));
    let data = plant.folder.path().join("data");
    let (findings, exit) = doctor(&data, addresses.each_ref().map(String::as_str));
    for what in ["registry", "trainer", "predictor", "clock", "registry's data", "release"] {
        assert_eq!(state(&findings, what), "fine", "{findings:#?}");
    }
    assert_eq!(exit, Some(0), "{findings:#?}");
}

#[test]
fn what_is_wrong_is_found() {
    let place = tempfile::tempdir().expect("a folder");
    fs::create_dir(place.path().join("registry")).expect("ours");
    fs::write(place.path().join("registry/format"), "millwright registry 99\n").expect("ours");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = other.local_addr().expect("bound").to_string();
    // Port 1 is nobody's; a name that ends in `.invalid` never resolves (RFC 6761).
    let (findings, exit) = doctor(place.path(), [&taken, "127.0.0.1:1", "plant.invalid:7402"]);
    assert_eq!(state(&findings, "registry"), "problem", "another program has its port");
    assert_eq!(state(&findings, "trainer"), "warning", "it is not there: {findings:#?}");
    assert_eq!(state(&findings, "predictor"), "problem", "nobody knows its address");
    assert_eq!(state(&findings, "registry's data"), "problem", "of a later release");
    assert_eq!(exit, Some(1));
    let advice = findings.iter().filter(|finding| finding["state"] != "fine");
    assert!(advice.clone().all(|finding| finding["advice"] != ""), "{findings:#?}");
}
