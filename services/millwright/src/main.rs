//! The one binary of Millwright: its three services, and the client that calls them.

mod bench;
mod cli;
mod command;
mod connection;
mod copying;
mod curve;
mod demo;
mod doctor;
mod download;
mod error;
mod format;
mod help;
mod host;
mod launch;
mod output;
mod plant;
mod prediction;
mod progress;
mod promotion;
mod recipe;
mod rows;
mod served;
mod service;
mod trace;
mod training;
mod view;
mod watch;

use std::process::ExitCode;

use millwright_chassis::{Exit, args, background::runtime};

use crate::{cli::Cli, output::notice};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli: Cli = match args::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            notice(&format!("error: no threads can be started: {error}"));
            return Exit::Internal.into();
        }
    };
    let Err(error) = runtime.block_on(cli.run()) else { return Exit::Ok.into() };
    match error.exit() {
        Exit::Ok => {}
        Exit::Forced => notice(&error.to_string()),
        _ => notice(&format!("error: {error}")),
    }
    error.exit().into()
}
