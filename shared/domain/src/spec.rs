//! What is computed from which data: the recipe of a model.

use serde::{Deserialize, Serialize};

use crate::{
    Code, DocumentFrequency, Fault, InputSpec, Keep, LogisticSpec, MOST_COMPONENTS, Metric,
    ReductionSpec, Solver, TableFormat, ValidationSpec, VectorizerSpec, Violation,
};

/// Longest run of words or characters that is a term.
pub const MOST_NGRAMS: u32 = 16;

/// Seed of the split and of the random initialisation.
pub type Seed = u64;

/// The whole recipe. The same data and recipe give the same artifact, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSpec {
    /// From columns to a prediction.
    pub pipeline: PipelineSpec,
    /// Which rows are held out.
    pub split: Split,
    /// The part of the training rows that is watched instead of fitted.
    #[serde(default)]
    pub validation: Option<ValidationSpec>,
    /// How the file is read; `None`: as its data set says. A job has it filled in.
    #[serde(default)]
    pub table: Option<TableFormat>,
    /// Seed of both splits, of the random initialisation and of the order of mini-batches.
    pub seed: Seed,
}

/// Steps from named columns to a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PipelineSpec {
    /// The column that holds the class.
    pub target: String,
    /// The columns that the model sees.
    pub input: InputSpec,
    /// Fewer features for the estimator.
    #[serde(default)]
    pub reduction: Option<ReductionSpec>,
    /// The estimator.
    pub logistic: LogisticSpec,
}

/// Which rows are held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// A share of the rows of each class, drawn with the seed.
    Fraction(f64),
    /// Rows in which this column says `test`.
    Column(String),
}

/// A parameter that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {requirement}")]
pub struct SpecError {
    field: &'static str,
    requirement: &'static str,
}

impl Fault for SpecError {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn violation(&self) -> Option<Violation> {
        let description = self.requirement.to_owned();
        Some(Violation { field: self.field.to_owned(), description })
    }
}

impl TrainingSpec {
    /// Checks every parameter against its range.
    ///
    /// # Errors
    /// [`SpecError`] names the first parameter that is out of its range.
    pub fn check(&self) -> Result<(), SpecError> {
        self.check_columns()?;
        self.pipeline.input.text().map_or(Ok(()), |text| check_vectorizer(&text.vectorizer))?;
        self.pipeline.reduction.as_ref().map_or(Ok(()), check_reduction)?;
        check_logistic(&self.pipeline.logistic)?;
        self.validation.as_ref().map_or(Ok(()), check_validation)?;
        self.table.as_ref().map_or(Ok(()), check_table)
    }

    fn check_columns(&self) -> Result<(), SpecError> {
        let PipelineSpec { target, input, .. } = &self.pipeline;
        let split = match &self.split {
            Split::Fraction(share) => is_share(*share),
            Split::Column(name) => !name.is_empty() && name != target,
        };
        let text = input.text().map(|text| &text.column);
        let numbers = input.numeric().map_or(&[][..], |numeric| &numeric.columns);
        let apart = text.is_none_or(|text| !text.is_empty() && text != target)
            && !numbers.contains(target)
            && text.is_none_or(|text| !numbers.contains(text));
        first_broken([
            (!target.is_empty(), "target", "name the column that holds the class"),
            (apart, "input", "name columns, each once, and not the target among them"),
            (split, "split", "must be above 0 and below 1, or a column that is not the target"),
        ])
    }
}

fn check_vectorizer(spec: &VectorizerSpec) -> Result<(), SpecError> {
    let VectorizerSpec { ngrams, min_df, max_df, max_features, .. } = spec;
    let is_frequency = |df: &DocumentFrequency| match df {
        DocumentFrequency::Count(n) => *n >= 1,
        DocumentFrequency::Share(share) => (0.0..=1.0).contains(share),
    };
    let frequency = "must be a number of texts from 1, or a share from 0 to 1";
    let are_ngrams = 1 <= ngrams.min && ngrams.min <= ngrams.max && ngrams.max <= MOST_NGRAMS;
    first_broken([
        (are_ngrams, "ngrams", "must be two lengths from 1 to 16, the shorter one first"),
        (is_frequency(min_df), "min_df", frequency),
        (is_frequency(max_df), "max_df", frequency),
        (*max_features != Some(0), "max_features", "must be 1 or more"),
    ])
}

fn check_reduction(spec: &ReductionSpec) -> Result<(), SpecError> {
    let keep = match spec.keep {
        Keep::Components(n) => (1..=MOST_COMPONENTS).contains(&n),
        Keep::Variance(share) => is_share(share),
    };
    let rule =
        "must be a number of components from 1 to 1024, or a share of the variance between 0 and 1";
    first_broken([(keep, "reduction", rule)])
}

fn check_logistic(spec: &LogisticSpec) -> Result<(), SpecError> {
    let (Solver::Sgd(batches) | Solver::Adam(batches)) = spec.solver else {
        return check_limits(spec);
    };
    first_broken([
        (batches.batch_size >= 1, "batch_size", "must be 1 or more"),
        (is_positive(batches.learning_rate), "learning_rate", "must be above 0"),
    ])?;
    check_limits(spec)
}

fn check_limits(spec: &LogisticSpec) -> Result<(), SpecError> {
    first_broken([
        (spec.l2 >= 0.0 && spec.l2.is_finite(), "l2", "must be 0 or more"),
        (spec.max_iter >= 1, "max_iter", "must be 1 or more"),
        (is_positive(spec.tolerance), "tolerance", "must be above 0"),
    ])
}

fn check_validation(spec: &ValidationSpec) -> Result<(), SpecError> {
    let reachable = spec.target.is_none_or(|target| match target.metric {
        Metric::Accuracy | Metric::MacroF1 => target.value > 0.0 && target.value <= 1.0,
        Metric::LogLoss => is_positive(target.value),
    });
    let metric = "must be above 0, and 1 at most for accuracy and macro_f1";
    first_broken([
        (is_share(spec.share), "validation", "must be above 0 and below 1"),
        (reachable, "target_metric", metric),
        (spec.patience != Some(0), "patience", "must be 1 or more"),
    ])
}

fn check_table(format: &TableFormat) -> Result<(), SpecError> {
    match format.to_hints().check() {
        Err(wrong) => Err(SpecError { field: wrong.field, requirement: wrong.requirement }),
        Ok(()) => Ok(()),
    }
}

fn is_share(value: f64) -> bool {
    value > 0.0 && value < 1.0
}

fn is_positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

/// A rule that holds or not, the field that it is about, and what it asks for.
type Rule = (bool, &'static str, &'static str);

fn first_broken<const N: usize>(rules: [Rule; N]) -> Result<(), SpecError> {
    match rules.into_iter().find(|(holds, ..)| !holds) {
        Some((_, field, requirement)) => Err(SpecError { field, requirement }),
        None => Ok(()),
    }
}
