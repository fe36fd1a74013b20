//! A model, or one of its versions.

use std::str::FromStr;

use millwright_domain::{ModelName, ModelRef, NameError};

/// `NAME`, or `NAME@VERSION` or `NAME@ALIAS`.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Model(ModelName),
    Version(ModelRef),
}

impl FromStr for Subject {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains('@') {
            text.parse().map(Self::Version)
        } else {
            text.parse().map(Self::Model)
        }
    }
}
