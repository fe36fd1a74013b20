//! How a recipe would be typed: what `model show` and `model compare` print.

use millwright_domain::{
    DocumentFrequency, Header, Keep, LogisticSpec, MiniBatchSpec, NumericSpec, ReductionMethod,
    ReductionSpec, Solver, Split, TableFormat, TargetMetric, TextSpec, TrainingSpec,
    ValidationSpec,
};

use super::value::{
    AnalyzerName, ClassWeightName, ScaleName, ScheduleName, SolverName, VectorizerName,
    metric_name, spelled,
};

/// A flag and its value.
pub(crate) type Spelled = (&'static str, String);

/// The flags of `train` that mean `spec`, the target first; typed again, they mean the same.
pub(crate) fn recipe_flags(spec: &TrainingSpec) -> Vec<Spelled> {
    let pipeline = &spec.pipeline;
    let mut flags = vec![("--target", pipeline.target.clone())];
    flags.extend(pipeline.input.text().into_iter().flat_map(text));
    let numeric = pipeline.input.numeric();
    flags.extend(numeric.into_iter().flat_map(numbers));
    flags.extend(pipeline.reduction.as_ref().map(reduction));
    flags.extend(estimator(&pipeline.logistic));
    flags.extend(spec.validation.iter().flat_map(validation));
    flags.push(match &spec.split {
        Split::Fraction(share) => ("--split", share.to_string()),
        Split::Column(column) => ("--split-column", column.clone()),
    });
    flags.push(("--seed", spec.seed.to_string()));
    flags
}

/// The same as one line, which a shell reads back.
pub(crate) fn recipe_line(spec: &TrainingSpec) -> String {
    let flags = recipe_flags(spec).into_iter();
    let flags = flags.map(|(flag, value)| format!("{flag} {}", quoted(&value)));
    flags.collect::<Vec<_>>().join(" ")
}

/// The flags that mean `format`.
pub(crate) fn format_flags(format: &TableFormat) -> Vec<Spelled> {
    let named = |mark: char| match mark {
        '\t' => "tab".to_owned(),
        ' ' => "space".to_owned(),
        mark => mark.to_string(),
    };
    vec![
        ("--encoding", format.encoding.to_string()),
        ("--delimiter", named(format.delimiter)),
        ("--decimal", format.decimal.as_char().to_string()),
        ("--thousands", format.thousands.map_or("none".to_owned(), named)),
        ("--missing", format.missing.join(",")),
        ("--no-header", (format.header == Header::Absent).to_string()),
    ]
}

fn text(spec: &TextSpec) -> Vec<Spelled> {
    let TextSpec { column, vectorizer } = spec;
    let frequency = |df| match df {
        DocumentFrequency::Count(n) => n.to_string(),
        DocumentFrequency::Share(share) => with_point(share),
    };
    let mut flags = vec![
        ("--text", column.clone()),
        ("--vectorizer", spelled(VectorizerName::from(vectorizer.weighting))),
        ("--analyzer", spelled(AnalyzerName::from(vectorizer.analyzer))),
        ("--ngrams", format!("{},{}", vectorizer.ngrams.min, vectorizer.ngrams.max)),
        ("--min-df", frequency(vectorizer.min_df)),
        ("--max-df", frequency(vectorizer.max_df)),
    ];
    flags.extend(vectorizer.max_features.map(|n| ("--max-features", n.to_string())));
    flags
}

fn numbers(spec: &NumericSpec) -> [Spelled; 2] {
    let columns = if spec.columns.is_empty() { "all".to_owned() } else { spec.columns.join(",") };
    [("--features", columns), ("--scale", spelled(ScaleName::from(spec.scale)))]
}

fn reduction(spec: &ReductionSpec) -> Spelled {
    let flag = match spec.method {
        ReductionMethod::Pca => "--pca",
        ReductionMethod::TruncatedSvd => "--svd",
    };
    let keep = match spec.keep {
        Keep::Components(n) => n.to_string(),
        Keep::Variance(share) => with_point(share),
    };
    (flag, keep)
}

fn estimator(spec: &LogisticSpec) -> Vec<Spelled> {
    let (solver, batches) = match spec.solver {
        Solver::Lbfgs => (SolverName::Lbfgs, None),
        Solver::Sgd(batches) => (SolverName::Sgd, Some(batches)),
        Solver::Adam(batches) => (SolverName::Adam, Some(batches)),
    };
    let mut flags = vec![("--solver", spelled(solver))];
    flags.extend(batches.into_iter().flat_map(mini_batches));
    flags.extend([
        ("--class-weight", spelled(ClassWeightName::from(spec.class_weight))),
        ("--l2", spec.l2.to_string()),
        ("--max-iter", spec.max_iter.to_string()),
        ("--tolerance", format!("{:e}", spec.tolerance)),
    ]);
    flags
}

fn mini_batches(spec: MiniBatchSpec) -> [Spelled; 3] {
    [
        ("--batch-size", spec.batch_size.to_string()),
        ("--learning-rate", spec.learning_rate.to_string()),
        ("--schedule", spelled(ScheduleName::from(spec.schedule))),
    ]
}

fn validation(spec: &ValidationSpec) -> Vec<Spelled> {
    let mut flags = vec![("--validation", spec.share.to_string())];
    let target = |target: TargetMetric| format!("{}={}", metric_name(target.metric), target.value);
    flags.extend(spec.target.map(|metric| ("--target-metric", target(metric))));
    flags.extend(spec.patience.map(|n| ("--patience", n.to_string())));
    flags
}

/// A share, which a whole number would not be: `1.0`.
fn with_point(share: f64) -> String {
    format!("{share:?}")
}

/// `value` as a shell reads it back.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._-,=:/@+".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_a_shell() {
        for (value, text) in [
            ("speed,load", "speed,load"),
            ("备注", "备注"),
            ("press no.", "'press no.'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(value), text);
        }
    }
}
