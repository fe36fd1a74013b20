//! What people note of models and versions.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{NameError, TagKey};

/// Notes by key.
pub type Tags = BTreeMap<TagKey, TagValue>;

/// Most tags of a model or a version.
pub const MOST_TAGS: usize = 64;

/// Longest value of a tag, in bytes.
const LONGEST: usize = 256;

/// A note: 256 bytes at most, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagValue(String);

impl FromStr for TagValue {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for TagValue {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let valid = text.len() <= LONGEST && !text.contains(char::is_control);
        if valid { Ok(Self(text)) } else { Err(NameError::TagValue) }
    }
}

impl From<TagValue> for String {
    fn from(value: TagValue) -> Self {
        value.0
    }
}

impl fmt::Display for TagValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
