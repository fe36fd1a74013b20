//! The program and what the system lets it have.

use std::{env::consts, thread};

use rustix::process::{Resource, getrlimit};

use super::finding::Finding;

/// Connections, artifacts that are open, databases: a predictor with many callers needs this many.
const ENOUGH_FILES: u64 = 4096;

pub(super) fn program() -> Finding {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (version, os, arch) = (env!("CARGO_PKG_VERSION"), consts::OS, consts::ARCH);
    Finding::fine("program", format!("millwright {version}, {os} on {arch}, {threads} threads"))
}

pub(super) fn files() -> Finding {
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < ENOUGH_FILES => Finding::warning(
            "open files",
            format!("{limit} at most"),
            "raise it, for example by `ulimit -n 65536` or LimitNOFILE= of systemd",
        ),
        Some(limit) => Finding::fine("open files", format!("{limit} at most")),
        None => Finding::fine("open files", "without a limit"),
    }
}
