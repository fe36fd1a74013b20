//! The time until which a caller waits.

use tokio::time::Instant;

/// The time until which the caller of a request waits; monotonic.
///
/// Work that begins after it is for nobody: the layers have answered DEADLINE_EXCEEDED by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub(crate) Instant);

impl Deadline {
    /// That of `request`; `None` for a stream that named none.
    pub fn of<T>(request: &tonic::Request<T>) -> Option<Self> {
        request.extensions().get().copied()
    }

    /// The moment itself.
    pub fn instant(self) -> Instant {
        self.0
    }
}
