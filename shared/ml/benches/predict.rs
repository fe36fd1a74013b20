//! Whole pipelines at one row and at a batch that serving reaches.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use millwright_domain::{Analyzer, NgramRange};
use millwright_ml::{FittedPipeline, InputParts, PipelineParts, Predictor, TermRule, TextParts};
use millwright_tensor::{Column, Rows};

const BATCHES: [usize; 2] = [1, 64];
/// Of 92 characters, all words known.
const NOTE: &str =
    "Press 9 hydraulic cylinder drifts, oil on floor; replaced seal kit and tested under load 40t";

fn pipelines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("predict");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, pipeline, row) in [digits(), mlp(), words(), characters()] {
        for n in BATCHES {
            let rows = Rows::concat(&vec![&row; n]).expect("rows of one shape");
            group.bench_function(BenchmarkId::new(name, n), |bencher| {
                bencher.iter(|| pipeline.predict(black_box(&rows)));
            });
        }
    }
    group.finish();
}

fn digits() -> (&'static str, FittedPipeline, Rows) {
    let parts = PipelineParts::seeded(64, 10, 1);
    let values = (0..64).map(|j| (j % 17) as f32).collect::<Vec<_>>();
    let rows = Rows::new(1, [Column::fp32(64, &values)]).expect("a row");
    ("digits", FittedPipeline::from_parts(parts).expect("parts that fit"), rows)
}

/// The size of a usual network for MNIST: 11.6 MFLOP a row.
fn mlp() -> (&'static str, FittedPipeline, Rows) {
    let parts = PipelineParts::seeded_mlp(784, &[2048, 2048], 10, 1);
    let values = (0..784).map(|j| (j % 256) as f32 / 255.0).collect::<Vec<_>>();
    let rows = Rows::new(1, [Column::fp32(784, &values)]).expect("a row");
    ("mlp", FittedPipeline::from_parts(parts).expect("parts that fit"), rows)
}

fn words() -> (&'static str, FittedPipeline, Rows) {
    let terms = NOTE.to_lowercase();
    let terms = terms.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1);
    text("words", TermRule::default(), terms.map(str::to_owned).collect())
}

fn characters() -> (&'static str, FittedPipeline, Rows) {
    let rule = TermRule { analyzer: Analyzer::Char, ngrams: NgramRange { min: 1, max: 3 } };
    let characters = NOTE.to_lowercase().chars().collect::<Vec<_>>();
    let runs = (1..=3).flat_map(|n| characters.windows(n).map(String::from_iter));
    text("characters", rule, runs.collect())
}

fn text(
    name: &'static str,
    rule: TermRule,
    mut terms: Vec<String>,
) -> (&'static str, FittedPipeline, Rows) {
    terms.sort_unstable();
    terms.dedup();
    let vocabulary = terms.into_iter().map(Into::into).collect::<Vec<_>>();
    let weights = PipelineParts::seeded(vocabulary.len(), 8, 1);
    let text = TextParts { rule, ..TextParts::words("note", vocabulary) };
    let parts = PipelineParts { input: InputParts::Text(text), ..weights };
    let rows = Rows::new(1, [Column::var([NOTE]).expect("a text")]).expect("a row");
    (name, FittedPipeline::from_parts(parts).expect("parts that fit"), rows)
}

criterion_group!(benches, pipelines);
criterion_main!(benches);
