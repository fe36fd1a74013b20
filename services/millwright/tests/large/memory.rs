//! What Linux says of the memory of a process.

use std::{fmt, fs};

use millwright_domain::Artifact;

/// Memory of a process, in kB.
pub(crate) struct Memory {
    /// All of it, mapped files too.
    pub(crate) resident: u64,
    /// The largest that it was.
    pub(crate) peak: u64,
    /// Of no file.
    pub(crate) anonymous: u64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> Self {
        let status = read(process, "status");
        let kb = |name: &str| status.lines().find_map(|line| kb(line, name)).expect("told");
        Self { resident: kb("VmRSS"), peak: kb("VmHWM"), anonymous: kb("RssAnon") }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resident, anonymous, peak } = self;
        write!(f, "{resident} kB, {anonymous} of them of no file, and {peak} at the most")
    }
}

/// A file that is mapped, in kB.
#[derive(Default)]
pub(crate) struct Map {
    /// Pages that are in memory and belong to the process.
    pub(crate) resident: u64,
    /// Pages that were read since the touches were forgotten: the processor marks each.
    pub(crate) touched: u64,
}

/// What `process` has mapped of the file of `artifact`.
pub(crate) fn map(process: u32, artifact: &Artifact) -> Map {
    let (maps, digits) = (read(process, "smaps"), artifact.digest.hex());
    let lines = maps.lines().skip_while(|line| !line.ends_with(&digits)).skip(1);
    let mut found = Map::default();
    for line in lines.take_while(|line| !line.starts_with("VmFlags")) {
        found.resident += kb(line, "Rss").unwrap_or(0);
        found.touched += kb(line, "Referenced").unwrap_or(0);
    }
    found
}

/// Lets the count of touched pages begin anew.
pub(crate) fn forget_touches(process: u32) {
    fs::write(format!("/proc/{process}/clear_refs"), "1").expect("a process of ours");
}

fn read(process: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{process}/{file}")).expect("a process of ours, on Linux")
}

/// The number in `name:   123 kB`.
fn kb(line: &str, name: &str) -> Option<u64> {
    let value = line.strip_prefix(name)?.strip_prefix(':')?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}
