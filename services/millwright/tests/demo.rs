//! The demo tells its whole story, as often as one likes.

mod program;

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::Stdio,
};

use program::{arg, millwright, run, signal, stderr, stdout};

#[test]
fn a_taken_port_of_the_demo_is_named_with_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("demo");
    for flag in ["--registry", "--trainer", "--predictor", "--rest", "--metrics"] {
        let output = run(&["demo", "--exit", "--data-dir", arg(&data_dir), flag, &address]);
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        let text = stderr(&output);
        assert!(text.contains(flag) && text.contains(&address), "{text}");
    }
}

#[test]
fn the_demo_goes_on_serving_and_names_every_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("demo");
    let mut demo = millwright(&["demo", "--data-dir", arg(&data_dir)]);
    let mut demo = demo.stdout(Stdio::piped()).spawn().expect("the program runs");
    let mut lines = BufReader::new(demo.stdout.take().expect("piped")).lines();
    let story: Vec<_> = lines
        .by_ref()
        .map(|line| line.expect("readable"))
        .take_while(|line| !line.starts_with("Serving"))
        .collect();
    signal("-TERM", &demo);
    assert_eq!(demo.wait().expect("a child of ours").code(), Some(0));
    for service in ["REGISTRY", "TRAINER", "PREDICTOR"] {
        let export = format!("export MILLWRIGHT_{service}=127.0.0.1:");
        assert!(story.iter().any(|line| line.contains(&export)), "{service}: {story:#?}");
    }
}

#[test]
fn the_demo_runs_runs_twice_and_ends_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("demo");
    for version in ["version 1", "version 2"] {
        let output = run(&["demo", "--exit", "--data-dir", arg(&data_dir)]);
        assert!(output.status.success(), "{}", stderr(&output));
        let story = stdout(&output);
        for part in [version, "accuracy", "a stream of 2,000 notes", "grpcurl", "tritonclient"] {
            assert!(story.contains(part), "{part}: {story}");
        }
        let (_, invitation) = story.split_once("Call it yourself").expect("an invitation");
        assert!(invitation.contains(&format!("up --data-dir {}", data_dir.display())));
        assert!(!invitation.contains("export"), "the ports are gone: {invitation}");
    }
}
