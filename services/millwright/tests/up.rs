//! Servers: how they start, refuse to start, and stop.

mod program;

use std::net::TcpListener;

use program::{Plant, Server, arg, run, stderr, up};

#[test]
fn up_says_when_all_serve_and_drains_at_sigterm() {
    let plant = Plant::start();
    let health = plant.json(&["health"]);
    assert_eq!(health.as_array().map(Vec::len), Some(3));
    assert!(health.as_array().is_some_and(|all| all.iter().all(|one| one["serving"] == true)));
    plant.server.terminate();
    assert_eq!(plant.server.ended().code(), Some(0));
}

#[test]
fn each_service_runs_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = ["--data-dir", arg(folder.path())];
    let free = "127.0.0.1:0";
    let registry = Server::start(&[&["registry", "--registry", free], &data[..]].concat());
    let at = registry.address("registry");
    let trainer =
        Server::start(&[&["trainer", "--trainer", free, "--registry", &at], &data[..]].concat());
    let args = ["predictor", "--predictor", free, "--rest", free, "--registry", &at];
    let predictor = Server::start(&[&args, &data[..]].concat());
    for server in [trainer, predictor, registry] {
        server.terminate();
        assert_eq!(server.ended().code(), Some(0));
    }
}

#[test]
fn a_taken_port_is_named_with_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("data").display().to_string();
    for flag in ["--registry", "--trainer", "--predictor", "--rest", "--metrics"] {
        let mut args: Vec<&str> = up(&data_dir).to_vec();
        match args.iter().position(|arg| *arg == flag) {
            Some(at) => args[at + 1] = &address,
            None => args.extend([flag, &address]),
        }
        if flag != "--metrics" {
            args.extend(["--metrics", "127.0.0.1:0"]);
        }
        let output = run(&args);
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        let text = stderr(&output);
        assert!(text.contains(flag) && text.contains(&address), "{text}");
        assert!(!folder.path().join("data").exists(), "nothing was begun");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a writable folder");
    let output = run(&[&up(arg(&file))[..], &["--metrics", "127.0.0.1:0"]].concat());
    assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
    assert!(stderr(&output).contains("--data-dir"), "{}", stderr(&output));
    assert!(stderr(&output).contains(arg(&file)), "the folder is named: {}", stderr(&output));
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let plant = Plant::start();
    let data_dir = plant.folder.path().join("data").display().to_string();
    let output = run(&[&up(&data_dir)[..], &["--metrics", "127.0.0.1:0"]].concat());
    assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
    assert!(stderr(&output).contains("another process"), "{}", stderr(&output));
    assert!(stderr(&output).contains(&data_dir), "the folder is named: {}", stderr(&output));
    plant.json(&["health"]);
}
