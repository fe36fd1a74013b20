//! Processes, each kept on one processor, and what the kernel says of them.

use std::{
    fs, io,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

/// Where servers run.
pub(crate) const SERVER: &str = "0";
/// Where load is made.
pub(crate) const SENDER: &str = "1";

/// Ticks a second of `/proc/PID/stat`, whatever the kernel's own clock (proc_pid_stat(5)).
const TICKS: f64 = 100.0;

/// `program`, to be kept on one processor.
pub(crate) fn pinned(processor: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", processor]).arg(program).stdin(Stdio::null());
    command
}

/// `program` where load is made, which takes no time from anybody there: with the lowest priority alone,
/// others waited for its turn to end.
pub(crate) fn last(program: &Path) -> Command {
    let mut command = pinned(SENDER, Path::new("chrt"));
    command.args(["--idle", "0"]).arg(program);
    command
}

/// A process that ends when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Processor time so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> io::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The name, in parentheses, may hold anything; user and system time are fields 14 and 15.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields.split_ascii_whitespace());
        let ticks = fields.into_iter().flatten().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.filter_map(Result::ok).sum::<f64>() / TICKS)
    }

    /// Memory that is in RAM, in kB.
    pub(crate) fn resident_kb(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kb.ok_or_else(|| io::Error::other("no VmRSS"))
    }

    /// Lets it end by itself, and waits for that.
    pub(crate) fn terminate(mut self) -> io::Result<ExitStatus> {
        let id = self.0.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        self.0.wait()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
