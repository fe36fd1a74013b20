//! What a command can fail with, and what the program exits with then.

use std::{error::Error, fmt::Write, io, path::PathBuf};

use millwright_chassis::{ConfigError, Exit};
use millwright_client::ClientError;
use millwright_domain::{Fault, JobId, ModelRef};
use millwright_ml::TableError;

use crate::{
    bench::BenchError,
    rows::{InputError, RowError},
};

/// Why a command has failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{}", told(.0))]
    Client(#[from] ClientError),
    #[error("cannot read {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{flag}: {problem}")]
    Recipe { flag: &'static str, problem: String },
    #[error("{bad} of {all} rows could not be predicted")]
    BadRows { bad: u64, all: u64 },
    #[error("the predictor ended the stream early: predict again")]
    CutShort,
    #[error(
        "the predictor's answer does not fit the rows that were sent: do its version and ours match?"
    )]
    Mismatch,
    #[error("the predictor does not say which columns {0} takes")]
    Unnamed(ModelRef),
    #[error("the job has failed: {why}")]
    JobFailed { why: String },
    #[error("job {0} was called off")]
    JobCancelled(JobId),
    #[error("nobody kept the curve of {0}: it was trained before curves were")]
    NoCurve(ModelRef),
    #[error("nothing was deleted")]
    Declined,
    #[error("job {0} has ended without a version: see `millwright job show {0}`")]
    NoVersion(JobId),
    #[error("{}", interrupted(.0.as_ref()))]
    Interrupted(Option<JobId>),
    #[error("not serving: {}", .0.join(", "))]
    NotServing(Vec<&'static str>),
    #[error("a part of the program has crashed: see the log")]
    Panicked,
    #[error("{source}")]
    Service { exit: Exit, source: Box<dyn Error + Send + Sync> },
    #[error("{}: {source}", folder.display())]
    Folder { folder: PathBuf, exit: Exit, source: Box<dyn Error + Send + Sync> },
    #[error("{} is there already: choose another folder, or remove it first", .0.display())]
    Occupied(PathBuf),
    #[error("{} holds no registry and no trainer: is it a data folder?", .0.display())]
    NothingKept(PathBuf),
    #[error("{0} of these are problems")]
    Unwell(usize),
    #[error(transparent)]
    Bench(#[from] BenchError),
    #[error("row {row}: {problem}")]
    BenchRow { row: u64, problem: RowError },
    #[error("a request takes {needed} rows, and there are {rows}")]
    BenchRows { rows: usize, needed: usize },
    #[error("no request was answered")]
    BenchUnanswered,
    #[error("cut short: this is what was measured until then")]
    BenchCutShort,
    #[error("cannot print the answer: {0}")]
    Print(#[from] io::Error),
}

impl CliError {
    /// What the program exits with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Config(error) => error.exit(),
            Self::Client(ClientError::Address { .. }) => Exit::Usage,
            Self::Client(ClientError::Read(_)) | Self::File { .. } => Exit::Io,
            Self::Client(error) => error.code().into(),
            Self::Write { .. } | Self::Occupied(_) => Exit::CannotCreate,
            Self::NothingKept(_) => Exit::Data,
            Self::Input(InputError::Io(_) | InputError::Table(TableError::Io(_))) => Exit::Io,
            Self::Input(_) | Self::Recipe { .. } | Self::BadRows { .. } => Exit::Data,
            Self::CutShort | Self::NotServing(_) => Exit::Unavailable,
            Self::JobFailed { .. } | Self::JobCancelled(_) | Self::NoVersion(_) => Exit::Failure,
            Self::Unnamed(_) | Self::NoCurve(_) | Self::Declined | Self::Unwell(_) => Exit::Failure,
            Self::Panicked | Self::Mismatch => Exit::Internal,
            Self::Interrupted(_) | Self::BenchCutShort => Exit::Forced,
            Self::Bench(error) => error.exit(),
            Self::BenchRow { .. } | Self::BenchRows { .. } => Exit::Data,
            Self::BenchUnanswered => Exit::Unavailable,
            Self::Service { exit, .. } | Self::Folder { exit, .. } => *exit,
            // Whoever read has seen enough, as `head` does.
            Self::Print(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::Print(_) => Exit::Io,
        }
    }
}

/// The error in the service's words, with the field where the words do not name it.
pub(crate) fn told(error: &ClientError) -> String {
    let mut text = error.to_string();
    if let ClientError::Read(cause) = error {
        // Writing to a `String` cannot fail.
        let _ = write!(text, ": {cause}");
    }
    match error.violation() {
        Some(wrong) if !text.contains(&wrong.field) => format!("{}: {text}", wrong.field),
        _ => text,
    }
}

fn interrupted(job: Option<&JobId>) -> String {
    match job {
        Some(id) => format!(
            "the job goes on; follow it with `millwright job watch {id}`, \
             or call it off with `millwright job cancel {id}`"
        ),
        None => "interrupted before there was a job".to_owned(),
    }
}
