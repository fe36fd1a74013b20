//! Signals: the first asks to stop, the second insists.

#![cfg(unix)]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

const CHILD: &str = "MILLWRIGHT_TEST_IS_CHILD";

/// The process that the test below starts and signals; nothing in any other.
#[tokio::test]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let stop = millwright_chassis::stop_signal();
    println!("\nready");
    let clone = stop.clone();
    stop.await;
    clone.await;
    println!("\nstopping");
    std::future::pending::<()>().await;
}

fn terminate(child: &Child) {
    let command = format!("kill -TERM {}", child.id());
    let sent = Command::new("sh").args(["-c", &command]).status().expect("a shell");
    assert!(sent.success());
}

#[test]
fn the_first_signal_asks_and_the_second_ends_the_process() {
    let this = std::env::current_exe().expect("it runs");
    let mut child = Command::new(this)
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it started before");
    let stdout = child.stdout.take().expect("piped");
    let mut lines = BufReader::new(stdout).lines().map(|line| line.expect("text"));
    assert!(lines.any(|line| line == "ready"));
    terminate(&child);
    assert!(lines.any(|line| line == "stopping"), "it asks");
    terminate(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}
