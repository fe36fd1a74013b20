//! What traces cost that are pushed to a collector.

use std::fs;

use crate::{
    Args, Failure,
    bench::{self, Outcome},
    case::{Bound, CASES, Case, Figure},
    plant::{Plant, Server},
    report::{Pair, number, pairs},
    serving::{WARM_UP, warm_up},
};

/// The first case of all is repeated: one row of digits, 64 in flight.
const CASE: &Case = &CASES[0];
/// Shares of the traces that are pushed: the default, and a hundredth.
const SHARES: [&str; 2] = ["1", "0.01"];

/// A predictor that pushes a share of its traces, and where to.
struct Traced {
    share: &'static str,
    plant: Plant,
    sink: Server,
    server: Server,
    rounds: Vec<Outcome>,
}

/// A table of processor time a request: with traces, without, and of the null server.
pub(crate) fn measure(args: &Args) -> Result<String, Failure> {
    let plant = Plant::trained(&args.data)?;
    let traced = SHARES.map(|share| Traced::start(&plant, share));
    let mut traced = traced.into_iter().collect::<Result<Vec<_>, _>>()?;
    let untraced = plant.predictor(&[])?;
    let null = plant.null(untraced.address)?;
    let load = CASE.load(&plant);
    for server in traced.iter().map(|traced| &traced.server).chain([&untraced, &null]) {
        warm_up(&plant, &load, server)?;
    }
    let mut rounds = Vec::new();
    for _ in args.rounds("traced") {
        let run = |server| bench::run(&plant, &load, server, args.seconds);
        for traced in &mut traced {
            traced.rounds.push(run(&traced.server)?);
        }
        rounds.push([run(&untraced)?, run(&null)?]);
    }
    let told = traced.into_iter().map(|traced| traced.told(&rounds, args.seconds));
    Ok(format!(
        "`{}` once more, with `--otlp-endpoint` at a collector beside the sender that keeps nothing.\n\n{}",
        CASE.name,
        told.collect::<Result<Vec<_>, _>>()?.join("\n"),
    ))
}

impl Traced {
    fn start(plant: &Plant, share: &'static str) -> Result<Self, Failure> {
        let plant = plant.twin()?;
        let sink = plant.sink()?;
        let endpoint = format!("http://{}", sink.address);
        let flags = ["--otlp-endpoint", &endpoint, "--trace-sampling", share];
        let server = plant.predictor(&flags)?;
        Ok(Self { share, plant, sink, server, rounds: Vec::new() })
    }

    /// How it compares with `rounds` of a predictor that pushes nothing and of the null server.
    fn told(self, rounds: &[[Outcome; 2]], seconds: f64) -> Result<String, Failure> {
        let Self { share, plant, sink, server, rounds: ours } = self;
        // It sends what it still has as it ends.
        server.process.terminate()?;
        sink.process.terminate()?;
        let spans = fs::read_to_string(plant.folder().join("sink.log"))?;
        let spans = spans.trim().parse::<f64>().map_err(|_| Failure::Program(spans))?;
        let pair = |other: usize, figure| Pair {
            ours: figures(ours.iter(), figure),
            other: figures(rounds.iter().map(|round| &round[other]), figure),
            bound: Bound::None,
        };
        let requests = figures(ours.iter(), Figure::Throughput).iter().sum::<f64>() * seconds;
        let requests = requests * (1.0 + WARM_UP / (seconds * ours.len() as f64));
        let table = pairs([
            ("server CPU a request, µs; without traces", pair(0, Figure::ServerCpu)),
            ("server CPU a request, µs; null server", pair(1, Figure::ServerCpu)),
            ("requests/s; without traces", pair(0, Figure::Throughput)),
        ]);
        let share = format!("`--trace-sampling {share}`");
        Ok(format!("{share}, {} spans a request arrived.\n\n{table}", number(spans / requests)))
    }
}

fn figures<'a>(outcomes: impl Iterator<Item = &'a Outcome>, figure: Figure) -> Vec<f64> {
    outcomes.map(|outcome| outcome.of(figure)).collect()
}
