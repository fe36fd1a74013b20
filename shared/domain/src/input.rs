//! The columns that a model sees, and how they become numbers.

use serde::{Deserialize, Serialize};

/// Which columns, and the steps from their cells to features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputSpec {
    /// One text column.
    Text(TextSpec),
    /// Columns of numbers.
    Numeric(NumericSpec),
    /// Both: the features of the text, then those of the numbers.
    Mixed(MixedSpec),
}

/// A text column beside columns of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixedSpec {
    /// The text.
    pub text: TextSpec,
    /// The numbers.
    pub numeric: NumericSpec,
}

/// One text column, whose terms are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextSpec {
    /// Its name.
    pub column: String,
    /// From texts to numbers.
    #[serde(default)]
    pub vectorizer: VectorizerSpec,
}

/// Columns of numbers; a missing cell takes its column's median.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumericSpec {
    /// Their names; empty: every column but the target and the split column, and beside a text
    /// every column of numbers among these.
    pub columns: Vec<String>,
    /// What is done to their scales.
    #[serde(default)]
    pub scale: Scale,
}

/// What is done to the scale of columns of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Mean 0 and variance 1 over the training rows.
    #[default]
    Standard,
    /// Nothing.
    None,
}

/// From a text to numbers: which terms there are, and what each is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VectorizerSpec {
    /// What a term is worth.
    pub weighting: Weighting,
    /// What terms are made of.
    pub analyzer: Analyzer,
    /// How many of these make a term.
    pub ngrams: NgramRange,
    /// Terms that stand in fewer training texts are left out.
    pub min_df: DocumentFrequency,
    /// Terms that stand in more training texts are left out.
    pub max_df: DocumentFrequency,
    /// Of the remaining terms, only this many of the most frequent are kept.
    pub max_features: Option<u32>,
}

impl Default for VectorizerSpec {
    fn default() -> Self {
        Self {
            weighting: Weighting::Count,
            analyzer: Analyzer::Word,
            ngrams: NgramRange { min: 1, max: 1 },
            min_df: DocumentFrequency::Count(1),
            max_df: DocumentFrequency::Share(1.0),
            max_features: None,
        }
    }
}

/// What a term of a text is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// How often it stands there.
    Count,
    /// That, times ln((1 + n) / (1 + df)) + 1 for n training texts of which df have it; then each
    /// text is divided by its Euclidean norm.
    Tfidf,
}

/// What terms are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analyzer {
    /// Words of two or more word characters.
    Word,
    /// Characters, after runs of blanks became one: for text without spaces between its words.
    Char,
}

/// Shortest and longest run of words or characters that is a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NgramRange {
    /// At least 1.
    pub min: u32,
    /// At least `min`.
    pub max: u32,
}

/// A number of training texts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentFrequency {
    /// This many.
    Count(u32),
    /// This share of them, from 0 to 1.
    Share(f64),
}

/// Fewer features, which are linear in the old ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReductionSpec {
    /// How they are found.
    pub method: ReductionMethod,
    /// How many there are.
    pub keep: Keep,
}

/// How a reduction finds its components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReductionMethod {
    /// Principal components: directions of the largest variance.
    Pca,
    /// Right singular vectors of the features as they are, whose means stay.
    TruncatedSvd,
}

/// How many components a reduction keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// This many.
    Components(u32),
    /// As few as explain this share of the variance, above 0 and below 1.
    Variance(f64),
}

/// Most components of a reduction.
pub const MOST_COMPONENTS: u32 = 1024;

impl InputSpec {
    /// One text column, whose words are counted.
    pub fn words(column: impl Into<String>) -> Self {
        let vectorizer = VectorizerSpec::default();
        Self::Text(TextSpec { column: column.into(), vectorizer })
    }

    /// Columns of numbers, standardised.
    pub fn numbers(columns: Vec<String>) -> Self {
        Self::Numeric(NumericSpec { columns, scale: Scale::default() })
    }

    /// The text column, where there is one.
    pub fn text(&self) -> Option<&TextSpec> {
        match self {
            Self::Text(text) | Self::Mixed(MixedSpec { text, .. }) => Some(text),
            Self::Numeric(_) => None,
        }
    }

    /// The columns of numbers, where there are any.
    pub fn numeric(&self) -> Option<&NumericSpec> {
        match self {
            Self::Numeric(numeric) | Self::Mixed(MixedSpec { numeric, .. }) => Some(numeric),
            Self::Text(_) => None,
        }
    }
}
