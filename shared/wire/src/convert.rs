//! Conversions of nouns, and of the fields that they are made of.

use std::{collections::BTreeMap, fmt::Display, str::FromStr, time::SystemTime};

use millwright_domain::{Artifact, MOST_TAGS, Tags, Version};
use millwright_proto::registry as pb;
use prost_types::Timestamp;

use crate::WireError;

/// What can be told to a caller.
pub trait ToWire {
    /// The message.
    type Wire;

    /// As a message.
    fn to_wire(&self) -> Self::Wire;
}

/// What can be taken from a caller.
pub trait FromWire: Sized {
    /// The message.
    type Wire;

    /// Takes what the message says.
    ///
    /// # Errors
    /// [`WireError`] names the first field that is wrong.
    fn from_wire(wire: Self::Wire) -> Result<Self, WireError>;
}

/// Parses the text of a field.
///
/// # Errors
/// [`WireError`] names the field.
pub fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, WireError> {
    text.parse().map_err(|problem: T::Err| WireError::new(field, problem.to_string()))
}

/// The message in a field that must be set.
///
/// # Errors
/// [`WireError`] names the field.
pub fn required<T: FromWire>(field: &str, wire: Option<T::Wire>) -> Result<T, WireError> {
    T::from_wire(wire.ok_or_else(|| WireError::unset(field))?).map_err(|error| error.within(field))
}

/// The message in a field that may be unset.
///
/// # Errors
/// [`WireError`] names the field.
pub fn optional<T: FromWire>(field: &str, wire: Option<T::Wire>) -> Result<Option<T>, WireError> {
    wire.map(|wire| required(field, Some(wire))).transpose()
}

/// The messages of a repeated field.
///
/// # Errors
/// [`WireError`] names the field.
pub fn repeated<T: FromWire>(field: &str, wire: Vec<T::Wire>) -> Result<Vec<T>, WireError> {
    let parts = wire.into_iter().enumerate();
    parts
        .map(|(i, part)| T::from_wire(part).map_err(|error| error.within(&format!("{field}[{i}]"))))
        .collect()
}

/// The version number in a field that must be set.
///
/// # Errors
/// [`WireError`] names the field.
pub fn version(field: &str, number: u64) -> Result<Version, WireError> {
    Version::new(number).ok_or_else(|| WireError::new(field, "versions start at 1"))
}

/// The tags in a map.
///
/// # Errors
/// [`WireError`] names the field, or its entry.
pub fn tags(field: &str, wire: BTreeMap<String, String>) -> Result<Tags, WireError> {
    if wire.len() > MOST_TAGS {
        return Err(WireError::new(field, format!("{MOST_TAGS} tags at most")));
    }
    let tag = |(key, value): (String, String)| {
        let value = parse(&format!("{field}[{key:?}]"), &value);
        Ok((parse(field, &key)?, value?))
    };
    wire.into_iter().map(tag).collect()
}

pub(crate) fn tags_to_wire(tags: &Tags) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

pub(crate) fn finite(field: &str, value: f64) -> Result<f64, WireError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(WireError::new(field, "must be a finite number"))
    }
}

pub(crate) fn time(field: &str, wire: Option<Timestamp>) -> Result<SystemTime, WireError> {
    let wire = wire.ok_or_else(|| WireError::unset(field))?;
    wire.try_into().map_err(|_| WireError::new(field, "out of range"))
}

impl ToWire for Artifact {
    type Wire = pb::Artifact;

    fn to_wire(&self) -> pb::Artifact {
        pb::Artifact {
            digest: self.digest.to_string(),
            size_bytes: self.size_bytes,
            media_type: self.media_type.clone(),
        }
    }
}

impl FromWire for Artifact {
    type Wire = pb::Artifact;

    fn from_wire(wire: pb::Artifact) -> Result<Self, WireError> {
        let digest = parse("digest", &wire.digest)?;
        Ok(Self { digest, size_bytes: wire.size_bytes, media_type: wire.media_type })
    }
}
