//! Names of models and aliases.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Code, Fault};

/// Name of a line of models: `[a-z][a-z0-9._-]{0,127}`. Dots are the hierarchy that policies match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(String);

/// Name of an alias: `[a-z][a-z0-9_-]{0,62}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AliasName(String);

/// Key of a tag: `[a-z][a-z0-9._-]{0,62}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagKey(String);

/// A text that is no name, version or reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not the name of a model.
    #[error(
        "{0:?} is no model name: begin with a-z, go on with a-z 0-9 . _ -, 128 characters at most"
    )]
    Model(String),
    /// Not the name of an alias.
    #[error("{0:?} is no alias: begin with a-z, go on with a-z 0-9 _ -, 63 characters at most")]
    Alias(String),
    /// Not a version number.
    #[error("{0:?} is no version: versions are whole numbers from 1")]
    Version(String),
    /// Not the key of a tag.
    #[error("{0:?} is no tag: begin with a-z, go on with a-z 0-9 . _ -, 63 characters at most")]
    TagKey(String),
    /// Not the value of a tag.
    #[error("not the value of a tag: 256 bytes at most, without control characters")]
    TagValue,
    /// Not the id of a job.
    #[error("not the id of a job: 1 to 128 printable ASCII characters without spaces")]
    Job,
}

impl Fault for NameError {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }
}

impl AliasName {
    /// The alias that a reference without version or alias means.
    pub fn production() -> Self {
        Self("production".to_owned())
    }
}

fn is_name(text: &str, longest: usize, others: &[u8]) -> bool {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || others.contains(&b);
    text.len() <= longest
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text.bytes().all(rest)
}

/// The beginning of a text that a caller sent, short enough for a message.
pub(crate) fn quoted(text: &str) -> String {
    text.chars().take(160).collect()
}

macro_rules! name {
    ($name:ident, $error:ident, $longest:literal, $others:literal) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                if is_name(text, $longest, $others) {
                    return Ok(Self(text.to_owned()));
                }
                Err(NameError::$error(quoted(text)))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(ModelName, Model, 128, b"._-");
name!(AliasName, Alias, 63, b"_-");
name!(TagKey, TagKey, 63, b"._-");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_their_letters() {
        let longest = "a".repeat(128);
        for good in ["a", "plant2.press.defect", "a-b_c", &longest] {
            assert_eq!(good.parse::<ModelName>().map(String::from), Ok(good.to_owned()));
        }
        let longer = "a".repeat(129);
        for (bad, why) in [
            ("", "empty"),
            ("2press", "begins with a digit"),
            ("Press", "upper case"),
            ("../etc", "a path"),
            ("press@3", "a reference"),
            ("模型", "not ASCII"),
            (&longer, "too long"),
        ] {
            assert!(bad.parse::<ModelName>().is_err(), "{why}");
        }
        assert!("plant.alias".parse::<AliasName>().is_err(), "aliases have no hierarchy");
    }
}
