//! Many small models in one process.

use std::time::Instant;

use millwright_ml::PipelineParts;
use millwright_plot::{Across, Panel, Scale, Series, svg};

use crate::{
    Args, Failure, Found,
    bench::{self, Load},
    case::{Bound, Figure},
    plant::{Plant, Server},
    report::{Pair, median, number, pairs},
    serving::warm_up,
    stock::{self, Made},
};

/// Models in one process.
const COUNTS: [usize; 5] = [1, 10, 100, 1_000, 10_000];
const FEATURES: usize = 64;
const CLASSES: usize = 10;
/// Bytes of a model's weights.
const WEIGHTS: usize = 4 * (FEATURES + 1) * CLASSES;
/// Longest start with all of them, in seconds.
const START: f64 = 5.0;
/// Most memory of a model beyond its weights, in KiB.
const MEMORY: f64 = 64.0;

/// The file of the picture.
const PICTURE: &str = "models.svg";

/// A predictor of so many models.
struct Many {
    models: usize,
    plant: Plant,
    server: Server,
    /// Seconds from the start of the process until all models were served.
    start: f64,
    /// Memory then, in KiB.
    resident: f64,
    /// Of one request at a time to the first model, in milliseconds, once a round.
    p50: Vec<f64>,
}

/// A table of what predictors of one to ten thousand models take.
pub(crate) fn measure(args: &Args) -> Result<Found, Failure> {
    let mut all = COUNTS.map(Many::of).into_iter().collect::<Result<Vec<_>, _>>()?;
    let load = Load { model: name(0), flags: &["--concurrency", "1"], ..Load::default() };
    for many in &all {
        warm_up(&many.plant, &load, &many.server)?;
    }
    for _ in args.rounds("models") {
        for many in &mut all {
            let outcome = bench::run(&many.plant, &load, &many.server, args.seconds)?;
            many.p50.push(outcome.of(Figure::P50));
        }
    }
    Ok(Found { text: told(&all), pictures: vec![(PICTURE, drawn(&all))] })
}

fn told(all: &[Many]) -> String {
    let [few, .., most] = all else { return String::new() };
    let rows = all.iter().map(|many| {
        let Many { models, start, resident, p50, .. } = many;
        let p50 = number(median(p50));
        format!("| {models} | {start:.2} | {:.1} | {p50} |\n", resident * 1024.0 / 1e6)
    });
    let table = rows.collect::<String>();
    let each = (most.resident - few.resident) / (most.models - few.models) as f64;
    let each = each - WEIGHTS as f64 / 1024.0;
    let verdict = |holds| if holds { "holds" } else { "**missed**" };
    let (start, models) = (most.start, most.models);
    let pair = Pair { ours: most.p50.clone(), other: few.p50.clone(), bound: Bound::AtMost(1.05) };
    let pairs = pairs([("p50, ms, one request at a time; with one model", pair)]);
    format!(
        "![p50, memory and start against the number of models]({PICTURE})\n\n\
         Logistic regressions of 64 numbers and 10 classes, loaded from the local cache.\n\n\
         | models | process start → all served, s | memory then, MB | p50, ms |\n|---|---|---|---|\n\
         {table}\n\
         - A model takes {each:.1} KiB beyond its weights (bar: {MEMORY}): {}.\n\
         - {models} models are served {start:.2} s after the start (bar: {START}): {}.\n\n{pairs}",
        verdict(each <= MEMORY),
        verdict(start <= START),
    )
}

fn drawn(all: &[Many]) -> String {
    let panel = |title, name, value: fn(&Many) -> f64| {
        let line = Series::new(name, all.iter().map(|many| (many.models as f64, value(many))));
        Panel { title, across: Across::Models, up: Scale::Logarithmic, lines: vec![line] }
    };
    let panels = [
        panel("p50 of one request at a time, milliseconds", "p50", |many| median(&many.p50)),
        panel("memory, MB", "resident", |many| many.resident * 1024.0 / 1e6),
        panel("start of the process until all are served, seconds", "start", |many| many.start),
    ];
    svg("Small models in one process", &panels)
}

impl Many {
    fn of(models: usize) -> Result<Self, Failure> {
        eprintln!("models: {models} are published");
        let plant = Plant::empty()?;
        stock::keep(&plant, (0..models).map(made))?;
        let begun = Instant::now();
        let server = plant.predictor(&[])?;
        stock::until_served(&server, models)?;
        let start = begun.elapsed().as_secs_f64();
        let resident = server.process.resident_kb()?;
        Ok(Self { models, plant, server, start, resident, p50: Vec::new() })
    }
}

fn made(i: usize) -> Made {
    Made { name: name(i), parts: PipelineParts::seeded(FEATURES, CLASSES, i as u64) }
}

fn name(i: usize) -> String {
    format!("plant.line{}.model{i}", i % 100)
}
