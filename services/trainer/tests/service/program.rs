//! The trainer as a process of its own, which can be killed.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
};

use millwright_client::TrainerClient;

/// A process; dropping it kills it.
pub(crate) struct Program {
    process: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Program {
    /// Starts a trainer that saves checkpoints as often as it can, and waits until it listens.
    pub(crate) fn start(folder: &Path, registry: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millwright-trainer"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MILLWRIGHT_") {
                command.env_remove(name);
            }
        }
        let mut process = command
            .arg("--data-dir")
            .arg(folder)
            .args(["--registry", registry, "--trainer", "127.0.0.1:0"])
            .args(["--metrics", "127.0.0.1:0", "--log", "info", "--log-format", "json"])
            .args(["--checkpoint-every", "0"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut log = BufReader::new(process.stderr.take().expect("piped"));
        let address = address(&mut log);
        Self { process, log, address }
    }

    pub(crate) fn client(&self) -> TrainerClient {
        TrainerClient::connect_lazy(&self.address).expect("an address")
    }

    /// Ends it without a chance to say anything; what it has logged.
    pub(crate) fn kill(mut self) -> String {
        self.process.kill().expect("a child of ours");
        self.process.wait().expect("a child of ours");
        let mut logged = String::new();
        self.log.read_to_string(&mut logged).expect("it logs text");
        logged
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in the first line that says where it listens.
fn address(log: &mut impl BufRead) -> String {
    for line in log.lines() {
        let line = line.expect("it logs text");
        if line.contains("listening") {
            let (_, rest) = line.split_once(r#""address":""#).expect("the address is told");
            return rest.split('"').next().expect("it ends").to_owned();
        }
    }
    panic!("it ended before it listened");
}
