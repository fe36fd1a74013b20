//! Loads on the predictor, on a server that does nothing, and on a peer, in turn.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    Args, Failure,
    bench::{self, Load},
    case::{CASES, Case},
    plant::{Plant, Server},
    report::{self, Measured},
};

/// Seconds of a load of which nothing is measured.
pub(crate) const WARM_UP: f64 = 1.0;
/// How long a server may take until it has loaded its model.
const PATIENCE: Duration = Duration::from_secs(60);

/// A table of all cases that were asked for.
pub(crate) fn measure(args: &Args) -> Result<String, Failure> {
    let plant = Plant::trained(&args.data)?;
    let cases = CASES.iter().filter(|case| case.name.starts_with(&args.case));
    let measured = cases.map(|case| rounds(args, &plant, case)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("{}\n{}", report::table(&measured), report::legend(&measured)))
}

fn rounds(args: &Args, plant: &Plant, case: &'static Case) -> Result<Measured, Failure> {
    let ours = plant.predictor(&[])?;
    let null = plant.null(ours.address)?;
    let mut servers: Vec<Server> = vec![ours, null];
    if let Some(python) = args.peer.as_ref().filter(|_| case.peer) {
        servers.push(plant.peer(python)?);
    }
    let load = case.load(plant);
    for server in &servers {
        warm_up(plant, &load, server)?;
    }
    let mut rounds = Vec::new();
    for _ in args.rounds(case.name) {
        let run = |server| bench::run(plant, &load, server, args.seconds);
        rounds.push(servers.iter().map(run).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(Measured { case, rounds })
}

/// Puts a short load on `server`, once it has loaded its model.
pub(crate) fn warm_up(plant: &Plant, load: &Load, server: &Server) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        match bench::run(plant, load, server, WARM_UP) {
            Err(_) if begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(50)),
            ended => return ended.map(drop),
        }
    }
}
