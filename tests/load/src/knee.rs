//! Latency against load, up to where a server no longer keeps up.

use millwright_plot::{Across, Panel, Scale, Series, svg};

use crate::{
    Args, Failure, Found,
    bench::{self, Load, Told},
    plant::{Plant, Server},
    report::{median, number},
    serving::warm_up,
};

/// Requests a second; each server goes as far as it can.
const RATES: [u32; 16] = [
    100, 200, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000,
    60_000, 70_000, 80_000,
];
/// A server that answers a smaller share of what is due does not keep up.
const KEEPS_UP: f64 = 0.98;
/// Above this many cores of the sender, a latency says how quick the sender is.
const SENDER_IS_FREE: f64 = 0.9;
/// The file of the picture.
const PICTURE: &str = "latency.svg";

/// What a server made of one rate.
struct Point {
    rate: f64,
    p50: f64,
    p99: f64,
    sender: f64,
}

/// The rates with which a server has kept up.
struct Curve {
    name: &'static str,
    points: Vec<Point>,
}

/// A picture of p50 and p99 of each server, and where its knee is.
pub(crate) fn measure(args: &Args) -> Result<Found, Failure> {
    let plant = Plant::trained(&args.data)?;
    let ours = plant.predictor(&[])?;
    let null = plant.null(ours.address)?;
    let mut servers = vec![("Millwright", ours), ("null server", null)];
    if let Some(python) = &args.peer {
        servers.push(("Python peer", plant.peer(python)?));
    }
    let curve = |(name, server): &(&'static str, Server)| {
        Ok::<_, Failure>(Curve { name, points: climb(args, &plant, server)? })
    };
    let curves = servers.iter().map(curve).collect::<Result<Vec<_>, _>>()?;
    Ok(Found { text: told(&curves), pictures: vec![(PICTURE, drawn(&curves))] })
}

/// Raises the rate until `server` no longer keeps up.
fn climb(args: &Args, plant: &Plant, server: &Server) -> Result<Vec<Point>, Failure> {
    let modest = Load { model: "digits".to_owned(), ..Load::default() };
    warm_up(plant, &modest, server)?;
    let load = Load { flags: &["--connections", "2", "--concurrency", "1024"], ..modest };
    let mut points = Vec::new();
    for rate in RATES {
        eprintln!("knee: {rate} requests/s on {}", server.name);
        let load = Load { rate: Some(rate), ..load.clone() };
        let rounds = (0..args.rounds)
            .map(|_| bench::begin(plant, &load, server, args.seconds)?.end())
            .collect::<Result<Vec<_>, _>>()?;
        let middle =
            |value: fn(&Told) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
        let rate = f64::from(rate);
        if middle(|told| told.requests_per_second) < KEEPS_UP * rate {
            break;
        }
        let (p50, p99) = (middle(Told::p50), middle(Told::p99));
        points.push(Point { rate, p50, p99, sender: middle(Told::sender) });
    }
    Ok(points)
}

fn told(curves: &[Curve]) -> String {
    let row = |Curve { name, points }: &Curve| {
        let Some(last) = points.last() else { return format!("| {name} | none | | | |\n") };
        let Point { rate, p50, p99, sender } = last;
        let is_bound = *sender > SENDER_IS_FREE;
        let limit = if is_bound { "sender at its limit" } else { "" };
        format!("| {name} | {} | {} | {} | {limit} |\n", number(*rate), number(*p50), number(*p99))
    };
    let rows = curves.iter().map(row).collect::<String>();
    format!(
        "![p50 and p99 against requests a second]({PICTURE})\n\n\
         ModelInfer of one row of digits at a constant rate (open loop), up to the highest of the rates \
         tried of which a server answers {KEEPS_UP}.\n\n\
         | server | highest rate, requests/s | p50 there, ms | p99 there, ms | |\n|---|---|---|---|---|\n\
         {rows}"
    )
}

fn drawn(curves: &[Curve]) -> String {
    let panel = |title, value: fn(&Point) -> f64| {
        let line = |Curve { name, points }: &Curve| {
            Series::new(name, points.iter().map(|point| (point.rate, value(point))))
        };
        let lines = curves.iter().map(line).filter(|line| !line.points.is_empty()).collect();
        Panel { title, across: Across::Rates, up: Scale::Logarithmic, lines }
    };
    let panels = [
        panel("p50, milliseconds", |point| point.p50),
        panel("p99, milliseconds", |point| point.p99),
    ];
    svg("Latency against load, one processor for each server", &panels)
}
