//! The columns that a model sees, and how they become numbers.

use millwright_domain::{
    Analyzer, DocumentFrequency, InputSpec, Keep, MixedSpec, NgramRange, NumericSpec,
    ReductionMethod, ReductionSpec, Scale, TextSpec, VectorizerSpec, Weighting,
};
use millwright_proto::trainer::{
    self as pb, document_frequency::Frequency, pipeline_spec::Input, reduction,
};

use crate::{FromWire, ToWire, WireError, convert::required};

impl ToWire for InputSpec {
    type Wire = Input;

    fn to_wire(&self) -> Input {
        match self {
            Self::Text(text) => Input::Text(text.to_wire()),
            Self::Numeric(numeric) => Input::Numeric(numeric.to_wire()),
            Self::Mixed(MixedSpec { text, numeric }) => Input::Mixed(pb::MixedInput {
                text: Some(text.to_wire()),
                numeric: Some(numeric.to_wire()),
            }),
        }
    }
}

impl FromWire for InputSpec {
    type Wire = Input;

    fn from_wire(wire: Input) -> Result<Self, WireError> {
        Ok(match wire {
            Input::Text(text) => Self::Text(required("text", Some(text))?),
            Input::Numeric(numeric) => Self::Numeric(required("numeric", Some(numeric))?),
            Input::Mixed(pb::MixedInput { text, numeric }) => Self::Mixed(MixedSpec {
                text: required("text", text)?,
                numeric: required("numeric", numeric)?,
            }),
        })
    }
}

impl ToWire for TextSpec {
    type Wire = pb::TextInput;

    fn to_wire(&self) -> pb::TextInput {
        let vectorizer = Some(self.vectorizer.to_wire());
        pb::TextInput { column: self.column.clone(), vectorizer }
    }
}

impl FromWire for TextSpec {
    type Wire = pb::TextInput;

    fn from_wire(wire: pb::TextInput) -> Result<Self, WireError> {
        let vectorizer = required("vectorizer", Some(wire.vectorizer.unwrap_or_default()))?;
        Ok(Self { column: wire.column, vectorizer })
    }
}

impl ToWire for VectorizerSpec {
    type Wire = pb::Vectorizer;

    fn to_wire(&self) -> pb::Vectorizer {
        let weighting = match self.weighting {
            Weighting::Count => pb::Weighting::Count,
            Weighting::Tfidf => pb::Weighting::Tfidf,
        };
        let analyzer = match self.analyzer {
            Analyzer::Word => pb::Analyzer::Word,
            Analyzer::Char => pb::Analyzer::Char,
        };
        pb::Vectorizer {
            weighting: weighting.into(),
            analyzer: analyzer.into(),
            min_ngram: Some(self.ngrams.min),
            max_ngram: Some(self.ngrams.max),
            min_df: Some(self.min_df.to_wire()),
            max_df: Some(self.max_df.to_wire()),
            max_features: self.max_features,
        }
    }
}

impl FromWire for VectorizerSpec {
    type Wire = pb::Vectorizer;

    fn from_wire(wire: pb::Vectorizer) -> Result<Self, WireError> {
        let default = Self::default();
        let min = wire.min_ngram.unwrap_or(default.ngrams.min);
        let or = |df: Option<_>, default| df.map_or(Ok(default), DocumentFrequency::from_wire);
        Ok(Self {
            weighting: match wire.weighting() {
                pb::Weighting::Unspecified | pb::Weighting::Count => Weighting::Count,
                pb::Weighting::Tfidf => Weighting::Tfidf,
            },
            analyzer: match wire.analyzer() {
                pb::Analyzer::Unspecified | pb::Analyzer::Word => Analyzer::Word,
                pb::Analyzer::Char => Analyzer::Char,
            },
            ngrams: NgramRange { min, max: wire.max_ngram.unwrap_or(min) },
            min_df: or(wire.min_df, default.min_df).map_err(|wrong| wrong.within("min_df"))?,
            max_df: or(wire.max_df, default.max_df).map_err(|wrong| wrong.within("max_df"))?,
            max_features: wire.max_features,
        })
    }
}

impl ToWire for DocumentFrequency {
    type Wire = pb::DocumentFrequency;

    fn to_wire(&self) -> pb::DocumentFrequency {
        let frequency = match *self {
            Self::Count(n) => Frequency::Count(n),
            Self::Share(share) => Frequency::Share(share),
        };
        pb::DocumentFrequency { frequency: Some(frequency) }
    }
}

impl FromWire for DocumentFrequency {
    type Wire = pb::DocumentFrequency;

    fn from_wire(wire: pb::DocumentFrequency) -> Result<Self, WireError> {
        Ok(match wire.frequency.ok_or_else(|| WireError::unset("frequency"))? {
            Frequency::Count(n) => Self::Count(n),
            Frequency::Share(share) => Self::Share(share),
        })
    }
}

impl ToWire for NumericSpec {
    type Wire = pb::NumericInput;

    fn to_wire(&self) -> pb::NumericInput {
        let scale = match self.scale {
            Scale::Standard => pb::Scale::Standard,
            Scale::None => pb::Scale::None,
        };
        pb::NumericInput { columns: self.columns.clone(), scale: scale.into() }
    }
}

impl FromWire for NumericSpec {
    type Wire = pb::NumericInput;

    fn from_wire(wire: pb::NumericInput) -> Result<Self, WireError> {
        let scale = match wire.scale() {
            pb::Scale::Unspecified | pb::Scale::Standard => Scale::Standard,
            pb::Scale::None => Scale::None,
        };
        Ok(Self { columns: wire.columns, scale })
    }
}

impl ToWire for ReductionSpec {
    type Wire = pb::Reduction;

    fn to_wire(&self) -> pb::Reduction {
        let method = match self.method {
            ReductionMethod::Pca => pb::ReductionMethod::Pca,
            ReductionMethod::TruncatedSvd => pb::ReductionMethod::TruncatedSvd,
        };
        let keep = match self.keep {
            Keep::Components(n) => reduction::Keep::Components(n),
            Keep::Variance(share) => reduction::Keep::Variance(share),
        };
        pb::Reduction { method: method.into(), keep: Some(keep) }
    }
}

impl FromWire for ReductionSpec {
    type Wire = pb::Reduction;

    fn from_wire(wire: pb::Reduction) -> Result<Self, WireError> {
        let method = match wire.method() {
            pb::ReductionMethod::Unspecified | pb::ReductionMethod::Pca => ReductionMethod::Pca,
            pb::ReductionMethod::TruncatedSvd => ReductionMethod::TruncatedSvd,
        };
        let keep = match wire.keep.ok_or_else(|| WireError::unset("keep"))? {
            reduction::Keep::Components(n) => Keep::Components(n),
            reduction::Keep::Variance(share) => Keep::Variance(share),
        };
        Ok(Self { method, keep })
    }
}
