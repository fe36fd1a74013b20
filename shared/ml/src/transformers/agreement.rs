//! What `tests/data/transformers.py` recorded of scikit-learn.

use millwright_domain::{Keep, ReductionMethod, ReductionSpec, Scale, VectorizerSpec};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Fitted, MEMORY, Note, Recipe, data, notes};

/// Nine digits were recorded; features are rounded to 32 bits, and components come from squares,
/// which beside a pressure of 101,325 have few digits left for others.
const TOLERANCE: f64 = 5e-6;

fn recorded() -> Value {
    let text = std::fs::read_to_string(data("transformers.json")).expect("the file is there");
    serde_json::from_str(&text).expect("a JSON file")
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).expect("as the script writes it")
}

fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
}

fn are_near(found: &[Vec<f64>], expected: &[Vec<f64>], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let near = found.len() == expected.len()
            && found.iter().zip(expected).all(|(f, e)| is_near(*f, *e));
        assert!(near, "{what}, row {i}: {found:?} for {expected:?}");
    }
}

fn fitted(recipe: &Recipe, train: &[Note]) -> Fitted {
    recipe.fit(train, MEMORY).expect("a sound recipe")
}

#[test]
fn vectorisers_give_the_terms_and_values_of_scikit_learn() {
    let ([train, test], recorded) = (notes(), recorded());
    for (name, case) in recorded["vectorizers"].as_object().expect("vectorisers by name") {
        let spec: VectorizerSpec = read(&case["spec"]);
        let fitted = fitted(&Recipe { text: Some(spec), ..Recipe::default() }, &train);
        let text = fitted.text.as_ref().expect("a vectoriser");
        let terms = text.vocabulary.terms().iter().map(|term| str::from_utf8(term).expect("text"));
        let expected = read::<Vec<String>>(&case["vocabulary"]);
        assert_eq!(terms.collect::<Vec<_>>(), expected, "{name}");
        let idf = [text.idf.as_ref().map_or_else(Vec::new, |idf| idf.to_vec())];
        are_near(&idf, &[read::<Option<_>>(&case["idf"]).unwrap_or_default()], name);
        let expected: Vec<Vec<(usize, f64)>> = read(&case["rows"]);
        let dense = expected.into_iter().map(|row| {
            let mut values = vec![0.0; text.vocabulary.terms().len()];
            row.into_iter().for_each(|(j, x)| values[j] = x);
            values
        });
        are_near(&fitted.transform(&test), &dense.collect::<Vec<_>>(), name);
    }
}

#[test]
fn numbers_are_imputed_and_scaled_as_by_scikit_learn() {
    let ([train, test], recorded) = (notes(), recorded());
    let case = &recorded["numbers"]["standard"];
    let standard = fitted(&Recipe { scale: Some(Scale::Standard), ..Recipe::default() }, &train);
    let numbers = standard.numbers.as_ref().expect("numbers");
    let found = [&numbers.steps.medians, &numbers.steps.means, &numbers.scales].map(Clone::clone);
    are_near(&found, &["medians", "means", "scales"].map(|name| read(&case[name])), "moments");
    are_near(&standard.transform(&test), &read::<Vec<Vec<f64>>>(&case["rows"]), "standard");

    let case = &recorded["numbers"]["none"];
    let kept = fitted(&Recipe { scale: Some(Scale::None), ..Recipe::default() }, &train);
    let means = &kept.numbers.as_ref().expect("numbers").steps.means;
    let mut rows = kept.transform(&test);
    rows.iter_mut().for_each(|row| row.iter_mut().zip(means).for_each(|(x, mean)| *x += mean));
    are_near(&rows, &read::<Vec<Vec<f64>>>(&case["rows"]), "none");
}

#[derive(Deserialize)]
struct Case {
    features: String,
    method: ReductionMethod,
    #[serde(rename = "keep")]
    said: Value,
    n_components: u32,
    explained_variance: f64,
    rows: Vec<Vec<f64>>,
}

fn keep(said: &Value) -> Keep {
    match said["components"].as_u64() {
        Some(n) => Keep::Components(n as u32),
        None => Keep::Variance(said["variance"].as_f64().expect("a share")),
    }
}

/// Features by the script's name for them.
fn features(name: &str, recorded: &Value) -> Recipe {
    let characters: VectorizerSpec = read(&recorded["vectorizers"]["weighed characters"]["spec"]);
    let (text, scale) = match name {
        "text" => (Some(characters), None),
        "standard" => (None, Some(Scale::Standard)),
        "none" => (None, Some(Scale::None)),
        "mixed" => (Some(characters), Some(Scale::Standard)),
        _ => (Some(characters), Some(Scale::None)),
    };
    Recipe { text, scale, reduction: None }
}

#[test]
fn components_are_those_of_scikit_learn() {
    let ([train, test], recorded) = (notes(), recorded());
    for case in read::<Vec<Case>>(&recorded["reductions"]) {
        let name = format!("{} {:?} {}", case.features, case.method, case.said);
        let spec = ReductionSpec { method: case.method, keep: keep(&case.said) };
        let recipe = Recipe { reduction: Some(spec), ..features(&case.features, &recorded) };
        let fitted = fitted(&recipe, &train);
        let summary = fitted.reduction.as_ref().expect("a reduction").summary();
        assert_eq!(summary.n_components, case.n_components, "{name}");
        assert!(is_near(summary.explained_variance, case.explained_variance), "{name}");
        are_near(&fitted.transform(&test), &case.rows, &name);
    }
}
