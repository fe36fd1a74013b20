//! Puts load on the predictor, on a server that does nothing, and on a peer, in turn.

mod bench;
mod case;
mod document;
mod plant;
mod process;
mod report;
mod start;

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use case::{CASES, Case};
use clap::Parser;
use plant::{Plant, Server};
use report::Measured;

/// Seconds of a load of which nothing is measured.
const WARM_UP: f64 = 1.0;
/// How long a server may take until it has loaded its model.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// Only the cases whose names begin so
    #[arg(long, default_value = "")]
    case: String,
    /// Starts of the predictor that are measured
    #[arg(long, default_value_t = 10)]
    starts: usize,
    /// A Python with what peer/requirements.txt names: the peer takes part
    #[arg(long, value_name = "PROGRAM")]
    peer: Option<PathBuf>,
    /// The folder with digits.csv
    #[arg(long, default_value = "tests/data")]
    data: PathBuf,
    /// Writes the tables into this document, where it is marked
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("an answer of `millwright bench` cannot be read: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("the programs are not beside this one: build them with the same profile")]
    Programs,
    #[error("a program failed: {0}")]
    Program(String),
    #[error("nobody listens at {0}")]
    Silent(SocketAddr),
    #[error("{case}: {server} did not answer every request")]
    Unanswered { case: &'static str, server: &'static str },
    #[error("{0} has no line {1:?}")]
    Unmarked(PathBuf, &'static str),
    #[error("the predictor did not answer: {0}")]
    Status(#[from] Box<tonic::Status>),
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let plant = Plant::new(&args.data)?;
    let starts = if args.starts > 0 { Some(start::measure(&plant, args.starts)?) } else { None };
    let cases = CASES.iter().filter(|case| case.name.starts_with(&args.case));
    let measured = cases.map(|case| measure(&args, &plant, case)).collect::<Result<Vec<_>, _>>()?;
    let mut text = format!("{}\n{}", report::table(&measured), report::legend(&measured));
    if let Some(starts) = starts {
        text = format!("{text}\n{starts}");
    }
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, &args, &text)?;
    }
    Ok(())
}

fn measure(args: &Args, plant: &Plant, case: &'static Case) -> Result<Measured, Failure> {
    let ours = plant.predictor()?;
    let null = plant.null(ours.address)?;
    let mut servers: Vec<Server> = vec![ours, null];
    if let Some(python) = args.peer.as_ref().filter(|_| case.peer) {
        servers.push(plant.peer(python)?);
    }
    for server in &servers {
        warm_up(plant, case, server)?;
    }
    let mut rounds = Vec::with_capacity(args.rounds);
    for round in 0..args.rounds {
        eprintln!("{}: round {} of {}", case.name, round + 1, args.rounds);
        let run = |server| bench::run(plant, case, server, args.seconds);
        rounds.push(servers.iter().map(run).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(Measured { case, rounds })
}

/// Puts a short load on `server`, once it has loaded its model.
fn warm_up(plant: &Plant, case: &Case, server: &Server) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        match bench::run(plant, case, server, WARM_UP) {
            Err(_) if begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(50)),
            ended => return ended.map(drop),
        }
    }
}
