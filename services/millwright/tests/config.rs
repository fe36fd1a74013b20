//! Settings from a file: below flags and environment, and checked as these are.

mod program;

use std::{path::Path, process::Command};

use program::{arg, millwright, run, stderr, stdout};
use serde_json::Value;
use tempfile::TempDir;

/// Ports 1 and 2 are reserved; nothing listens there.
const SETTINGS: &str = "[client]\nregistry = \"127.0.0.1:1\"\noutput = \"json\"\n";

fn folder_with(settings: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("millwright.toml"), settings).expect("a writable folder");
    folder
}

/// `health registry` in `folder`: it says at which address nothing answers.
fn health(folder: &Path) -> Command {
    let mut command = millwright(&["health", "registry"]);
    command.current_dir(folder);
    command
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let folder = folder_with(SETTINGS);
    let asked = |command: &mut Command| {
        let output = command.output().expect("the program runs");
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        let states: Value = serde_json::from_slice(&output.stdout).expect("JSON, as the file says");
        states[0]["problem"].as_str().expect("nothing answers").to_owned()
    };
    let mut command = health(folder.path());
    assert!(asked(&mut command).contains("127.0.0.1:1 "), "the file");
    command.env("MILLWRIGHT_REGISTRY", "127.0.0.1:2");
    assert!(asked(&mut command).contains("127.0.0.1:2 "), "the environment");
    command.args(["--registry", "127.0.0.1:3"]);
    assert!(asked(&mut command).contains("127.0.0.1:3 "), "the flag");
}

#[test]
fn a_file_is_named_by_flag_or_environment_or_lies_where_the_program_starts() {
    let folder = folder_with("[client]\nregistry = \"127.0.0.1:2\"\n");
    let named = folder.path().join("named.toml");
    std::fs::write(&named, SETTINGS).expect("a writable folder");
    let mut by_flag = health(folder.path());
    by_flag.args(["--config", arg(&named)]);
    let mut by_environment = health(folder.path());
    by_environment.env("MILLWRIGHT_CONFIG", &named);
    for (mut command, address) in
        [(by_flag, "127.0.0.1:1"), (by_environment, "127.0.0.1:1"), (health(folder.path()), ":2")]
    {
        let output = command.output().expect("the program runs");
        assert!(stdout(&output).contains(address), "{}", stdout(&output));
    }
}

#[test]
fn settings_of_services_are_checked_as_their_flags_are() {
    let folder = folder_with("[registry]\nregistry = \"0.0.0.0:0\"\n[up]\ndrain = 0\n");
    for (command, named) in [("registry", "--registry"), ("up", "--drain")] {
        let mut program = millwright(&[command]);
        let output = program.current_dir(folder.path()).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
        assert!(stderr(&output).contains(named), "{}", stderr(&output));
    }
}

#[test]
fn what_a_file_must_not_say_is_named_with_its_line() {
    for (settings, line, named) in [
        ("[client]\nregistri = \"x\"\n", 2, "registri"),
        ("[client]\noutput = \"xml\"\n", 2, "--output"),
        ("\n[clients]\n", 2, "clients"),
        ("[up]\nworkers = 0\n", 2, "--workers"),
        ("[up]\ndrain 5\n", 2, ""),
    ] {
        let folder = folder_with(settings);
        let output = health(folder.path()).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(64), "{settings}: {}", stderr(&output));
        let told = stderr(&output);
        assert!(told.contains(&format!("millwright.toml line {line}: ")), "{settings}: {told}");
        assert!(told.contains(named), "{settings}: {told}");
        assert!(output.stdout.is_empty(), "{settings}");
    }
    let output = run(&["health", "--config", "no-such-file.toml"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("no-such-file.toml"), "{}", stderr(&output));
}

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/millwright.toml");

#[test]
fn the_example_has_every_setting_and_is_accepted() {
    let text = std::fs::read_to_string(EXAMPLE).expect("the example");
    for section in ["up", "registry", "trainer", "predictor"] {
        let (_, keys) = text.split_once(&format!("\n[{section}]\n")).expect(section);
        let keys = keys.split("\n[").next().unwrap_or_default();
        let has = |flag: &str| {
            let says =
                |line: &str| line.trim_start_matches("# ").starts_with(&format!("{flag} = "));
            keys.lines().any(says)
        };
        let help = stdout(&run(&[section, "--help"]));
        let flags = help.split_whitespace().filter_map(|word| word.strip_prefix("--"));
        let flags = flags.filter(|flag| !["help", "version", "config"].contains(flag));
        for flag in flags.filter(|flag| flag.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')) {
            assert!(has(flag), "[{section}] lacks {flag}");
        }
    }
    // What is commented out is accepted too.
    let all: Vec<_> = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|l| l.contains(" = ")).unwrap_or(line))
        .collect();
    for text in [text.clone(), all.join("\n")] {
        let folder = folder_with(&text);
        let output = health(folder.path()).args(["--registry", "127.0.0.1:1"]).output();
        let output = output.expect("the program runs");
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    }
}
