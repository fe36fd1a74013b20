//! Why a training run ends without a model.

use std::io;

use millwright_domain::{Analyzer, Code, Fault, SpecError, Violation};

use crate::{ArtifactError, PredictError, TableError, TermRule};

/// Why a recipe and a table do not make a model. Cells are never shown, only where they are.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A parameter that is out of its range.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A table that cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A column that the table does not have.
    #[error("the table has no column {name:?}; it has {known}")]
    UnknownColumn {
        /// `target`, `input` or `split`.
        field: &'static str,
        /// The name.
        name: String,
        /// Some of the names that it has.
        known: String,
    },
    /// A feature that is named twice.
    #[error("feature {name:?} is named twice")]
    RepeatedColumn {
        /// The name.
        name: String,
    },
    /// The split column among the features.
    #[error("{name:?} says which rows are held out, so it cannot be a feature")]
    SplitIsInput {
        /// The name.
        name: String,
    },
    /// No column is left to learn from.
    #[error("the table has no column to learn from beside the target")]
    NoColumns,
    /// No column of numbers is left beside the text.
    #[error("the table has no column of numbers beside the text: learn from the text alone")]
    NoNumbers,
    /// A text where a number is asked for.
    #[error(
        "line {line}, column {column:?}: not a number, so the column is text; name the numeric \
         columns with --features, or one text column with --text"
    )]
    NotNumeric {
        /// The first such line.
        line: u64,
        /// The column.
        column: String,
    },
    /// No row has a target.
    #[error("column {column:?} is empty in every row: there is nothing to learn")]
    NoTarget {
        /// The target.
        column: String,
    },
    /// One class alone.
    #[error("the training rows have one class only in column {column:?}: two are needed")]
    OneClass {
        /// The target.
        column: String,
    },
    /// A label that is too long to be one.
    #[error("line {line}: the class is longer than {limit} bytes; is {column:?} the target?")]
    LongLabel {
        /// Where.
        line: u64,
        /// The target.
        column: String,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// A held-out row of a class that no training row has.
    #[error("line {line}: no training row has the class of this held-out row")]
    UnseenClass {
        /// Where.
        line: u64,
    },
    /// Nothing is held out.
    #[error(
        "no row is held out: in a split column some rows must say test, and a share needs a class \
         with two rows"
    )]
    NoTestRows,
    /// Everything is held out.
    #[error("every row is held out: some rows must remain to train on")]
    NoTrainRows,
    /// A column without a single value.
    #[error("column {column:?} is empty in every training row: leave it out of the features")]
    AllMissing {
        /// The column.
        column: String,
    },
    /// A column whose values are beyond what the arithmetic holds.
    #[error("column {column:?} has values too far apart for 32 bits: rescale it or leave it out")]
    TooLarge {
        /// The column.
        column: String,
    },
    /// Texts without terms.
    #[error("column {column:?} has no {} in any training row", told(rule))]
    NoTerms {
        /// The column.
        column: String,
        /// What a term would be.
        rule: TermRule,
    },
    /// Terms that stand in too few texts or in too many.
    #[error(
        "no term of column {column:?} is left: each stands in fewer training rows than min_df or \
         in more than max_df; change {field}"
    )]
    NoTermsLeft {
        /// The column.
        column: String,
        /// `min_df` or `max_df`.
        field: &'static str,
    },
    /// A range of frequencies that holds none.
    #[error("column {column:?}: max_df allows fewer training rows than min_df asks for")]
    FrequenciesCross {
        /// The column.
        column: String,
    },
    /// More components than there can be.
    #[error(
        "{n_components} components are more than there can be of {n_rows} training rows with \
         {n_features} features: ask for fewer"
    )]
    TooManyComponents {
        /// As in the recipe.
        n_components: usize,
        /// Rows that are fitted.
        n_rows: usize,
        /// Features before the reduction.
        n_features: usize,
    },
    /// A share of the variance that needs too many components.
    #[error(
        "{share} of the variance takes more than {limit} components: ask for a smaller share or for \
         a number of components"
    )]
    ShareTooLarge {
        /// As in the recipe.
        share: f64,
        /// Components that are allowed.
        limit: u32,
    },
    /// Components that do not fit into memory.
    #[error(
        "the components of {n_features} features take more than {} MiB of memory: ask for fewer, or \
         for fewer features with min_df or max_features",
        limit >> 20
    )]
    ReductionTooLarge {
        /// Features before the reduction.
        n_features: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// Features that are the same in every row.
    #[error("the features are the same in every training row: there is no variance to reduce")]
    NoVariance,
    /// A table of which not even the classes fit into memory.
    #[error("{n_rows} rows are too many: a training takes {limit} at most; leave some out")]
    TooManyRows {
        /// Rows of the table.
        n_rows: u64,
        /// Rows that are allowed.
        limit: u64,
    },
    /// Texts that do not fit into memory.
    #[error(
        "the terms of column {column:?} take more than {} MiB of memory: take shorter ngrams or leave \
         some rows out",
        limit >> 20
    )]
    TooManyTerms {
        /// The column.
        column: String,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// A target that is no class.
    #[error("column {column:?} has more than {limit} different values: is it the target?")]
    TooManyClasses {
        /// The target.
        column: String,
        /// Classes that are allowed.
        limit: usize,
    },
    /// More weights than fit into memory.
    #[error(
        "{n_classes} classes and {n_features} features are too many at once: is {target:?} a class?"
    )]
    TooMany {
        /// Distinct values of the target.
        n_classes: usize,
        /// Inputs to the estimator.
        n_features: usize,
        /// The target.
        target: String,
    },
    /// A class that has no row to be watched.
    #[error(
        "a class has {n_rows} training rows, of which none would be watched: ask for a larger \
         share, give the class more rows or leave it out"
    )]
    NothingToWatch {
        /// Training rows of the class.
        n_rows: u64,
    },
    /// A loss that cannot be made smaller, since it is no number.
    #[error(
        "after {iterations} iterations the loss is not a finite number: lower {}, or rescale the \
         columns",
        field_of_overflow(*iterations)
    )]
    NotFinite {
        /// Iterations that were done when that was seen.
        iterations: u32,
    },
    /// Rows that find no room outside memory.
    #[error("the rows do not fit into memory, and the scratch file fails: is the disk full?")]
    Scratch(#[from] io::Error),
    /// The observer has had enough.
    #[error("the training was cancelled")]
    Cancelled,
    /// A checkpoint that does not continue here.
    #[error("the checkpoint is of {of}: start the training anew")]
    OtherCheckpoint {
        /// What differs.
        of: &'static str,
    },
    /// Weights that are no numbers, or do not fit into an artefact.
    #[error("the fitted weights cannot be kept: raise l2 or rescale the columns")]
    Artifact(#[from] ArtifactError),
    /// A held-out row that the fitted model refuses.
    #[error("a held-out row cannot be scored")]
    Predict(#[from] PredictError),
}

impl TrainError {
    /// The part of the recipe that would have to change.
    fn field(&self) -> Option<&'static str> {
        match self {
            Self::UnknownColumn { field, .. } => Some(field),
            Self::NoTarget { .. }
            | Self::OneClass { .. }
            | Self::LongLabel { .. }
            | Self::TooManyClasses { .. }
            | Self::TooMany { .. } => Some("target"),
            Self::UnseenClass { .. } | Self::NoTestRows | Self::NoTrainRows => Some("split"),
            Self::NothingToWatch { .. } => Some("validation"),
            Self::NotFinite { iterations } => Some(field_of_overflow(*iterations)),
            Self::Spec(_)
            | Self::Table(_)
            | Self::TooManyRows { .. }
            | Self::Scratch(_)
            | Self::Cancelled
            | Self::OtherCheckpoint { .. } => None,
            Self::Artifact(_) => Some("l2"),
            Self::NoTerms { rule, .. } if rule.ngrams.min > 1 => Some("ngrams"),
            Self::NoTermsLeft { field, .. } => Some(field),
            Self::FrequenciesCross { .. } => Some("max_df"),
            Self::TooManyComponents { .. }
            | Self::ShareTooLarge { .. }
            | Self::ReductionTooLarge { .. }
            | Self::NoVariance => Some("reduction"),
            Self::RepeatedColumn { .. }
            | Self::SplitIsInput { .. }
            | Self::NoColumns
            | Self::NoNumbers
            | Self::NotNumeric { .. }
            | Self::NoTerms { .. }
            | Self::AllMissing { .. }
            | Self::TooLarge { .. }
            | Self::TooManyTerms { .. }
            | Self::Predict(_) => Some("input"),
        }
    }
}

/// What no text has.
fn told(rule: &TermRule) -> String {
    match (rule.analyzer, rule.ngrams.min) {
        (Analyzer::Word, 1) => "word of two letters or more".to_owned(),
        (Analyzer::Word, n) => format!("{n} words in a row"),
        (Analyzer::Char, 1) => "character".to_owned(),
        (Analyzer::Char, n) => format!("{n} characters in a row"),
    }
}

/// What makes a loss overflow: at once the penalty, later steps that are too long.
fn field_of_overflow(iterations: u32) -> &'static str {
    if iterations == 0 { "l2" } else { "learning_rate" }
}

impl Fault for TrainError {
    fn code(&self) -> Code {
        match self {
            Self::Spec(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::Scratch(error) if error.kind() == io::ErrorKind::StorageFull => {
                Code::ResourceExhausted
            }
            Self::Scratch(_) => Code::Internal,
            Self::Cancelled => Code::Cancelled,
            Self::OtherCheckpoint { .. } => Code::FailedPrecondition,
            _ => Code::InvalidArgument,
        }
    }

    fn violation(&self) -> Option<Violation> {
        let own =
            |field: &str| Violation { field: field.to_owned(), description: self.to_string() };
        match self {
            Self::Spec(error) => error.violation(),
            Self::Table(error) => error.violation(),
            _ => self.field().map(own),
        }
    }
}
