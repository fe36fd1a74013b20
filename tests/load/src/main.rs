//! Puts load on the predictor, on a server that does nothing, and on a peer, in turn.

mod bench;
mod bystander;
mod case;
mod document;
mod knee;
mod loading;
mod mlp;
mod models;
mod plant;
mod process;
mod report;
mod serving;
mod start;
mod stock;
mod traced;
mod wait;

use std::{io, net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Parser, ValueEnum};

/// Measures the predictor against a server that does nothing, and a peer, in turn
#[derive(Parser)]
#[command(
    after_help = "Servers run on processor 0, the sender on processor 1: nothing else should.
Programs are taken from the folder of this one; see README.md beside the sources."
)]
struct Args {
    /// How often each load is put on each server
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each load lasts
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Only these studies, not all
    #[arg(long, value_enum, value_name = "STUDY,…", value_delimiter = ',')]
    only: Vec<Study>,
    /// Of `serving`, only the cases whose names begin so
    #[arg(long, default_value = "", conflicts_with = "write")]
    case: String,
    /// Starts of the predictor that are measured
    #[arg(long, default_value = "20")]
    starts: NonZeroUsize,
    /// A Python with what peer/requirements.txt names: the peer takes part
    #[arg(long, value_name = "PROGRAM")]
    peer: Option<PathBuf>,
    /// The folder with digits.csv
    #[arg(long, default_value = "tests/data")]
    data: PathBuf,
    /// Writes what each study found into this document, where it is marked, and pictures beside it
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// What is measured by itself, and has a place of its own in the document.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Study {
    /// Loads on the predictor, the null server and the peer
    Serving,
    /// From the start of the process to the first answer
    Start,
    /// A perceptron, beside its bare kernel and without batches
    Mlp,
    /// A small model beside one that takes all that it gets
    Bystander,
    /// A small model while a large one is loaded
    Loading,
    /// Ten thousand small models in one process
    Models,
    /// Traces that are pushed to a collector
    Traced,
    /// Latency against the rate of requests, to the knee
    Knee,
}

/// What a study found, as Markdown and in pictures.
struct Found {
    text: String,
    /// Each under the name of its file.
    pictures: Vec<(&'static str, String)>,
}

impl From<String> for Found {
    fn from(text: String) -> Self {
        Self { text, pictures: Vec::new() }
    }
}

impl Study {
    /// As flags and documents name it.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn run(self, args: &Args) -> Result<Found, Failure> {
        match self {
            Self::Serving => serving::measure(args).map(Found::from),
            Self::Start => start::measure(args).map(Found::from),
            Self::Mlp => mlp::measure(args).map(Found::from),
            Self::Bystander => bystander::measure(args).map(Found::from),
            Self::Loading => loading::measure(args).map(Found::from),
            Self::Models => models::measure(args),
            Self::Traced => traced::measure(args).map(Found::from),
            Self::Knee => knee::measure(args),
        }
    }
}

impl Args {
    /// Counts the rounds of `what`, and tells each.
    fn rounds(&self, what: &str) -> impl Iterator<Item = usize> {
        (1..=self.rounds)
            .inspect(move |round| eprintln!("{what}: round {round} of {}", self.rounds))
    }
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("what a program told cannot be read: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("the programs are not beside this one: build them with the same profile")]
    Programs,
    #[error("a program failed: {0}")]
    Program(String),
    #[error("nobody listens at {0}")]
    Silent(SocketAddr),
    #[error("{model}: {server} did not answer every request")]
    Unanswered { model: String, server: &'static str },
    #[error("{0} has no line {1:?}")]
    Unmarked(PathBuf, String),
    #[error("the predictor did not answer: {0}")]
    Status(#[from] Box<tonic::Status>),
    #[error(transparent)]
    Client(#[from] millwright_client::ClientError),
    #[error("a model cannot be made: {0}")]
    Artifact(#[from] millwright_ml::ArtifactError),
    #[error("the predictor serves {served} of {published} models")]
    Unserved { served: usize, published: usize },
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let all = Study::value_variants();
    let studies = if args.only.is_empty() { all } else { &args.only };
    for study in studies {
        let found = study.run(&args)?;
        println!("{}", found.text);
        if let Some(path) = &args.write {
            document::write(path, &args, &study.name(), &found)?;
        }
    }
    Ok(())
}
