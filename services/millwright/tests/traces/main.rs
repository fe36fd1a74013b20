//! What a collector gets to know: every step of a model's life and of a prediction, and no value.
//!
//! The programs push to a collector in this process, or to a real Jaeger where `MILLWRIGHT_JAEGER`
//! names its program, as `.ci/long traces` does.

mod calls;
mod collector;
mod jaeger;
mod predictions;
#[path = "../program/mod.rs"]
mod program;
mod silence;
mod sink;
mod span;
mod training;
mod tree;

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    collector::Collector,
    program::{Server, millwright},
};

/// How long a slow machine may take for anything.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks until there is an answer.
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Starts a server that pushes to `collector`, soon after each span.
fn start(collector: &Collector, args: &[&str]) -> Server {
    let mut command = millwright(args);
    command.args(["--otlp-endpoint", collector.endpoint()]);
    Server::of(command.env("OTEL_BSP_SCHEDULE_DELAY", "100"))
}
