//! Which trace a piece of work belongs to.

use serde::{Deserialize, Serialize};

/// A place in a trace, as it travels between processes and outlives one.
///
/// Source: W3C, *Trace Context* (Recommendation, 2021), sections 3.2 and 3.3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// Trace, span and flags, such as `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
    pub traceparent: String,
    /// What other vendors say of the trace, passed on as it came; mostly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tracestate: String,
}
