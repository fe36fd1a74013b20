//! Processes that are killed at any instant lose nothing that they acknowledged and show nothing
//! partial.
//!
//! `MILLWRIGHT_KILLS` says how often each process is killed; `.ci/long` asks for 200 in all.

#[path = "../program/mod.rs"]
mod program;
mod registry;
mod trainer;

use std::{future::Future, path::Path, time::Duration};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use tokio::time;

use crate::program::{Server, arg};

/// Kills of one process where nobody asks for more.
const FEW: u64 = 4;

fn kills() -> u64 {
    match std::env::var("MILLWRIGHT_KILLS") {
        Ok(text) => text.parse().expect("a number of kills"),
        Err(_) => FEW,
    }
}

/// Draws that are the same in every run.
struct Chance(ChaCha8Rng);

impl Chance {
    fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// Lets `work` go on until `instant`, then kills `server`.
async fn kill_amid(server: Server, work: impl Future<Output = ()>, instant: Duration) {
    // The instant is what the test draws; nothing waits for anything here.
    tokio::select! {
        () = work => {}
        () = time::sleep(instant) => {}
    }
    server.kill();
    server.ended();
}

fn start(service: &str, data_dir: &Path, more: &[&str]) -> Server {
    let listen = format!("--{service}");
    let args = [service, "--data-dir", arg(data_dir), &listen, "127.0.0.1:0"];
    Server::start(&[&args, more].concat())
}
