//! JSON, and what is wrong with it.

use serde::Deserialize;
use serde_json::error::Category;

use crate::WireError;

/// What `json` says.
///
/// # Errors
/// Where it is wrong. serde's own text is told only where it repeats nothing of a caller's.
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, WireError> {
    serde_json::from_slice(json).map_err(|error| WireError::new("body", problem(&error)))
}

fn problem(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    if error.classify() != Category::Data {
        return format!(
            "is no JSON at line {line}, column {column} \
             (NaN and the infinities travel only as binary)"
        );
    }
    let text = error.to_string();
    // These name members of the protocol; all others may repeat a value.
    let is_ours = text.starts_with("missing field `") || text.starts_with("duplicate field `");
    match is_ours {
        true => text,
        false => format!("is not of the protocol's form at line {line}, column {column}"),
    }
}
