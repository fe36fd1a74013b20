//! The registry as a process: its exit codes, and its death.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
};

use futures::{StreamExt, stream};
use tonic::Code;

use crate::{
    calls::{
        create, digest, download, get, header, parts, production, set, upload, version, versions,
    },
    running::{Client, arrived, artifacts, connect, files},
};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_millwright-registry");

fn command(data_dir: &Path) -> Command {
    with_arguments(Command::new(PROGRAM), data_dir)
}

/// A registry, as `command` runs one.
pub(crate) fn with_arguments(mut command: Command, data_dir: &Path) -> Command {
    command.arg("--data-dir").arg(data_dir).env_remove("MILLWRIGHT_LOG");
    command.args(["--registry", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--log-format", "json"]);
    command.stderr(Stdio::piped());
    command
}

/// A process that serves; killed when it is dropped.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    child: Child,
    // Open as long as the process: it must not die of what it has to say.
    _log: BufReader<ChildStderr>,
}

impl Process {
    pub(crate) async fn start(data_dir: &Path) -> Self {
        Self::spawn(&mut command(data_dir)).await
    }

    /// Starts what logs as a registry does.
    pub(crate) async fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("it starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let address = address(&mut log);
        Self { address, child, client: connect(address).await, _log: log }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL on Unix: nothing of it runs any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a process says that it is ready.
fn address(log: &mut impl BufRead) -> SocketAddr {
    let lines = log.lines().map(|line| line.expect("a log"));
    let mut ready = lines.filter(|line| line.contains("the registry is ready"));
    let line = ready.next().expect("it becomes ready");
    let (_, rest) = line.split_once("127.0.0.1:").expect("it says where");
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")))
}

#[tokio::test]
async fn a_process_that_is_killed_in_an_upload_shows_nothing_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let artifacts = artifacts(folder.path());
    let bytes = vec![7_u8; 3 << 20];
    for sent in 1..=4 {
        let mut process = Process::start(folder.path()).await;
        let begun_parts = parts(header(&bytes), &bytes).into_iter().take(sent);
        let (sending, all_sent) = tokio::sync::oneshot::channel();
        let end = stream::once(async move {
            sending.send(()).expect("the test waits");
            std::future::pending().await
        });
        let mut client = process.client.clone();
        let upload_some = client.upload_artifact(stream::iter(begun_parts).chain(end));
        let kill = async {
            all_sent.await.expect("the parts are on their way");
            // The header alone leaves an empty file.
            arrived(&artifacts, sent as u64 - 1).await;
            process.child.kill().expect("killed");
        };
        let (answer, ()) = futures::join!(upload_some, kill);
        answer.expect_err("nobody answered");

        let process = Process::start(folder.path()).await;
        let missing = download(&process.client, digest(&bytes)).await.expect_err("not there");
        assert_eq!(missing.code(), Code::NotFound, "after {sent} parts");
    }
    let process = Process::start(folder.path()).await;
    upload(&process.client, &bytes).await.expect("the retry succeeds");
    assert!(download(&process.client, digest(&bytes)).await.expect("there") == bytes);
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    for i in 1..=3 {
        let process = Process::start(folder.path()).await;
        upload(&process.client, b"a").await.expect("uploaded");
        let key = format!("job-{i}");
        create(&process.client, version("press", b"a", &key)).await.expect("created");
        drop(process);
        let process = Process::start(folder.path()).await;
        let kept = get(&process.client, &format!("press@{i}")).await.expect("kept");
        assert_eq!(kept.lineage.expect("a lineage").job_id, key);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_an_upload_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shell = Command::new("sh");
    // A process that may write no file beyond 4 MiB meets what a full disk would tell it.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$@\"", "sh", PROGRAM]);
    let process = Process::spawn(&mut with_arguments(shell, folder.path())).await;
    let client = &process.client;
    versions(client, 1).await;
    let bytes = vec![7_u8; 6 << 20];
    for _ in 0..2 {
        let refused = upload(client, &bytes).await.expect_err("no space is left");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        // What it took is free again.
        assert_eq!(files(&artifacts(folder.path())), 1);
    }
    assert_eq!(download(client, digest(b"a")).await.expect("kept"), b"a");
    set(client, production(1, None)).await.expect("other changes are made");
    upload(client, b"small").await.expect("this still fits");
}

#[test]
fn a_process_that_cannot_start_says_which_flag_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").expect("written");
    let newer = folder.path().join("newer");
    std::fs::create_dir_all(newer.join("registry")).expect("a folder");
    std::fs::write(newer.join("registry/format"), "millwright registry 3\n").expect("written");
    let cases: [(&Path, &[&str], i32, &str); 7] = [
        (&file, &[], 73, "--data-dir"),
        (folder.path(), &["--max-artifact-bytes", "0"], 64, "--max-artifact-bytes"),
        (&newer, &[], 73, "start the release that wrote it"),
        (folder.path(), &["--keep-unneeded", "0"], 64, "--keep-unneeded"),
        (folder.path(), &["--upload-idle", "0"], 64, "--upload-idle"),
        (folder.path(), &["--registries", "1"], 64, "--registries"),
        (folder.path(), &["--drain", "0"], 64, "--drain"),
    ];
    for (data_dir, arguments, exit, flag) in cases {
        let ended = command(data_dir).args(arguments).output().expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(exit), "{said}");
        assert!(said.contains(flag), "{said}");
    }
}
