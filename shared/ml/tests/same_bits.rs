//! The same table, recipe and seed give the same artefact at any number of threads.

mod plant;

use std::fmt::Write;

use millwright_domain::{
    Digest, InputSpec, Keep, MixedSpec, ReductionMethod, ReductionSpec, Split, TextSpec,
    TrainingSpec, VectorizerSpec, Weighting,
};
use millwright_ml::CsvTable;
use plant::{data, features, fit, noise, open, recipe, table};
use rayon::ThreadPoolBuilder;

fn digests(table: &CsvTable, spec: &TrainingSpec) -> Vec<Digest> {
    let digest = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let trained = pool.install(|| fit(table, spec)).expect("a sound recipe");
        Digest::of(&trained.artifact)
    };
    [1, 2, 3].map(digest).to_vec()
}

fn all_equal(digests: &[Digest]) -> bool {
    digests.windows(2).all(|pair| pair[0] == pair[1])
}

#[test]
fn numbers_train_to_the_same_bits_at_any_number_of_threads() {
    let table = open(&data("digits.csv"));
    let mut spec = recipe(features(&table));
    assert!(all_equal(&digests(&table, &spec)));
    spec.seed = 43;
    spec.split = Split::Fraction(0.2);
    let others = digests(&table, &spec);
    assert!(all_equal(&others));
}

#[test]
fn texts_train_to_the_same_bits_at_any_number_of_threads() {
    // Enough words and classes that vectors span several chunks.
    let mut csv = "text,label\n".to_owned();
    for (i, draw) in noise(3000, 7).into_iter().enumerate() {
        let word = (draw * 4000.0) as i32;
        writeln!(csv, "w{word} v{} u{},c{}", word * 7 % 9001, i % 13, i % 23).expect("memory");
    }
    let (table, _folder) = table(csv);
    let mut spec = recipe(plant::text("text"));
    spec.split = Split::Fraction(0.2);
    spec.pipeline.logistic.max_iter = 15;
    assert!(all_equal(&digests(&table, &spec)));
}

#[test]
fn another_seed_gives_another_artefact() {
    let table = open(&data("bands.csv"));
    let mut spec = recipe(features(&table));
    let first = fit(&table, &spec).expect("a sound recipe");
    assert_eq!(first, fit(&table, &spec).expect("a sound recipe"));
    spec.seed += 1;
    assert_ne!(first.artifact, fit(&table, &spec).expect("a sound recipe").artifact);
}

#[test]
fn components_of_a_text_beside_numbers_train_to_the_same_bits_at_any_number_of_threads() {
    let InputSpec::Numeric(numeric) = plant::numeric(&[]) else { panic!("a numeric input") };
    let vectorizer = VectorizerSpec { weighting: Weighting::Tfidf, ..VectorizerSpec::default() };
    let text = TextSpec { column: "note".to_owned(), vectorizer };
    let mut spec = recipe(InputSpec::Mixed(MixedSpec { text, numeric }));
    for method in [ReductionMethod::Pca, ReductionMethod::TruncatedSvd] {
        spec.pipeline.reduction = Some(ReductionSpec { method, keep: Keep::Variance(0.9) });
        assert!(all_equal(&digests(&open(&data("notes.csv")), &spec)), "{method:?}");
    }
}
