//! One load on one server.

use std::process::Stdio;

use serde::Deserialize;

use crate::{
    Failure,
    case::{Case, Figure},
    plant::{Plant, Server},
    process::{SENDER, pinned},
};

/// What became of it.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    /// Seconds.
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
    loads: Vec<Load>,
}

#[derive(Deserialize)]
struct Load {
    seconds: f64,
    cpu_seconds: f64,
    answered: u64,
    failed: u64,
    requests_per_second: f64,
    latency_ms: Latency,
}

#[derive(Deserialize)]
struct Latency {
    p50: Option<f64>,
    p99: Option<f64>,
}

/// Puts the load of `case` on `server` for some seconds.
pub(crate) fn run(
    plant: &Plant,
    case: &Case,
    server: &Server,
    seconds: f64,
) -> Result<Outcome, Failure> {
    let before = server.process.cpu_seconds()?;
    let load = load(plant, case, server, seconds)?;
    let after = server.process.cpu_seconds()?;
    if load.failed > 0 || load.answered == 0 {
        return Err(Failure::Unanswered { case: case.name, server: server.name });
    }
    Ok(Outcome {
        server_cpu: (after - before) / load.answered as f64,
        sender: load.cpu_seconds / load.seconds,
        per_second: load.requests_per_second,
        p50: load.latency_ms.p50.unwrap_or(f64::NAN),
        p99: load.latency_ms.p99.unwrap_or(f64::NAN),
    })
}

fn load(plant: &Plant, case: &Case, server: &Server, seconds: f64) -> Result<Load, Failure> {
    let mut command = pinned(SENDER, &plant.millwright());
    command.args(["bench", "--output", "json", "--warmup", "0", "--model", case.model]);
    command.args(["--duration", &seconds.to_string(), "--predictor", &server.address.to_string()]);
    for flag in case.flags {
        match *flag {
            "NOTES" => command.arg(plant.notes()),
            flag => command.arg(flag),
        };
    }
    let output = command.stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        return Err(Failure::Program(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)?;
    answer.loads.into_iter().next().ok_or(Failure::Programs)
}
