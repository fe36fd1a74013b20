//! What every transformer keeps.

use millwright_domain::{
    Analyzer, Keep, NgramRange, ReductionMethod, ReductionSpec, Scale, VectorizerSpec, Weighting,
};
use rayon::ThreadPoolBuilder;

use super::{Fitted, MEMORY, Note, Recipe, notes};

fn fitted(recipe: &Recipe) -> Fitted {
    recipe.fit(&notes()[0], MEMORY).expect("a sound recipe")
}

fn bits(rows: &[Vec<f64>]) -> Vec<Vec<u64>> {
    rows.iter().map(|row| row.iter().map(|value| value.to_bits()).collect()).collect()
}

/// A row's features depend on the row alone, the training rows' too.
fn rows_are_transformed_alone_as_together(recipe: &Recipe) {
    let fitted = fitted(recipe);
    let all = notes().concat();
    let together = bits(&fitted.transform(&all));
    let alone = all.iter().flat_map(|note| bits(&fitted.transform(std::slice::from_ref(note))));
    assert!(together.into_iter().eq(alone));
}

/// Neither the number of threads nor the memory for features decides anything.
fn threads_and_memory_change_no_bit(recipe: &Recipe) {
    let [train, test] = notes();
    let expected = bits(&fitted(recipe).transform(&test));
    for (threads, memory) in [(1, MEMORY), (2, MEMORY), (3, 0)] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let found =
            pool.install(|| recipe.fit(&train, memory).map(|fitted| fitted.transform(&test)));
        assert_eq!(bits(&found.expect("a sound recipe")), expected, "{threads} threads, {memory}");
    }
}

/// Rows that are not fitted have no part in what is learnt.
fn what_is_transformed_teaches_nothing(recipe: &Recipe) {
    let ([train, test], fitted) = (notes(), fitted(recipe));
    let before = bits(&fitted.transform(&train));
    fitted.transform(&test);
    assert_eq!(bits(&fitted.transform(&train)), before);
}

/// What was never seen counts for nothing.
fn unseen_terms_are_left_out(recipe: &Recipe) {
    let (fitted, [_, test]) = (fitted(recipe), notes());
    let with =
        |note: &Note| Note { text: format!("{} ЖЖЖЖ ЖЖЖЖ", note.text), ..note.clone() };
    let with = test.iter().map(with).collect::<Vec<_>>();
    let is_char = recipe.text.as_ref().is_some_and(|spec| spec.analyzer == Analyzer::Char);
    // Blanks between words are characters too.
    if !is_char {
        assert_eq!(bits(&fitted.transform(&with)), bits(&fitted.transform(&test)));
    }
    let stranger = Note { text: "ЖЖЖЖ".to_owned(), ..test[0].clone() };
    let silent = Note { text: String::new(), ..test[0].clone() };
    assert_eq!(bits(&fitted.transform(&[stranger])), bits(&fitted.transform(&[silent])));
}

/// A text without terms is a zero vector, before a reduction shifts it.
fn a_text_without_terms_is_zero(recipe: &Recipe) {
    let recipe = Recipe { reduction: None, ..recipe.clone() };
    let (fitted, [train, _]) = (fitted(&recipe), notes());
    let n_terms = fitted.text.as_ref().map_or(0, |text| text.vocabulary.terms().len());
    let rows = fitted.transform(&[Note { text: String::new(), ..train[0].clone() }]);
    assert!(rows[0][..n_terms].iter().all(|value| *value == 0.0));
}

/// Columns in another order give the same numbers in that order, or the same components.
fn the_order_of_columns_is_that_of_features(recipe: &Recipe) {
    let [train, test] = notes();
    let turned = |notes: &[Note]| {
        let turn = |note: &Note| {
            let mut note = note.clone();
            note.numbers.rotate_left(1);
            note
        };
        notes.iter().map(turn).collect::<Vec<_>>()
    };
    let found = recipe.fit(&turned(&train), MEMORY).expect("a sound recipe");
    let (found, mut expected) = (found.transform(&turned(&test)), fitted(recipe).transform(&test));
    if recipe.reduction.is_none() && recipe.scale.is_some() {
        expected.iter_mut().for_each(|row| {
            let first = row.len() - 3;
            row[first..].rotate_left(1);
        });
    }
    let pairs = found.concat().into_iter().zip(expected.concat()).collect::<Vec<_>>();
    assert!(pairs.iter().all(|(found, expected)| (found - expected).abs() < 1e-9));
}

macro_rules! transformer_laws {
    ($($transformer:ident),+ $(,)?) => { $(
        mod $transformer {
            transformer_laws!(@ $transformer;
                rows_are_transformed_alone_as_together,
                threads_and_memory_change_no_bit,
                what_is_transformed_teaches_nothing,
                unseen_terms_are_left_out,
                a_text_without_terms_is_zero,
                the_order_of_columns_is_that_of_features
            );
        }
    )+ };
    (@ $transformer:ident; $($law:ident),+) => {
        $(#[test] fn $law() { super::$law(&super::$transformer()) })+
    };
}

transformer_laws!(
    counted_words,
    weighed_characters,
    standardised_numbers,
    numbers_as_they_are,
    words_beside_numbers,
    principal_components_of_characters,
    principal_components_of_numbers,
    truncated_svd_of_characters_beside_numbers,
);

fn counted_words() -> Recipe {
    Recipe { text: Some(VectorizerSpec::default()), ..Recipe::default() }
}

fn weighed_characters() -> Recipe {
    let spec = VectorizerSpec {
        weighting: Weighting::Tfidf,
        analyzer: Analyzer::Char,
        ngrams: NgramRange { min: 1, max: 3 },
        ..VectorizerSpec::default()
    };
    Recipe { text: Some(spec), ..Recipe::default() }
}

fn standardised_numbers() -> Recipe {
    Recipe { scale: Some(Scale::Standard), ..Recipe::default() }
}

fn numbers_as_they_are() -> Recipe {
    Recipe { scale: Some(Scale::None), ..Recipe::default() }
}

fn words_beside_numbers() -> Recipe {
    Recipe { scale: Some(Scale::Standard), ..counted_words() }
}

fn pca(recipe: Recipe, keep: Keep) -> Recipe {
    Recipe { reduction: Some(ReductionSpec { method: ReductionMethod::Pca, keep }), ..recipe }
}

fn principal_components_of_characters() -> Recipe {
    pca(weighed_characters(), Keep::Variance(0.8))
}

fn principal_components_of_numbers() -> Recipe {
    pca(standardised_numbers(), Keep::Components(2))
}

fn truncated_svd_of_characters_beside_numbers() -> Recipe {
    let method = ReductionMethod::TruncatedSvd;
    let reduction = Some(ReductionSpec { method, keep: Keep::Components(9) });
    Recipe { reduction, scale: Some(Scale::None), ..weighed_characters() }
}
