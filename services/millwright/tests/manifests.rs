//! docker-compose.yml, the Dockerfile and k8s/ say only what the program and its metrics know.

mod program;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use program::{arg, millwright, run, stderr, stdout};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The files that deploy Millwright, with their texts.
fn manifests() -> Vec<(PathBuf, String)> {
    let mut files = vec![];
    for name in ["Dockerfile", "docker-compose.yml", "k8s", "docs/monitoring/compose"] {
        below(&Path::new(ROOT).join(name), &mut files);
    }
    assert!(files.len() > 15, "they are there: {files:?}");
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a text");
    files.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

fn below(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        return files.push(path.to_owned());
    }
    for entry in fs::read_dir(path).expect("a folder") {
        below(&entry.expect("readable").path(), files);
    }
}

/// Words of `text` that begin with `start`, of which the rest is as in an identifier.
fn words<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(start).map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        &rest[..end.unwrap_or(rest.len())]
    })
}

fn help_of_services() -> String {
    ["registry", "trainer", "predictor"].map(|name| stdout(&run(&[name, "--help"]))).concat()
}

#[test]
fn every_variable_is_a_setting_of_a_service() {
    let help = help_of_services();
    let known: BTreeSet<_> = words(&help, "MILLWRIGHT_").collect();
    let mut n = 0;
    for (path, text) in manifests() {
        for word in words(&text, "MILLWRIGHT_") {
            assert!(known.contains(word), "{}: {word} is no setting", path.display());
            n += 1;
        }
    }
    assert!(n > 10, "there are some: {n}");
}

#[test]
fn every_series_of_a_query_is_documented() {
    let documented = fs::read_to_string(Path::new(ROOT).join("docs/monitoring/README.md"));
    let documented = documented.expect("the tables");
    let known: BTreeSet<_> = words(&documented, "millwright_").collect();
    let mut n = 0;
    for (path, text) in manifests() {
        for word in words(&text, "millwright_").filter(|word| *word != "millwright_queue_seconds") {
            let histogram = word.trim_end_matches("_sum").trim_end_matches("_bucket");
            assert!(known.contains(histogram), "{}: {word} is not exported", path.display());
            n += 1;
        }
    }
    assert!(n > 1, "there are some: {n}");
}

#[test]
fn the_settings_of_the_base_are_accepted_by_each_service() {
    let file = Path::new(ROOT).join("k8s/base/millwright.toml");
    let text = fs::read_to_string(&file).expect("the settings");
    let folder = tempfile::tempdir().expect("a folder");
    for service in ["registry", "trainer", "predictor"] {
        assert!(text.contains(&format!("\n[{service}]\n")), "no settings of the {service}");
        // Below a file nobody can make a folder: the last thing that is looked at, after all settings.
        let nowhere = folder.path().join("file").join("below");
        fs::write(folder.path().join("file"), "").expect("writable");
        let (metrics, port) = ("--metrics=127.0.0.1:0", format!("--{service}=127.0.0.1:0"));
        let mut command = millwright(&[service, "--config", arg(&file), metrics, &port]);
        if service == "predictor" {
            command.args(["--rest", "off"]);
        }
        let output = command.args(["--data-dir", arg(&nowhere)]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(73), "{service}: {}", stderr(&output));
    }
}

#[test]
fn a_variable_that_is_no_setting_ends_the_program_with_what_to_do() {
    for (name, advice) in [
        ("MILLWRIGHT_DRAN", "MILLWRIGHT_DRAIN"),
        ("MILLWRIGHT_REGISTRY_PORT", "enableServiceLinks"),
    ] {
        let output = millwright(&["predictor"]).env(name, "5").output().expect("it runs");
        assert_eq!(output.status.code(), Some(64));
        let last = stderr(&output).lines().last().unwrap_or_default().to_owned();
        assert!(last.contains(name) && last.contains(advice), "{last}");
    }
}
