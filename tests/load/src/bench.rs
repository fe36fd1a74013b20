//! One load on one server.

use std::{
    path::PathBuf,
    process::{Child, Stdio},
};

use serde::Deserialize;

use crate::{
    Failure,
    case::Figure,
    plant::{Plant, Server},
    process::{SENDER, last, pinned},
};

/// A load, as `millwright bench` makes it.
#[derive(Clone, Default)]
pub(crate) struct Load {
    pub(crate) model: String,
    pub(crate) flags: &'static [&'static str],
    /// A file whose rows are sent; otherwise they are random.
    pub(crate) rows: Option<PathBuf>,
    /// Requests a second that are due; none: a closed loop.
    pub(crate) rate: Option<u32>,
    pub(crate) sender: Rank,
}

/// Which sender has the processor where several want it.
#[derive(Clone, Copy, Default)]
pub(crate) enum Rank {
    #[default]
    First,
    /// It takes no time from a sender whose latencies are told.
    Last,
}

/// What became of it.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    /// Seconds a request.
    server_cpu: f64,
    /// Cores that the sender took.
    pub(crate) sender: f64,
    per_second: f64,
    p50: f64,
    p99: f64,
}

impl Outcome {
    pub(crate) fn of(&self, figure: Figure) -> f64 {
        match figure {
            Figure::ServerCpu => self.server_cpu * 1e6,
            Figure::Throughput => self.per_second,
            Figure::P50 => self.p50,
            Figure::P99 => self.p99,
        }
    }
}

/// What `millwright bench` tells.
#[derive(Deserialize)]
struct Answer {
    loads: Vec<Told>,
}

/// What it tells of one load.
#[derive(Deserialize)]
pub(crate) struct Told {
    seconds: f64,
    cpu_seconds: f64,
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) requests_per_second: f64,
    latency_ms: Latency,
}

#[derive(Deserialize)]
struct Latency {
    p50: Option<f64>,
    p99: Option<f64>,
}

impl Told {
    /// Cores that the sender took.
    pub(crate) fn sender(&self) -> f64 {
        self.cpu_seconds / self.seconds
    }

    pub(crate) fn p50(&self) -> f64 {
        self.latency_ms.p50.unwrap_or(f64::NAN)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.latency_ms.p99.unwrap_or(f64::NAN)
    }
}

/// A sender at work.
pub(crate) struct Sender(Child);

/// Puts `load` on `server` for some seconds.
pub(crate) fn run(
    plant: &Plant,
    load: &Load,
    server: &Server,
    seconds: f64,
) -> Result<Outcome, Failure> {
    let before = server.process.cpu_seconds()?;
    let told = begin(plant, load, server, seconds)?.end()?;
    let after = server.process.cpu_seconds()?;
    if told.failed > 0 || told.answered == 0 {
        return Err(Failure::Unanswered { model: load.model.clone(), server: server.name });
    }
    Ok(Outcome {
        server_cpu: (after - before) / told.answered as f64,
        sender: told.sender(),
        per_second: told.requests_per_second,
        p50: told.p50(),
        p99: told.p99(),
    })
}

/// Begins to put `load` on `server` for some seconds.
pub(crate) fn begin(
    plant: &Plant,
    load: &Load,
    server: &Server,
    seconds: f64,
) -> Result<Sender, Failure> {
    let mut command = match load.sender {
        Rank::First => pinned(SENDER, &plant.millwright()),
        Rank::Last => last(&plant.millwright()),
    };
    command.args(["bench", "--output", "json", "--warmup", "0", "--model", &load.model]);
    command.args(["--duration", &seconds.to_string(), "--predictor", &server.address.to_string()]);
    command.args(load.flags);
    if let Some(rows) = &load.rows {
        command.arg("--rows").arg(rows);
    }
    if let Some(rate) = load.rate {
        command.args(["--rate", &rate.to_string()]);
    }
    Ok(Sender(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?))
}

impl Sender {
    /// Waits for what became of the load.
    pub(crate) fn end(self) -> Result<Told, Failure> {
        let output = self.0.wait_with_output()?;
        if !output.status.success() {
            return Err(Failure::Program(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let answer: Answer = serde_json::from_slice(&output.stdout)?;
        answer.loads.into_iter().next().ok_or(Failure::Programs)
    }
}
