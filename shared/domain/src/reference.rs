//! References to a version: a model's name and a number or an alias.

use std::{fmt, str::FromStr};

use crate::{AliasName, ModelName, NameError, Version};

/// `press.defect@3`, `press.defect@staging`, or `press.defect`, which means `@production`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelRef {
    /// The model.
    pub name: ModelName,
    /// Which of its versions.
    pub selector: Selector,
}

/// Which version of a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// By number.
    Version(Version),
    /// Whatever an alias points to.
    Alias(AliasName),
}

impl ModelRef {
    /// What a name and a separate version or alias mean; empty is `production`.
    ///
    /// # Errors
    /// [`NameError`] says which of both is wrong.
    pub fn from_parts(name: &str, selector: &str) -> Result<Self, NameError> {
        let name = name.parse()?;
        let selector = match selector.bytes().next() {
            None => Selector::Alias(AliasName::production()),
            Some(b) if b.is_ascii_lowercase() => Selector::Alias(selector.parse()?),
            Some(_) => Selector::Version(selector.parse()?),
        };
        Ok(Self { name, selector })
    }
}

impl FromStr for ModelRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once('@') {
            Some((_, "")) => Err(NameError::Version(String::new())),
            Some((name, selector)) => Self::from_parts(name, selector),
            None => Self::from_parts(text, ""),
        }
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.selector)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Alias(alias) => alias.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_read_back() {
        for (text, means) in [
            ("press.defect", "press.defect@production"),
            ("press.defect@3", "press.defect@3"),
            ("press.defect@staging", "press.defect@staging"),
        ] {
            assert_eq!(text.parse::<ModelRef>().map(|r| r.to_string()), Ok(means.to_owned()));
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for (text, why) in [
            ("press@0", "versions start at 1"),
            ("press@", "nothing after the @"),
            ("press@01", "one version has one name"),
            ("press@+1", "no sign"),
            ("press@-1", "no sign"),
            ("press@1@2", "two selectors"),
            ("press@18446744073709551616", "beyond 64 bits"),
            ("@3", "no name"),
        ] {
            assert!(text.parse::<ModelRef>().is_err(), "{why}");
        }
    }
}
