//! Flags of what a model sees: its columns, their vectoriser and scale, and a reduction.

use clap::Args;
use millwright_chassis::ConfigError;
use millwright_domain::{
    DocumentFrequency, InputSpec, Keep, MixedSpec, NgramRange, NumericSpec, ReductionMethod,
    ReductionSpec, TextSpec, VectorizerSpec,
};

use super::value::{AnalyzerName, Features, ScaleName, VectorizerName, frequency, keep, ngrams};

/// What the model sees.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Input")]
pub(super) struct InputArgs {
    /// Learn from the terms of this text column
    #[arg(long, value_name = "COL")]
    text: Option<String>,
    /// Learn from these numeric columns; with --text from both; `all`: all but the target, the
    /// split column and the text [default: all, without --text]
    #[arg(long, value_name = "A,B,C|all")]
    features: Option<Features>,
    #[command(flatten)]
    vectorizer: VectorizerArgs,
    /// Bring numeric columns to mean 0 and variance 1, or leave them [default: standard]
    #[arg(long, value_enum, value_name = "SCALE")]
    scale: Option<ScaleName>,
    /// Keep this many principal components, or as few as explain this share of the variance
    #[arg(long, value_name = "N|SHARE", value_parser = keep, conflicts_with = "svd")]
    pca: Option<Keep>,
    /// The same by truncated singular value decomposition, which leaves the means in
    #[arg(long, value_name = "N|SHARE", value_parser = keep)]
    svd: Option<Keep>,
}

/// How a text becomes numbers.
#[derive(Args, Clone, Debug)]
struct VectorizerArgs {
    /// Worth of a term: its count, or TF-IDF [default: count]
    #[arg(long, value_enum, value_name = "KIND")]
    vectorizer: Option<VectorizerName>,
    /// Terms are runs of words, or of characters, as for Chinese [default: word]
    #[arg(long, value_enum, value_name = "KIND")]
    analyzer: Option<AnalyzerName>,
    /// Shortest and longest run that is a term [default: 1,1]
    #[arg(long, value_name = "MIN,MAX", value_parser = ngrams)]
    ngrams: Option<NgramRange>,
    /// Leave out terms that fewer texts have: a number, or a share such as 0.01 [default: 1]
    #[arg(long, value_name = "N|SHARE", value_parser = frequency)]
    min_df: Option<DocumentFrequency>,
    /// Leave out terms that more texts have: a number, or a share such as 0.9 [default: 1.0]
    #[arg(long, value_name = "N|SHARE", value_parser = frequency)]
    max_df: Option<DocumentFrequency>,
    /// Keep only this many of the most frequent terms [default: all]
    #[arg(long, value_name = "N")]
    max_features: Option<u32>,
}

impl InputArgs {
    /// The columns, and how they become numbers.
    ///
    /// # Errors
    /// A flag that says something of columns that are not there.
    pub(super) fn input(&self) -> Result<InputSpec, ConfigError> {
        match (&self.text, &self.features) {
            (Some(text), None) => self.no_numbers().map(|()| InputSpec::Text(self.text(text))),
            (None, _) => self.no_text().map(|()| InputSpec::Numeric(self.numeric())),
            (Some(text), Some(_)) => {
                let (text, numeric) = (self.text(text), self.numeric());
                Ok(InputSpec::Mixed(MixedSpec { text, numeric }))
            }
        }
    }

    /// Fewer features, where that was asked for.
    pub(super) fn reduction(&self) -> Option<ReductionSpec> {
        let by = |method| move |keep| ReductionSpec { method, keep };
        let pca = self.pca.map(by(ReductionMethod::Pca));
        pca.or(self.svd.map(by(ReductionMethod::TruncatedSvd)))
    }

    fn text(&self, column: &str) -> TextSpec {
        TextSpec { column: column.to_owned(), vectorizer: self.vectorizer.spec() }
    }

    fn numeric(&self) -> NumericSpec {
        let columns = match &self.features {
            Some(Features::Named(columns)) => columns.clone(),
            Some(Features::All) | None => Vec::new(),
        };
        NumericSpec { columns, scale: self.scale.map_or_else(Default::default, Into::into) }
    }

    fn no_numbers(&self) -> Result<(), ConfigError> {
        match self.scale {
            Some(_) => Err(ConfigError::new(
                "--scale",
                "there are no numeric columns: name some with --features",
            )),
            None => Ok(()),
        }
    }

    fn no_text(&self) -> Result<(), ConfigError> {
        match self.vectorizer.first_given() {
            Some(flag) => {
                Err(ConfigError::new(flag, "there is no text: name its column with --text"))
            }
            None => Ok(()),
        }
    }
}

impl VectorizerArgs {
    fn spec(&self) -> VectorizerSpec {
        let default = VectorizerSpec::default();
        VectorizerSpec {
            weighting: self.vectorizer.map_or(default.weighting, Into::into),
            analyzer: self.analyzer.map_or(default.analyzer, Into::into),
            ngrams: self.ngrams.unwrap_or(default.ngrams),
            min_df: self.min_df.unwrap_or(default.min_df),
            max_df: self.max_df.unwrap_or(default.max_df),
            max_features: self.max_features,
        }
    }

    fn first_given(&self) -> Option<&'static str> {
        let given = [
            (self.vectorizer.is_some(), "--vectorizer"),
            (self.analyzer.is_some(), "--analyzer"),
            (self.ngrams.is_some(), "--ngrams"),
            (self.min_df.is_some(), "--min-df"),
            (self.max_df.is_some(), "--max-df"),
            (self.max_features.is_some(), "--max-features"),
        ];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }
}
