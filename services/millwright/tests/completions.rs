//! Scripts that complete commands.

mod program;

use std::{
    io::Write,
    process::{Command, Stdio},
};

use program::{run, stderr, stdout};

const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

#[test]
fn every_shell_completes_commands_and_flags() {
    for shell in SHELLS {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{shell}: {}", stderr(&output));
        let script = stdout(&output);
        for word in ["compare", "vectorizer", "config", "completions", "cancel", "rows-per-request"]
        {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(run(&["completions", "cmd"]).status.code(), Some(64));
}

#[test]
fn bash_reads_its_script() {
    let script = stdout(&run(&["completions", "bash"]));
    let mut bash = Command::new("bash");
    let mut bash = bash.arg("-n").stdin(Stdio::piped()).spawn().expect("bash runs");
    let mut stdin = bash.stdin.take().expect("piped");
    stdin.write_all(script.as_bytes()).expect("bash reads");
    drop(stdin);
    assert!(bash.wait().expect("a child of ours").success());
}
