//! What is wrong with a message.

use millwright_domain::{Code, Fault, Violation};

/// A field of a message that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct WireError {
    field: String,
    problem: String,
}

impl WireError {
    /// `field` is a path from the message, for example `columns[2]`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// The same problem, seen from the message in whose field `outer` this one is.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        Self { field: format!("{outer}.{}", self.field), problem: self.problem }
    }

    pub(crate) fn unset(field: &str) -> Self {
        Self::new(field, "must be set")
    }
}

impl Fault for WireError {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn violation(&self) -> Option<Violation> {
        Some(Violation { field: self.field.clone(), description: self.problem.clone() })
    }
}
