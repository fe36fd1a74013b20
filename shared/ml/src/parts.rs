//! What a fitted pipeline is made of, before it was checked.

use std::collections::BTreeSet;

use millwright_domain::{
    InputSpec, MOST_NGRAMS, MixedSpec, NgramRange, NumericSpec, Scale, TextSpec, VectorizerSpec,
    Weighting,
};
use millwright_tensor::{ColumnSpec, Datatype};

use crate::{
    ArtifactError,
    draws::{Draws, Purpose},
    logistic::n_outputs,
    model::Steps,
    steps::{NumericSteps, TermRule, Vectorizer, Vocabulary},
};

/// Terms of a text of which nothing is known.
pub(crate) const TERMS_PER_TEXT: f32 = 32.0;
/// More terms than any text has that fits into memory.
const MOST_TERMS_PER_TEXT: f32 = 1e9;
/// Far above ln of any number of texts; its square is far below the end of the range of numbers.
const LARGEST_IDF: f64 = 1e6;

/// Everything that a pipeline computes with. Made by training, by decoding, or by hand: to bring
/// weights from elsewhere, or to make a model of any size for a test.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineParts {
    /// From raw rows to features.
    pub input: InputParts,
    /// Layers between features and head, in order: none for a linear model, eight at most, and only
    /// where all features are numbers.
    pub hidden: Vec<DenseLayer>,
    /// Labels, in the order of the outputs.
    pub classes: Vec<String>,
    /// (features, outputs), row-major, where features are what the last hidden layer gives; two
    /// classes have one output, the logit of the second.
    pub weights: Vec<f32>,
    /// One entry an output.
    pub intercept: Vec<f32>,
}

/// A dense layer followed by ReLU: max(0, x · weights + bias).
#[derive(Clone, Debug, PartialEq)]
pub struct DenseLayer {
    /// (inputs, outputs), row-major.
    pub weights: Vec<f32>,
    /// One entry an output.
    pub bias: Vec<f32>,
}

/// Fitted steps from raw rows to features: terms of a text first, then numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum InputParts {
    /// Terms of one column are counted or weighed.
    Text(TextParts),
    /// Numbers take a median where they are missing and lose their mean.
    Numeric {
        /// The columns, in the order of the features.
        columns: Vec<NumericColumn>,
    },
    /// Both.
    Mixed {
        /// The column of texts.
        text: TextParts,
        /// The columns of numbers, one at least, in the order of their features.
        columns: Vec<NumericColumn>,
    },
}

/// A fitted vectoriser of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct TextParts {
    /// Its name.
    pub column: String,
    /// What its terms are.
    pub rule: TermRule,
    /// The terms, sorted by code point.
    pub vocabulary: Vec<Box<str>>,
    /// What each is worth, above 0; then texts are divided by their Euclidean norm. `None`: terms
    /// are counted.
    pub idf: Option<Vec<f64>>,
    /// Terms of a text, known or not, on average: what a row costs.
    pub terms_per_text: f32,
}

/// One fitted column of numbers. Its scale is folded into the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct NumericColumn {
    /// Its name.
    pub name: String,
    /// What a missing value takes.
    pub median: f64,
    /// What every value loses.
    pub mean: f64,
    /// Smallest and largest value that was seen, for the golden rows.
    pub range: (f64, f64),
}

impl PipelineParts {
    /// A numeric pipeline with random weights: `n_features` columns `x0`, `x1`, … of mean 0, and
    /// classes `c0`, `c1`, …. Both counts are raised to what a pipeline needs, 1 and 2.
    pub fn seeded(n_features: usize, n_classes: usize, seed: u64) -> Self {
        let (n_features, n_classes) = (n_features.max(1), n_classes.max(2));
        let outputs = n_outputs(n_classes);
        let mut draws = Draws::new(seed, Purpose::Weights);
        let spread = 1.0 / (n_features as f64).sqrt();
        let mut weights = |n: usize| (0..n).map(|_| (spread * draws.normal()) as f32).collect();
        let column =
            |j| NumericColumn { name: format!("x{j}"), median: 0.0, mean: 0.0, range: (-3.0, 3.0) };
        Self {
            input: InputParts::Numeric { columns: (0..n_features).map(column).collect() },
            hidden: vec![],
            classes: (0..n_classes).map(|c| format!("c{c}")).collect(),
            weights: weights(n_features * outputs),
            intercept: weights(outputs),
        }
    }

    /// As [`seeded`](Self::seeded), with hidden layers as wide as `hidden` says, each one output at
    /// least. Their weights have mean 0 and variance 2 / inputs, which keeps the size of numbers from
    /// layer to layer, and so have the biases, for tests to see them.
    ///
    /// Source: He et al., *Delving Deep into Rectifiers* (2015), eq. 10.
    pub fn seeded_mlp(n_features: usize, hidden: &[usize], n_classes: usize, seed: u64) -> Self {
        let widths = hidden.iter().map(|width| *width.max(&1)).collect::<Vec<_>>();
        let head = Self::seeded(widths.last().copied().unwrap_or(n_features), n_classes, seed);
        let mut draws = Draws::new(seed, Purpose::HiddenWeights);
        let mut inputs = n_features.max(1);
        let layers = widths.into_iter().map(|outputs| {
            let spread = (2.0 / inputs as f64).sqrt();
            let mut draw = |n: usize| (0..n).map(|_| (spread * draws.normal()) as f32).collect();
            let layer = DenseLayer { weights: draw(inputs * outputs), bias: draw(outputs) };
            inputs = outputs;
            layer
        });
        let hidden = layers.collect();
        Self { hidden, input: Self::seeded(n_features, 2, seed).input, ..head }
    }
}

impl TextParts {
    /// The words of `column` are counted; those of `vocabulary` are known.
    pub fn words(column: impl Into<String>, vocabulary: Vec<Box<str>>) -> Self {
        let (column, rule) = (column.into(), TermRule::default());
        Self { column, rule, vocabulary, idf: None, terms_per_text: TERMS_PER_TEXT }
    }

    /// The parts of a vectoriser of `column`.
    pub(crate) fn of(column: &str, vectorizer: Vectorizer) -> Self {
        let Vectorizer { rule, vocabulary, idf, terms_per_text } = vectorizer;
        let terms = vocabulary.terms().iter().map(|term| String::from_utf8_lossy(term).into());
        let (column, idf) = (column.to_owned(), idf.map(|idf| idf.to_vec()));
        Self { column, rule, vocabulary: terms.collect(), idf, terms_per_text }
    }

    fn spec(&self) -> TextSpec {
        let TermRule { analyzer, ngrams } = self.rule;
        let weighting = self.idf.as_ref().map_or(Weighting::Count, |_| Weighting::Tfidf);
        let vectorizer =
            VectorizerSpec { weighting, analyzer, ngrams, ..VectorizerSpec::default() };
        TextSpec { column: self.column.clone(), vectorizer }
    }

    /// The vectoriser that these parts give.
    pub(crate) fn checked(self) -> Result<Vectorizer, ArtifactError> {
        let Self { rule, vocabulary, idf, terms_per_text, .. } = self;
        check_rule(rule, terms_per_text)?;
        let terms = vocabulary.iter().map(|term| term.as_bytes()).collect();
        let vocabulary = Vocabulary::new(terms).map_err(|_| ArtifactError::Vocabulary)?;
        if let Some(idf) = &idf {
            if idf.len() != vocabulary.terms().len() {
                return Err(ArtifactError::Shape { tensor: "vectorizer.idf" });
            }
            if !idf.iter().all(is_worth) {
                return Err(ArtifactError::OutOfRange { tensor: "vectorizer.idf" });
            }
        }
        Ok(Vectorizer { rule, vocabulary, idf: idf.map(Into::into), terms_per_text })
    }
}

/// Whether terms can be cut by `rule`, and how many a text has.
pub(crate) fn check_rule(rule: TermRule, terms_per_text: f32) -> Result<(), ArtifactError> {
    let NgramRange { min, max } = rule.ngrams;
    if !(1 <= min && min <= max && max <= MOST_NGRAMS) {
        return Err(ArtifactError::Ngrams);
    }
    if !(0.0..=MOST_TERMS_PER_TEXT).contains(&terms_per_text) {
        return Err(ArtifactError::OutOfRange { tensor: "vectorizer.terms_per_text" });
    }
    Ok(())
}

/// Whether a term can be worth so much.
pub(crate) fn is_worth(idf: &f64) -> bool {
    *idf > 0.0 && *idf <= LARGEST_IDF
}

impl InputParts {
    /// The text, where there is one.
    pub(crate) fn text(&self) -> Option<&TextParts> {
        match self {
            Self::Text(text) | Self::Mixed { text, .. } => Some(text),
            Self::Numeric { .. } => None,
        }
    }

    /// The columns of numbers.
    pub(crate) fn columns(&self) -> &[NumericColumn] {
        match self {
            Self::Text(_) => &[],
            Self::Numeric { columns } | Self::Mixed { columns, .. } => columns,
        }
    }

    /// The recipe that such parts come from, as far as parts tell.
    pub(crate) fn spec(&self) -> InputSpec {
        let columns = self.columns().iter().map(|column| column.name.clone()).collect();
        let numeric = NumericSpec { columns, scale: Scale::default() };
        match self {
            Self::Text(text) => InputSpec::Text(text.spec()),
            Self::Numeric { .. } => InputSpec::Numeric(numeric),
            Self::Mixed { text, .. } => InputSpec::Mixed(MixedSpec { text: text.spec(), numeric }),
        }
    }

    /// The inputs' contract, and the steps behind it.
    pub(crate) fn checked(self) -> Result<(Vec<ColumnSpec>, Steps), ArtifactError> {
        let inputs = inputs(&self.spec())?;
        let steps = match self {
            Self::Text(text) => Steps::Text(text.checked()?),
            Self::Numeric { columns } => Steps::Numeric(fitted(&columns)?),
            Self::Mixed { text, columns } => Steps::Mixed(text.checked()?, fitted(&columns)?),
        };
        Ok((inputs, steps))
    }
}

/// What a pipeline takes that begins with `input`.
pub(crate) fn inputs(spec: &InputSpec) -> Result<Vec<ColumnSpec>, ArtifactError> {
    Ok(match spec {
        InputSpec::Text(text) => {
            vec![input("text", Datatype::Bytes, std::slice::from_ref(&text.column))]
        }
        InputSpec::Numeric(NumericSpec { columns, .. }) => {
            check_names(columns, None)?;
            let features = input("features", Datatype::Fp32, columns);
            vec![ColumnSpec { row_shape: vec![columns.len()], ..features }]
        }
        InputSpec::Mixed(MixedSpec { text, numeric }) => {
            check_names(&numeric.columns, Some(&text.column))?;
            let alone = |name: &String, datatype| input(name, datatype, std::slice::from_ref(name));
            let numbers = numeric.columns.iter().map(|name| alone(name, Datatype::Fp32));
            std::iter::once(alone(&text.column, Datatype::Bytes)).chain(numbers).collect()
        }
    })
}

fn fitted(columns: &[NumericColumn]) -> Result<NumericSteps, ArtifactError> {
    let medians = columns.iter().map(|column| column.median).collect();
    let means = columns.iter().map(|column| column.mean).collect();
    numeric_steps(medians, means)
}

/// The steps of as many columns as there are medians, and means.
pub(crate) fn numeric_steps(
    medians: Vec<f64>,
    means: Vec<f64>,
) -> Result<NumericSteps, ArtifactError> {
    for (tensor, values) in [("imputer.medians", &medians), ("scaler.means", &means)] {
        if !values.iter().all(|value| value.is_finite()) {
            return Err(ArtifactError::NotFinite { tensor });
        }
    }
    Ok(NumericSteps { medians, means })
}

/// An input of one element a row. A number may be missing: it is imputed.
fn input(name: &str, datatype: Datatype, elements: &[String]) -> ColumnSpec {
    ColumnSpec {
        name: name.to_owned(),
        datatype,
        row_shape: vec![],
        elements: elements.to_vec(),
        optional: datatype == Datatype::Fp32,
    }
}

/// Refuses columns of numbers without names of their own, among which is not that of the text.
fn check_names(columns: &[String], text: Option<&str>) -> Result<(), ArtifactError> {
    let names = text.into_iter().chain(columns.iter().map(String::as_str));
    if columns.is_empty() || !are_names(names) {
        return Err(ArtifactError::Columns);
    }
    Ok(())
}

/// Whether all are distinct and none is empty.
pub(crate) fn are_names<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    let mut names = names;
    names.all(|name| !name.is_empty() && seen.insert(name))
}
