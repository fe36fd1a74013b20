//! The flag that sets a field, so that an error is told in the words of the command line.

use millwright_chassis::ConfigError;
use millwright_client::ClientError;
use millwright_domain::{Fault, ReductionMethod, ReductionSpec, SpecError, Split, TrainingSpec};

use crate::error::CliError;

/// `wrong`, which `spec` is refused with, by the flag's name.
pub(super) fn wrong_flag(spec: &TrainingSpec, wrong: &SpecError) -> ConfigError {
    let Some(violation) = wrong.violation() else { return ConfigError::new("train", wrong) };
    let flag = match violation.field.as_str() {
        "input" if spec.pipeline.input.text().is_some() => "--text".to_owned(),
        "input" => "--features".to_owned(),
        "split" if matches!(spec.split, Split::Column(_)) => "--split-column".to_owned(),
        "reduction" => reduction_flag(spec.pipeline.reduction).to_owned(),
        field => format!("--{}", field.replace('_', "-")),
    };
    ConfigError::new(flag, violation.description)
}

/// `error`, with the flag's name where it names a field of the recipe; `reduction` is the recipe's.
pub(crate) fn in_recipe_flags(error: ClientError, reduction: Option<ReductionSpec>) -> CliError {
    in_flags(error, |field| match recipe_flag(field)? {
        "--pca" => Some(reduction_flag(reduction)),
        flag => Some(flag),
    })
}

/// `error`, with the flag's name where it names a part of a file's format.
pub(crate) fn in_format_flags(error: ClientError) -> CliError {
    in_flags(error, |field| format_flag(field.strip_prefix("hints.")?))
}

fn in_flags(error: ClientError, flag: impl FnOnce(&str) -> Option<&'static str>) -> CliError {
    let violation = error.violation();
    let flag = violation.as_ref().and_then(|wrong| Some((flag(&wrong.field)?, &wrong.description)));
    match flag {
        Some((flag, problem)) => CliError::Recipe { flag, problem: problem.clone() },
        None => error.into(),
    }
}

fn reduction_flag(reduction: Option<ReductionSpec>) -> &'static str {
    match reduction.map(|reduction| reduction.method) {
        Some(ReductionMethod::TruncatedSvd) => "--svd",
        Some(ReductionMethod::Pca) | None => "--pca",
    }
}

/// The flag that sets `field` of a recipe on its way.
fn recipe_flag(field: &str) -> Option<&'static str> {
    let field = field.strip_prefix("spec.")?;
    let field = field.strip_prefix("pipeline.").unwrap_or(field);
    // Of a text beside numbers, the same flags as of either alone.
    let field = field.strip_prefix("mixed.").unwrap_or(field);
    // One of several: `columns[2]`.
    let field = field.split('[').next().unwrap_or(field);
    Some(match field.strip_prefix("text.vectorizer.").unwrap_or(field) {
        "target" => "--target",
        "text.column" | "text" => "--text",
        "numeric.columns" | "numeric" | "input" => "--features",
        "numeric.scale" => "--scale",
        "weighting" => "--vectorizer",
        "analyzer" => "--analyzer",
        "min_ngram" | "max_ngram" | "ngrams" => "--ngrams",
        "min_df" => "--min-df",
        "max_df" => "--max-df",
        "max_features" => "--max-features",
        "reduction" | "reduction.components" | "reduction.variance" => "--pca",
        "split.column" => "--split-column",
        "split.held_out_fraction" | "split.fraction" | "split" => "--split",
        "validation.share" | "validation" => "--validation",
        _ => return None,
    })
}

/// The flag that sets `field` of a format.
fn format_flag(field: &str) -> Option<&'static str> {
    Some(match field {
        "encoding" => "--encoding",
        "delimiter" => "--delimiter",
        "decimal" => "--decimal",
        "thousands" => "--thousands",
        "missing" | "missing.tokens" => "--missing",
        "no_header" => "--no-header",
        _ => return None,
    })
}
