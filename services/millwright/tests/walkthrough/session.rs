//! One shell, in a folder of its own, in which all commands run.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::{fs::symlink, process::CommandExt},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::ports::Ports;

/// Longest silence of a command: nothing here takes nearly as long on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the shell says after each command.
const DONE: &str = "=== the command is done";

/// The shell and what it prints, line by line.
pub(crate) struct Session {
    shell: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    ports: Ports,
    _folder: TempDir,
}

impl Session {
    /// A shell that finds the program as `millwright`, and this repository's folders.
    pub(crate) fn start(ports: Ports) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for name in ["tests", "docs", "proto", ".ci"] {
            symlink(root.join(name), folder.path().join(name)).expect("a link");
        }
        let program = Path::new(env!("CARGO_BIN_EXE_millwright"));
        let built = program.ancestors().nth(2).expect("the program lies in target/PROFILE");
        let mut path = program.parent().expect("a folder").as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut shell = Command::new("bash");
        shell.current_dir(folder.path()).env("PATH", path).env("LC_ALL", "C.UTF-8");
        shell.env("CARGO_TARGET_DIR", built);
        // What tells the test what to do is no setting of the program.
        shell.env_remove("MILLWRIGHT_RECORD").env_remove("MILLWRIGHT_WALK");
        shell.envs(ports.variables()).stdin(Stdio::piped()).stdout(Stdio::piped());
        // Its own group, so that nothing that it started outlives the test.
        let mut shell = shell.process_group(0).spawn().expect("bash runs");
        let stdin = shell.stdin.take().expect("piped");
        let stdout = BufReader::new(shell.stdout.take().expect("piped"));
        let (printed, lines) = sync_channel(1 << 16);
        thread::spawn(move || {
            let mut lines = stdout.lines().map_while(Result::ok);
            lines.all(|line| printed.send(line).is_ok());
        });
        Self { shell, stdin, lines, ports, _folder: folder }
    }

    /// What `command` prints; of one in the background, the next `n_lines` lines.
    ///
    /// # Panics
    /// If it prints nothing for long, or fails.
    pub(crate) fn run(&mut self, command: &str, n_lines: usize) -> String {
        let (asked, in_background) = (self.ports.replayed(command), command.ends_with('&'));
        writeln!(self.stdin, "{{ {asked}\n}} </dev/null\nstatus=$?; echo; echo '{DONE}' $status")
            .expect("a shell");
        let mut printed = vec![];
        let status = loop {
            let line = self.line(command);
            match line.strip_prefix(DONE) {
                Some(status) => break status.trim().to_owned(),
                None => printed.push(line),
            }
        };
        assert_eq!(status, "0", "$ {command}\n{}", printed.join("\n"));
        // The empty line that makes sure that the mark begins one.
        if let Some(empty) = printed.iter().rposition(String::is_empty) {
            printed.remove(empty);
        }
        while in_background && printed.len() < n_lines {
            printed.push(self.line(command));
        }
        self.ports.written(&printed.join("\n"))
    }

    fn line(&self, command: &str) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("$ {command}\nprints nothing for too long"),
            Err(RecvTimeoutError::Disconnected) => panic!("$ {command}\nended the shell"),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let group = format!("-{}", self.shell.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.shell.wait();
    }
}
