//! Texts to features, and sparse rows × dense weights beside what the memory gives.
//!
//! A sparse row reads the weights of its terms and little else: at a head that no cache holds, their
//! bytes a second are compared with a sum over memory, front to back, of the same process.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use millwright_domain::{Analyzer, NgramRange};
use millwright_ml::{Head, TermRule, TextParts, Vectorizer};

/// Of 92 characters and 15 words.
const NOTE: &str =
    "Press 9 hydraulic cylinder drifts, oil on floor; replaced seal kit and tested under load 40t";
const TERMS: usize = 15;
/// Rows of one measure: so many that their weights do not stay in a cache.
const ROWS: usize = 4096;
/// Features and outputs: in the second cache; of the 61,701 package descriptions; beyond all caches.
const HEADS: [(usize, usize); 3] = [(4_000, 8), (66_057, 41), (2_000_000, 64)];

fn vectorise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("vectorise");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Bytes(NOTE.len() as u64));
    let ngrams = |min, max| NgramRange { min, max };
    for (name, analyzer, ngrams) in
        [("words", Analyzer::Word, ngrams(1, 1)), ("characters", Analyzer::Char, ngrams(1, 3))]
    {
        let vectorizer = vectorizer(TermRule { analyzer, ngrams });
        let mut desk = vectorizer.desk();
        group.bench_function(name, |bencher| {
            bencher.iter(|| vectorizer.transform(black_box(NOTE), &mut desk).len());
        });
    }
    group.finish();
}

/// Knows all terms of the note.
fn vectorizer(rule: TermRule) -> Vectorizer {
    let lower = NOTE.to_lowercase();
    let mut terms = match rule.analyzer {
        Analyzer::Word => {
            let words = lower.split(|c: char| !c.is_alphanumeric());
            words.filter(|word| word.len() > 1).map(str::to_owned).collect::<Vec<_>>()
        }
        Analyzer::Char => {
            let characters = lower.chars().collect::<Vec<_>>();
            let runs = |n| characters.windows(n).map(String::from_iter).collect::<Vec<_>>();
            (1..=3).flat_map(runs).collect()
        }
    };
    terms.sort_unstable();
    terms.dedup();
    let terms = terms.into_iter().map(Into::into).collect();
    Vectorizer::of(TextParts { rule, ..TextParts::words("note", terms) }).expect("terms in order")
}

fn sparse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sparse rows × weights");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for (features, outputs) in HEADS {
        let bytes = 4 * features * outputs;
        let head = Head::new(vec![0.25; features * outputs], vec![0.5; outputs]).expect("sizes");
        let rows = (0..ROWS as u64).map(|row| terms(row, features)).collect::<Vec<_>>();
        let mut logits = vec![0.0; outputs];
        group.throughput(Throughput::Bytes((4 * ROWS * TERMS * outputs) as u64));
        let what = format!("{features}×{outputs}, {} MB", bytes / 1_000_000);
        group.bench_function(BenchmarkId::new("logits", &what), |bencher| {
            bencher.iter(|| {
                for row in &rows {
                    head.sparse_logits(black_box(row), &[], &mut logits);
                    black_box(&logits);
                }
            });
        });
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("sum over memory", &what), |bencher| {
            bencher.iter(|| sum(black_box(head.weights())));
        });
    }
    group.finish();
}

/// The terms of one row, ascending and anywhere.
fn terms(row: u64, features: usize) -> Vec<(u32, f32)> {
    // Weyl's sequence of the golden ratio: even, and near nothing that was read before.
    let place = |i: u64| (row * TERMS as u64 + i).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    let mut terms = (0..TERMS as u64).map(|i| (place(i) % features as u64) as u32);
    let mut terms = terms.by_ref().map(|place| (place, 1.0)).collect::<Vec<_>>();
    terms.sort_unstable_by_key(|(place, _)| *place);
    terms
}

/// In 32 sums, so that no sum waits for another.
fn sum(values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 32];
    for values in values.as_chunks::<32>().0 {
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().sum()
}

criterion_group!(benches, vectorise, sparse);
criterion_main!(benches);
