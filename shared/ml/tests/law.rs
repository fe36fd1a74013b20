//! The law: row i of an answer depends on row i of the question alone, bit for bit.

mod plant;

use std::sync::LazyLock;

use millwright_domain::{Analyzer, NgramRange};
use millwright_ml::{
    FittedPipeline, Head, InputParts, PipelineParts, Predictor, TermRule, TextParts,
};
use millwright_tensor::{Column, Rows};
use plant::{ask, noise, numbers, texts};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

const BATCHES: [usize; 9] = [1, 2, 3, 64, 65, 129, 256, 1000, 5000];

/// Compares each batch with the rows of the largest one.
fn kernel_keeps_the_law(k: usize, n: usize, most: usize) {
    let head = Head::new(noise(k * n, 3), noise(n, 5)).expect("sizes that fit");
    let rows = noise(most * k, 11);
    let all = head.dense_logits(&rows);
    for m in BATCHES.into_iter().filter(|m| *m < most) {
        // From the front and from the end, so that a row meets other places and neighbours.
        for from in [0, most - m] {
            let some = head.dense_logits(&rows[from * k..(from + m) * k]);
            let same = some.iter().zip(&all[from * n..]).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "{m} × {k} × {n} from row {from}");
        }
    }
}

fn in_pools(check: impl Fn() + Send + Sync) {
    for threads in [1, std::thread::available_parallelism().map_or(2, usize::from).max(2)] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(&check);
    }
}

#[test]
fn the_kernel_keeps_the_law_at_the_shapes_of_small_models() {
    in_pools(|| {
        for k in [1, 7, 64, 257, 784] {
            for n in [1, 2, 10, 43] {
                kernel_keeps_the_law(k, n, 5000);
            }
        }
    });
}

#[test]
fn the_kernel_keeps_the_law_at_the_shapes_of_large_models() {
    in_pools(|| {
        for (k, most) in [(3000, 1000), (10_000, 256), (65_699, 65)] {
            for n in [1, 2, 10, 43] {
                kernel_keeps_the_law(k, n, most);
            }
        }
    });
}

/// Answers of all rows together, and of each alone, at one thread and at several.
fn answers_alone_as_together(pipeline: &FittedPipeline, rows: &Rows) {
    let alone = (0..rows.len()).flat_map(|i| ask(pipeline, &rows.slice(i..i + 1)));
    let alone = alone.map(f32::to_bits).collect::<Vec<_>>();
    in_pools(|| {
        let together = ask(pipeline, rows).into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(together, alone);
    });
}

#[test]
fn a_wide_pipeline_answers_alone_as_together() {
    // 300 rows cost above 3 MFLOP, so that several threads share them.
    let wide = FittedPipeline::from_parts(PipelineParts::seeded(500, 40, 1)).expect("parts");
    let values = noise(300 * 500, 2).into_iter().map(f64::from).collect::<Vec<_>>();
    assert!(wide.flops_per_row() * 300 > 3_000_000);
    answers_alone_as_together(&wide, &numbers(500, &values));
}

#[test]
fn hidden_layers_answer_alone_as_together() {
    // 600 rows go through the layers in blocks, on several threads.
    let parts = PipelineParts::seeded_mlp(30, &[100, 65], 10, 1);
    let mlp = FittedPipeline::from_parts(parts).expect("parts");
    let values = noise(600 * 30, 2).into_iter().map(f64::from).collect::<Vec<_>>();
    assert!(mlp.flops_per_row() * 600 > 3_000_000);
    answers_alone_as_together(&mlp, &numbers(30, &values));
}

/// Parts with 2,000 terms and `n_numbers` columns of numbers.
fn parts(text: TextParts, n_numbers: usize) -> PipelineParts {
    let vocabulary = (0..2000).map(|i| format!("w{i:04}").into_boxed_str()).collect();
    let text = TextParts { vocabulary, ..text };
    let PipelineParts { input, hidden, classes, weights, intercept } =
        PipelineParts::seeded(2000 + n_numbers, 30, 1);
    let InputParts::Numeric { columns } = input else { panic!("numeric parts") };
    let columns = columns[..n_numbers].to_vec();
    let input = match n_numbers {
        0 => InputParts::Text(text),
        _ => InputParts::Mixed { text, columns },
    };
    PipelineParts { input, hidden, classes, weights, intercept }
}

/// Counted words.
static WORDS: LazyLock<FittedPipeline> = LazyLock::new(|| {
    FittedPipeline::from_parts(parts(TextParts::words("note", vec![]), 0)).expect("parts that fit")
});

/// Weighed runs of characters beside two numbers.
static MIXED: LazyLock<FittedPipeline> = LazyLock::new(|| {
    let text = TextParts {
        rule: TermRule { analyzer: Analyzer::Char, ngrams: NgramRange { min: 4, max: 6 } },
        idf: Some((0..2000).map(|i| 1.0 + f64::from(i) / 300.0).collect()),
        ..TextParts::words("note", vec![])
    };
    FittedPipeline::from_parts(parts(text, 2)).expect("parts that fit")
});

/// Texts with two numbers each.
fn with_numbers(notes: &[String]) -> Rows {
    let numbers = noise(2 * notes.len(), 13).into_iter().map(f64::from);
    let numbers = numbers.map(|x| if x > 0.9 { f64::NAN } else { x }).collect::<Vec<_>>();
    let (first, second) = numbers.split_at(notes.len());
    let texts = Column::var(notes).expect("a few texts");
    Rows::new(notes.len(), [texts, Column::fp64(1, first), Column::fp64(1, second)])
        .expect("one value a row")
}

#[test]
fn many_texts_answer_alone_as_together() {
    let notes = noise(300, 9).into_iter().map(|x| {
        let word = (x.abs() * 2000.0) as u32;
        format!("W{word:04} w{:04} unknown w{word:04}", word / 2)
    });
    let notes = notes.collect::<Vec<_>>();
    answers_alone_as_together(&WORDS, &texts(&notes));
    answers_alone_as_together(&MIXED, &with_numbers(&notes));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn any_numbers_in_any_batch_answer_alone_as_together(
        values in proptest::collection::vec(
            prop_oneof![4 => -1e6..1e6_f64, 1 => Just(f64::NAN)], 1..120,
        ),
        seed in 0..8_u64,
    ) {
        let pipeline = FittedPipeline::from_parts(PipelineParts::seeded(3, 5, seed)).expect("parts");
        let rows = numbers(3, &values[..values.len() / 3 * 3]);
        answers_alone_as_together(&pipeline, &rows);
    }

    #[test]
    fn any_texts_in_any_batch_answer_alone_as_together(
        notes in proptest::collection::vec("(w0[0-9]{3} |[a-zé液 ]{0,4}){0,6}", 0..20),
    ) {
        answers_alone_as_together(&WORDS, &texts(&notes));
        answers_alone_as_together(&MIXED, &with_numbers(&notes));
    }
}

#[test]
fn single_and_double_precision_of_the_same_number_answer_alike() {
    let pipeline = FittedPipeline::from_parts(PipelineParts::seeded(2, 3, 1)).expect("parts");
    let single = Rows::new(1, [Column::fp32(2, &[0.1, -7.25])]).expect("a row");
    let double = numbers(2, &[f64::from(0.1_f32), -7.25]);
    assert_eq!(ask(&pipeline, &single), ask(&pipeline, &double));
}
