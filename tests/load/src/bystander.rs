//! A small model beside one that takes all that the machine gives.

use std::{fs, path::Path};

use millwright_client::PredictorClient;
use millwright_domain::{Analyzer, NgramRange};
use millwright_ml::{InputParts, PipelineParts, TermRule, TextParts};

use crate::{
    Args, Failure,
    bench::{self, Load, Rank},
    case::Bound,
    plant::{Plant, Server},
    report::{Pair, pairs},
    serving::warm_up,
    stock::{self, Made},
    wait::wait_for,
};

const SMALL: &str = "small";
const HEAVY: &str = "heavy";
/// Characters of a text of the heavy model, which take about a millisecond.
const LENGTH: usize = 10_000;
/// Texts that are sent in turn.
const TEXTS: usize = 64;
/// What texts are made of.
const LETTERS: &[u8; 27] = b"abcdefghijklmnopqrstuvwxyz ";

/// How long answers of the small model took in one round, p99 in milliseconds.
struct Round {
    alone: f64,
    beside: f64,
}

/// A table of the small model's p99: beside the heavy one, and alone.
pub(crate) fn measure(args: &Args) -> Result<String, Failure> {
    let plant = Plant::empty()?;
    stock::keep(&plant, [small(), heavy()].into_iter())?;
    let texts = plant.folder().join("texts.csv");
    write_texts(&texts)?;
    let predictor = plant.predictor(&[])?;
    let one = Load { model: HEAVY.to_owned(), rows: Some(texts), ..Load::default() };
    let full = Load { flags: &["--concurrency", "64"], sender: Rank::Last, ..one.clone() };
    warm_up(&plant, &modest(), &predictor)?;
    warm_up(&plant, &Load { flags: &["--concurrency", "1"], ..one }, &predictor)?;
    let millis = millis_a_row(&predictor)?;
    let mut rounds = Vec::new();
    for _ in args.rounds("bystander") {
        let alone = bench::begin(&plant, &modest(), &predictor, args.seconds)?.end()?.p99();
        let busy = bench::begin(&plant, &full, &predictor, args.seconds + 1.0)?;
        let beside = bench::begin(&plant, &modest(), &predictor, args.seconds)?.end()?.p99();
        if busy.end()?.failed > 0 {
            return Err(Failure::Unanswered { model: HEAVY.to_owned(), server: predictor.name });
        }
        rounds.push(Round { alone, beside });
    }
    let pair = Pair {
        ours: rounds.iter().map(|round| round.beside).collect(),
        other: rounds.iter().map(|round| round.alone).collect(),
        bound: Bound::AtMostMore(2.0),
    };
    let table = pairs([("p99, ms; alone", pair)]);
    Ok(format!(
        "Logistic regression of 64 numbers, 500 requests a second (open loop), beside a model of texts \
         that takes {millis:.2} ms a row, with 64 requests of one row in flight (closed loop).\n\n{table}"
    ))
}

pub(crate) fn small() -> Made {
    Made { name: SMALL.to_owned(), parts: PipelineParts::seeded(64, 10, 1) }
}

/// What is asked of the small model.
pub(crate) fn modest() -> Load {
    Load { model: SMALL.to_owned(), rate: Some(500), ..Load::default() }
}

/// Counts all runs of one, two and three letters.
fn heavy() -> Made {
    let longer = |terms: &[String]| {
        let pairs = terms.iter().flat_map(|term| LETTERS.iter().map(move |letter| (term, letter)));
        pairs.map(|(term, letter)| format!("{term}{}", char::from(*letter))).collect::<Vec<_>>()
    };
    let one = longer(&[String::new()]);
    let two = longer(&one);
    let three = longer(&two);
    let mut terms = [one, two, three].concat();
    terms.sort_unstable();
    let weights = PipelineParts::seeded(terms.len(), 8, 1);
    let text = TextParts {
        rule: TermRule { analyzer: Analyzer::Char, ngrams: NgramRange { min: 1, max: 3 } },
        terms_per_text: (3 * LENGTH) as f32,
        ..TextParts::words("text", terms.into_iter().map(Into::into).collect())
    };
    let parts = PipelineParts { input: InputParts::Text(text), ..weights };
    Made { name: HEAVY.to_owned(), parts }
}

fn write_texts(path: &Path) -> Result<(), Failure> {
    let mut file = String::from("text\n");
    let mut state = 1_u64;
    for _ in 0..TEXTS {
        for _ in 0..LENGTH {
            // Knuth's generator of MMIX; its high bits are the random ones.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            file.push(LETTERS[(state >> 33) as usize % LETTERS.len()].into());
        }
        file.push('\n');
    }
    Ok(fs::write(path, file)?)
}

/// What a row of the heavy model has taken on its kernel so far.
fn millis_a_row(predictor: &Server) -> Result<f64, Failure> {
    let address = predictor.address.to_string();
    let versions = wait_for(async {
        PredictorClient::connect_lazy(&address)?.statistics(HEAVY.parse().ok().as_ref()).await
    })??;
    let micros = |told: &millwright_proto::predictor::VersionStatistics| {
        told.compute.as_ref().map_or(0, |compute| compute.sum_us) as f64 / told.rows.max(1) as f64
    };
    Ok(versions.first().map_or(f64::NAN, micros) / 1e3)
}
