//! The program as people and scripts run it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// The program, with nothing set in its environment.
pub fn millwright(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millwright"));
    command.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MILLWRIGHT_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the program to its end.
pub fn run(args: &[&str]) -> Output {
    millwright(args).output().expect("the program runs")
}

/// What a program wrote to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a program wrote to standard output.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Sends `signal` to `process`.
pub fn signal(signal: &str, process: &Child) {
    let sent = Command::new("kill").args([signal, &process.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// A server in a process of its own, on free ports.
pub struct Server {
    process: Child,
    stdout: BufReader<ChildStdout>,
    /// `ready: registry 127.0.0.1:1, …`
    pub ready: String,
}

impl Server {
    /// Starts `millwright` with `args` and waits until it says that it is ready.
    pub fn start(args: &[&str]) -> Self {
        Self::of(&mut millwright(args))
    }

    /// Starts what `command` says and waits until it says that it is ready.
    pub fn of(command: &mut Command) -> Self {
        let mut process = command
            .args(["--metrics", "127.0.0.1:0", "--log", "error"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut stdout = BufReader::new(process.stdout.take().expect("piped"));
        let mut ready = String::new();
        stdout.read_line(&mut ready).expect("readable");
        assert!(ready.starts_with("ready:"), "instead of a ready line: {ready:?}");
        Self { process, stdout, ready }
    }

    /// Where `service` listens, as the ready line says.
    pub fn address(&self, service: &str) -> String {
        let (_, rest) = self.ready.split_once(&format!("{service} ")).expect("announced");
        rest.split([',', '\n']).next().expect("an address").to_owned()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        signal("-TERM", &self.process);
    }

    /// Ends it without a chance to say anything.
    pub fn kill(&self) {
        signal("-KILL", &self.process);
    }

    /// Waits for the end.
    pub fn ended(mut self) -> ExitStatus {
        self.process.wait().expect("a child of ours")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// All three services, on a folder that goes with them.
pub struct Plant {
    pub server: Server,
    pub folder: TempDir,
}

impl Plant {
    pub fn start() -> Self {
        Self::start_on(tempfile::tempdir().expect("a folder"))
    }

    pub fn start_on(folder: TempDir) -> Self {
        let data_dir = folder.path().join("data").display().to_string();
        let server = Server::start(&up(&data_dir));
        Self { server, folder }
    }

    /// The program as a client of this plant.
    pub fn client(&self, args: &[&str]) -> Command {
        let mut command = millwright(args);
        for service in ["registry", "trainer", "predictor"] {
            let name = format!("MILLWRIGHT_{}", service.to_uppercase());
            command.env(name, self.server.address(service));
        }
        command
    }

    /// Runs the program as a client.
    pub fn run(&self, args: &[&str]) -> Output {
        self.client(args).output().expect("the program runs")
    }

    /// Runs the program as a client and feeds it `input`.
    pub fn feed(&self, args: &[&str], input: &str) -> Output {
        let mut client = self.client(args);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = client.spawn().expect("the program runs");
        let mut stdin = process.stdin.take().expect("piped");
        let input = input.to_owned();
        let feeding = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = process.wait_with_output().expect("a child of ours");
        // A program that has seen enough closes its input.
        let _ = feeding.join().expect("no panic");
        output
    }

    /// The JSON that the program answers.
    pub fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--output", "json"]].concat();
        let output = self.run(&args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("JSON alone on standard output")
    }

    /// Writes a file beside the data.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a writable folder");
        path
    }
}

/// The arguments of `up` on free ports.
pub fn up(data_dir: &str) -> [&str; 11] {
    let free = "127.0.0.1:0";
    let [data, registry, trainer, predictor, rest] =
        ["--data-dir", "--registry", "--trainer", "--predictor", "--rest"];
    ["up", data, data_dir, registry, free, trainer, free, predictor, free, rest, free]
}

/// A path as an argument.
pub fn arg(path: &Path) -> &str {
    path.to_str().expect("a path of ours is UTF-8")
}

/// Notes of two trades that are easy to tell apart.
pub fn notes() -> String {
    let rows = (0..60).map(|i| match i % 2 {
        0 => format!("\"pump {i}, leaking oil\",水力\n"),
        _ => format!("motor {i} tripped fuse,electrical\n"),
    });
    std::iter::once("note,trade\n".to_owned()).chain(rows).collect()
}

/// Press runs: fast ones are bad. The column `hall` never changes.
pub fn runs() -> String {
    let rows = (0..80).map(|i| {
        let label = if i % 8 < 4 { "good" } else { "bad" };
        format!("{}.5,{},3,{label},{}\n", i % 8, 20 + i % 3, if i < 64 { "train" } else { "test" })
    });
    std::iter::once("speed,humidity,hall,label,fold\n".to_owned()).chain(rows).collect()
}
