//! A program in some language, as its folder builds and runs it.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

/// What a build may take that fetches everything, in seconds.
const BUILD_WITHIN: &str = "900";
/// What a run may take, in seconds.
const RUN_WITHIN: &str = "240";

/// A program that was built.
pub(crate) struct Program {
    folder: PathBuf,
}

impl Program {
    /// Builds what is in the folder of `language`.
    pub(crate) fn build(language: &str) -> Self {
        let folder = folder().join(language);
        let built = within(BUILD_WITHIN, folder.join("build")).output().expect("timeout runs");
        let (said, stderr) = (stdout(&built), stderr(&built));
        assert!(built.status.success(), "tests/clients/{language}/build:\n{said}\n{stderr}");
        Self { folder }
    }

    /// What it says to standard error; it fails and prints nothing.
    pub(crate) fn refused(&self, arguments: &[String]) -> String {
        let ended = self.run(arguments);
        assert!(!ended.status.success() && ended.stdout.is_empty(), "{ended:?}");
        stderr(&ended)
    }

    /// What it prints; it ends in good order.
    pub(crate) fn output(&self, arguments: &[String]) -> String {
        let ended = self.run(arguments);
        let (said, stderr) = (stdout(&ended), stderr(&ended));
        assert!(ended.status.success(), "{}\n{said}\n{stderr}", ended.status);
        said
    }

    /// Runs it to its end.
    fn run(&self, arguments: &[String]) -> Output {
        let mut command = within(RUN_WITHIN, self.folder.join("run"));
        command.args(arguments).output().expect("timeout runs")
    }
}

/// The folder of all languages.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients")
}

fn within(seconds: &str, program: PathBuf) -> Command {
    let mut command = Command::new("timeout");
    command.arg("--kill-after=10").arg(seconds).arg(program);
    command
}

fn stdout(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

fn stderr(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}
