//! A small model while versions of half a gigabyte are loaded beside it.

use std::{
    fs::{self, File},
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use millwright_client::{PredictorClient, RegistryClient};
use millwright_domain::{AliasName, Expected, ModelName, SetAlias, Version};
use millwright_ml::{MEDIA_TYPE, StreamedParts, TermRule, TermSource};

use crate::{
    Args, Failure, bench,
    bystander::{modest, small},
    case::Bound,
    plant::Plant,
    report::{Pair, median, number, pairs},
    serving::warm_up,
    stock,
    wait::wait_for,
};

const LARGE: &str = "large";
const N_CLASSES: usize = 100;
/// 500 MB, at four bytes a weight and some 26 for the term itself.
const N_TERMS: usize = 500_000_000 / (4 * N_CLASSES + 26);
/// One more than a predictor keeps for a way back: each is fetched anew when its turn comes.
const VERSIONS: u8 = 3;

/// The terms `w000000000`, `w000000001`, …; versions differ by their weights.
struct Words(u8);

impl TermSource for Words {
    fn n_terms(&self) -> usize {
        N_TERMS
    }

    fn term(&self, i: usize) -> String {
        format!("w{i:09}")
    }

    fn weights(&self, i: usize, row: &mut [f32]) {
        let weight = |c| ((i * 37 + c * 101 + usize::from(self.0)) % 257) as f32 / 128.0 - 1.0;
        row.iter_mut().enumerate().for_each(|(c, into)| *into = weight(c));
    }
}

/// How long answers of the small model took in one round, p99 in milliseconds; and how long loads.
struct Round {
    alone: f64,
    beside: f64,
    loads: Vec<f64>,
}

/// A table of the small model's p99: while the large one is loaded again and again, and alone.
pub(crate) fn measure(args: &Args) -> Result<String, Failure> {
    let plant = Plant::empty()?;
    let registry = plant.registry()?;
    wait_for(stock::publish_all(registry.address, std::iter::once(small())))??;
    let versions = (0..VERSIONS).map(|i| publish(&plant, registry.address, i));
    let versions = versions.collect::<Result<Vec<_>, _>>()?;
    let predictor = plant.predictor_of(registry.address, &[])?;
    stock::until_served(&predictor, 2)?;
    warm_up(&plant, &modest(), &predictor)?;
    let bench = || bench::begin(&plant, &modest(), &predictor, args.seconds)?.end();
    let mover = Mover { registry: registry.address, predictor: predictor.address };
    let mut rounds = Vec::new();
    for _ in args.rounds("loading") {
        let alone = bench()?.p99();
        let is_over = AtomicBool::new(false);
        let (beside, loads) = thread::scope(|scope| {
            let loads = scope.spawn(|| mover.move_until(&versions, &is_over));
            let beside = bench();
            is_over.store(true, Relaxed);
            (beside, loads.join())
        });
        let loads = loads.map_err(|_| Failure::Program("the mover of aliases".to_owned()))??;
        rounds.push(Round { alone, beside: beside?.p99(), loads });
    }
    Ok(told(&rounds))
}

fn told(rounds: &[Round]) -> String {
    let loads = rounds.iter().flat_map(|round| round.loads.iter().copied()).collect::<Vec<_>>();
    let pair = Pair {
        ours: rounds.iter().map(|round| round.beside).collect(),
        other: rounds.iter().map(|round| round.alone).collect(),
        bound: Bound::AtMost(2.0),
    };
    let table = pairs([("p99, ms; alone", pair)]);
    format!(
        "Logistic regression of 64 numbers, 500 requests a second (open loop), while an alias moves \
         from one version of 500 MB to the next: each is fetched from the registry, verified, kept, \
         opened and tried, in {} s at the median ({} loads).\n\n{table}",
        number(median(&loads)),
        loads.len(),
    )
}

/// Makes a version and registers it.
fn publish(plant: &Plant, registry: SocketAddr, number: u8) -> Result<Version, Failure> {
    let path = plant.folder().join("large.artifact");
    let parts = StreamedParts {
        column: "note".to_owned(),
        rule: TermRule::default(),
        terms: Words(number),
        classes: (0..N_CLASSES).map(|c| format!("class {c}")).collect(),
        intercept: vec![0.0; N_CLASSES],
    };
    let manifest = parts.write(&mut File::create(&path)?)?;
    let version = wait_for(async {
        let client = RegistryClient::connect_lazy(&registry.to_string())?;
        let artifact = client.upload_artifact_file(MEDIA_TYPE, File::open(&path)?).await?;
        stock::publish(&client, LARGE, &manifest, &artifact).await
    })??;
    fs::remove_file(path)?;
    Ok(version)
}

/// Moves the alias from one version to the next as soon as the predictor serves it.
struct Mover {
    registry: SocketAddr,
    predictor: SocketAddr,
}

impl Mover {
    /// Seconds that each version took, until `is_over`.
    fn move_until(&self, versions: &[Version], is_over: &AtomicBool) -> Result<Vec<f64>, Failure> {
        let mut loads = Vec::new();
        for version in versions.iter().cycle() {
            if is_over.load(Relaxed) {
                break;
            }
            let begun = Instant::now();
            wait_for(self.load(*version))??;
            loads.push(begun.elapsed().as_secs_f64());
        }
        Ok(loads)
    }

    async fn load(&self, version: Version) -> Result<(), Failure> {
        let registry = RegistryClient::connect_lazy(&self.registry.to_string())?;
        let predictor = PredictorClient::connect_lazy(&self.predictor.to_string())?;
        let model = LARGE.parse::<ModelName>();
        let model = model.map_err(|error| Failure::Program(error.to_string()))?;
        let (alias, expected) = (AliasName::production(), Expected::Any);
        registry.set_alias(&SetAlias { model, alias, version, expected }).await?;
        loop {
            let served = predictor.served().await?;
            let mut served = served.iter().filter_map(|model| model.serving.as_ref());
            if served.any(|told| told.model == LARGE && told.version == version.get()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
