//! Values of flags that are more than a number or a word.

use std::str::FromStr;

use clap::ValueEnum;
use millwright_domain::{
    Analyzer, ClassWeight, DocumentFrequency, Keep, Metric, NgramRange, Scale, Schedule,
    TargetMetric, Weighting,
};

/// `1,2`, or `2` for both.
pub(super) fn ngrams(text: &str) -> Result<NgramRange, &'static str> {
    let length = |text: &str| text.trim().parse();
    let lengths = match text.split_once(',') {
        Some((min, max)) => length(min).and_then(|min| Ok((min, length(max)?))),
        None => length(text).map(|n| (n, n)),
    };
    let (min, max) = lengths.map_err(|_| "say the shortest and the longest, such as 1,2")?;
    Ok(NgramRange { min, max })
}

/// A whole number counts texts; a number with a point is a share of them.
pub(super) fn frequency(text: &str) -> Result<DocumentFrequency, &'static str> {
    let problem = "say a number of texts, such as 2, or a share of them, such as 0.9";
    match number(text) {
        Some(Number::Whole(n)) => Ok(DocumentFrequency::Count(n)),
        Some(Number::Share(share)) => Ok(DocumentFrequency::Share(share)),
        None => Err(problem),
    }
}

/// A whole number counts components; a number with a point is a share of the variance.
pub(super) fn keep(text: &str) -> Result<Keep, &'static str> {
    let problem = "say a number of components, such as 50, or a share of the variance: 0.95";
    match number(text) {
        Some(Number::Whole(n)) => Ok(Keep::Components(n)),
        Some(Number::Share(share)) => Ok(Keep::Variance(share)),
        None => Err(problem),
    }
}

enum Number {
    Whole(u32),
    Share(f64),
}

fn number(text: &str) -> Option<Number> {
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole {
        text.parse().ok().map(Number::Whole)
    } else {
        text.parse().ok().map(Number::Share)
    }
}

/// `accuracy=0.95`.
pub(super) fn target_metric(text: &str) -> Result<TargetMetric, &'static str> {
    let problem = "say accuracy=X, macro_f1=X or log_loss=X";
    let (metric, value) = text.split_once('=').ok_or(problem)?;
    let metric = METRICS.into_iter().find(|(_, name)| *name == metric).ok_or(problem)?.0;
    Ok(TargetMetric { metric, value: value.parse().map_err(|_| problem)? })
}

const METRICS: [(Metric, &str); 3] =
    [(Metric::Accuracy, "accuracy"), (Metric::MacroF1, "macro_f1"), (Metric::LogLoss, "log_loss")];

pub(super) fn metric_name(metric: Metric) -> &'static str {
    let named = METRICS.into_iter().find(|(known, _)| *known == metric);
    named.map_or("accuracy", |(_, name)| name)
}

/// A word of the command line, and what it means.
macro_rules! words {
    ($(#[$about:meta])* $name:ident => $domain:ident { $($word:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub(super) enum $name { $($word),+ }

        impl From<$name> for $domain {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word),+ }
            }
        }

        impl From<$domain> for $name {
            fn from(meant: $domain) -> Self {
                match meant { $($domain::$word => Self::$word),+ }
            }
        }
    };
}

words!(
    /// `--vectorizer`.
    VectorizerName => Weighting { Count, Tfidf }
);
words!(
    /// `--analyzer`.
    AnalyzerName => Analyzer { Word, Char }
);
words!(
    /// `--scale`.
    ScaleName => Scale { Standard, None }
);
words!(
    /// `--class-weight`.
    ClassWeightName => ClassWeight { Uniform, Balanced }
);
words!(
    /// `--schedule`.
    ScheduleName => Schedule { Constant, InverseTime, Cosine }
);

/// `--solver`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SolverName {
    Lbfgs,
    Sgd,
    Adam,
}

/// How `word` is spelled on the command line.
pub(super) fn spelled(word: impl ValueEnum) -> String {
    word.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Which numeric columns a model sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Features {
    /// All but the target, the split column and the text.
    All,
    /// These.
    Named(Vec<String>),
}

impl FromStr for Features {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "all" {
            return Ok(Self::All);
        }
        let names: Vec<_> = text.split(',').map(str::to_owned).collect();
        if names.iter().any(String::is_empty) {
            return Err("a column without a name: say A,B,C");
        }
        Ok(Self::Named(names))
    }
}
