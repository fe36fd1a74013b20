//! What this process is and takes, under the names that Prometheus's own clients use.
//!
//! What the system does not tell is left out.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, Meter},
};
use rustix::{
    param::page_size,
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

/// Shows it whenever metrics are read.
pub(super) fn observe(meter: &Meter) {
    let version = KeyValue::new("version", env!("CARGO_PKG_VERSION"));
    let _build = meter
        .u64_observable_gauge("millwright.build_info")
        .with_description("1, labelled with the version of the program")
        .with_callback(move |told| told.observe(1, std::slice::from_ref(&version)))
        .build();
    let started = seconds_since_epoch();
    let _started = meter
        .f64_observable_gauge("process.start_time")
        .with_unit("s")
        .with_description("When the process started, in seconds since 1970-01-01")
        .with_callback(move |told| told.observe(started, &[]))
        .build();
    let _cpu = meter
        .f64_observable_counter("process.cpu")
        .with_unit("s")
        .with_description("Time that processors spent on the process")
        .with_callback(|told| told.observe(cpu_seconds(), &[]))
        .build();
    observe_holdings(meter);
}

/// Memory and files.
fn observe_holdings(meter: &Meter) {
    let _memory = meter
        .u64_observable_gauge("process.resident_memory")
        .with_unit("By")
        .with_description("Memory of the process that is in RAM")
        .with_callback(|told| tell(told, resident_bytes()))
        .build();
    let _open = meter
        .u64_observable_gauge("process.open_fds")
        .with_description("Files and sockets that are open")
        .with_callback(|told| tell(told, open_files()))
        .build();
    let _most = meter
        .u64_observable_gauge("process.max_fds")
        .with_description("Files and sockets that may be open")
        .with_callback(|told| tell(told, getrlimit(Resource::Nofile).current))
        .build();
}

fn tell(told: &dyn AsyncInstrument<u64>, value: Option<u64>) {
    if let Some(value) = value {
        told.observe(value, &[]);
    }
}

fn seconds_since_epoch() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

/// The second field of `statm` counts pages (proc_pid_statm(5)).
fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * page_size() as u64)
}

fn open_files() -> Option<u64> {
    // One of them is the folder that is being read.
    Some((fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1))
}
