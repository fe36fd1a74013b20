//! A perceptron under single rows: what batches gain, and how near to its kernel they come.

use std::fs;

use millwright_client::PredictorClient;
use millwright_ml::{FittedPipeline, PipelineParts};

use crate::{
    Args, Failure,
    bench::{self, Load, Outcome},
    case::{Bound, Figure},
    plant::{Plant, Server},
    report::{Pair, median, pairs},
    serving::warm_up,
    stock::{self, Made},
    wait::wait_for,
};

const MODEL: &str = "mlp";
/// The size of a usual network for MNIST: 11.6 MFLOP a row.
const INPUTS: usize = 784;
const HIDDEN: [usize; 2] = [2048, 2048];
const CLASSES: usize = 10;

/// What was done in one round, in rows a second.
struct Round {
    batched: f64,
    /// Rows of a batch, on average.
    size: f64,
    unbatched: f64,
    /// The kernel alone, with batches of that size.
    bare: f64,
}

/// Tables of requests a second: batched, unbatched, and what the kernel alone does.
pub(crate) fn measure(args: &Args) -> Result<String, Failure> {
    let plant = Plant::empty()?;
    let parts = || PipelineParts::seeded_mlp(INPUTS, &HIDDEN, CLASSES, 1);
    stock::keep(&plant, std::iter::once(Made { name: MODEL.to_owned(), parts: parts() }))?;
    let artifact = plant.folder().join("mlp.artifact");
    fs::write(&artifact, FittedPipeline::from_parts(parts())?.encode()?)?;
    let mut rounds = Vec::new();
    for _ in args.rounds(MODEL) {
        let (batched, size) = loaded(&plant, args, &[])?;
        let (unbatched, _) = loaded(&plant, args, &["--max-batch-size", "1"])?;
        let rows = size.round().max(1.0).to_string();
        let seconds = args.seconds.to_string();
        let file = artifact.to_string_lossy();
        let bare = plant.alone("bare-kernel", &["--rows", &rows, "--seconds", &seconds, &file])?;
        let bare = bare.parse().map_err(|_| Failure::Program(bare.clone()))?;
        let per_second = |outcome: Outcome| outcome.of(Figure::Throughput);
        let (batched, unbatched) = (per_second(batched), per_second(unbatched));
        rounds.push(Round { batched, size, unbatched, bare });
    }
    Ok(told(&rounds))
}

fn told(rounds: &[Round]) -> String {
    let of = |value: fn(&Round) -> f64| rounds.iter().map(value).collect::<Vec<_>>();
    let pair = |other: fn(&Round) -> f64, bound| Pair {
        ours: of(|round| round.batched),
        other: of(other),
        bound,
    };
    let size = median(&of(|round| round.size));
    let bare = format!("requests/s; rows/s of the bare kernel, {size:.0} rows at a time");
    let table = pairs([
        (bare.as_str(), pair(|round| round.bare, Bound::AtLeast(0.80))),
        (
            "requests/s; with `--max-batch-size 1`",
            pair(|round| round.unbatched, Bound::AtLeast(3.0)),
        ),
    ]);
    format!(
        "A perceptron 784-2048-2048-10, ModelInfer of 1 row, 64 in flight; {size:.1} rows a batch on \
         average.\n\n{table}"
    )
}

/// The load on a predictor with `flags`, and the rows of a batch meanwhile.
fn loaded(plant: &Plant, args: &Args, flags: &[&str]) -> Result<(Outcome, f64), Failure> {
    let predictor = plant.predictor(flags)?;
    let load = Load {
        model: MODEL.to_owned(),
        flags: &["--concurrency", "64", "--connections", "2"],
        ..Load::default()
    };
    warm_up(plant, &load, &predictor)?;
    let before = batches(&predictor)?;
    let outcome = bench::run(plant, &load, &predictor, args.seconds)?;
    let after = batches(&predictor)?;
    Ok((outcome, (after.0 - before.0) / (after.1 - before.1)))
}

/// Rows and batches that were computed so far.
fn batches(predictor: &Server) -> Result<(f64, f64), Failure> {
    let address = predictor.address.to_string();
    let versions = wait_for(async {
        PredictorClient::connect_lazy(&address)?.statistics(MODEL.parse().ok().as_ref()).await
    })??;
    let sum = |sum: (f64, f64), next: (u64, u64)| (sum.0 + next.0 as f64, sum.1 + next.1 as f64);
    Ok(versions.iter().map(|told| (told.rows, told.batches)).fold((0.0, 0.0), sum))
}
