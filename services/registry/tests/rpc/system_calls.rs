//! In which order the operating system is asked to make things durable, before a caller is told.

use std::{fs, ops::Range, path::Path, process::Command, time::Duration};

use tokio::time::timeout;

use crate::{
    calls::{create, digest, upload, version},
    process::{PROGRAM, Process, with_arguments},
    running::until,
};

/// A call: where it begins and ends in the trace, and what it says.
struct Call {
    name: String,
    text: String,
    span: Range<usize>,
}

/// What a traced process asked of the system, in the order in which it began.
struct Trace(Vec<Call>);

impl Trace {
    /// Reads what `strace -f -y` wrote.
    fn read(lines: &str) -> Self {
        let mut calls: Vec<Call> = Vec::new();
        let mut open: Vec<(&str, usize)> = Vec::new();
        for (number, line) in lines.lines().enumerate() {
            let Some((process, rest)) = line.trim_start().split_once(' ') else { continue };
            let rest = rest.trim_start();
            if let Some((_, end)) = rest.split_once(" resumed>") {
                let Some(at) = open.iter().position(|(other, _)| *other == process) else {
                    continue;
                };
                let call = &mut calls[open.swap_remove(at).1];
                call.text.push_str(end);
                call.span.end = number;
            } else if let Some((name, arguments)) = rest.split_once('(') {
                if arguments.ends_with("<unfinished ...>") {
                    open.push((process, calls.len()));
                }
                let (name, text) = (name.to_owned(), arguments.to_owned());
                calls.push(Call { name, text, span: number..number });
            }
        }
        Self(calls)
    }

    /// The first call after line `after` of one of these names that says all of `parts`.
    fn first(&self, after: usize, names: &[&str], parts: &[&str]) -> &Call {
        let is_it = |call: &&Call| {
            call.span.start > after
                && names.contains(&call.name.as_str())
                && parts.iter().all(|part| call.text.contains(part))
        };
        let found = self.0.iter().find(is_it);
        found.unwrap_or_else(|| panic!("no {names:?} of {parts:?} after line {after}"))
    }

    /// Asserts that the database's log is written and synced within `span`.
    fn assert_committed(&self, span: Range<usize>) {
        let log = |call: &&Call| {
            call.text.contains("registry.sqlite-wal>") && span.contains(&call.span.start)
        };
        let written = self.0.iter().filter(log).rfind(|call| call.name == "pwrite64");
        let written = written.expect("the change is written").span.end;
        let synced = self.first(written, &SYNC, &["registry.sqlite-wal>"]);
        assert!(synced.span.end < span.end, "the log is synced before the answer");
    }
}

const SYNC: [&str; 2] = ["fsync", "fdatasync"];
const SEND: [&str; 4] = ["write", "writev", "sendto", "sendmsg"];
const CALLS: &str =
    "trace=fsync,fdatasync,rename,renameat,renameat2,pwrite64,write,writev,sendto,sendmsg";

/// What a registry asked of the system while an artifact was uploaded and a version created.
async fn traced(folder: &Path, bytes: &[u8]) -> Trace {
    let trace = folder.join("trace");
    let mut strace = Command::new("strace");
    // As a grandchild, so that the child is the registry itself. Long enough texts to hold a digest.
    strace.args(["-D", "-f", "-y", "-q", "-s", "4096", "-e", CALLS, "-o"]).arg(&trace).arg(PROGRAM);
    let process = Process::spawn(&mut with_arguments(strace, &folder.join("data"))).await;
    upload(&process.client, bytes).await.expect("uploaded");
    create(&process.client, version("press", bytes, "traced-job")).await.expect("created");
    drop(process);
    let ended =
        || fs::read_to_string(&trace).is_ok_and(|text| text.contains("+++ killed by SIGKILL"));
    timeout(Duration::from_secs(60), until(ended)).await.expect("the trace ends");
    Trace::read(&fs::read_to_string(trace).expect("a trace"))
}

#[tokio::test]
#[ignore = "needs strace"]
async fn what_is_acknowledged_is_durable_in_this_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = vec![7; 3 << 20];
    let trace = traced(folder.path(), &bytes).await;
    let digest = digest(&bytes);
    let hex = digest.trim_start_matches("sha256:");
    let (part, name) = (format!("/sha256/{}>", &hex[..2]), format!("/{hex}\""));

    let staged = trace.first(0, &SYNC, &["/partial/", hex]).span.end;
    let renamed = trace.first(staged, &["rename", "renameat", "renameat2"], &["/partial/", &name]);
    let folder = trace.first(renamed.span.end, &SYNC, &[&part]).span.end;
    // A socket's buffer holds the digest when the answer leaves.
    let answered = trace.first(0, &SEND, &["socket:[", &digest]).span.start;
    assert!(folder < answered, "the folder is synced before the answer");
    trace.assert_committed(folder..answered);
    let created = trace.first(0, &SEND, &["socket:[", "traced-job"]).span.start;
    trace.assert_committed(answered..created);
}
