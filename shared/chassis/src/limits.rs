//! What one server takes on.

use std::time::Duration;

/// The bounds of one gRPC server: beyond them a caller is refused, never queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest message, in bytes, in either direction. Whoever adds a service sets it there: see
    /// [`Services::add`](crate::Services::add).
    pub max_message_bytes: usize,
    /// Largest list of headers of a request, in bytes.
    pub max_header_bytes: u32,
    /// Concurrent requests on one connection; low enough to make a rapid reset harmless.
    pub max_streams: u32,
    /// Open connections; one more is closed at once.
    pub max_connections: usize,
    /// Requests that are worked on, over all connections; a stream counts until it ends.
    pub max_in_flight: usize,
    /// Longest time for a unary call, also for one that named no deadline.
    pub max_deadline: Duration,
    /// Longest time for finishing what was admitted before the stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: 64 << 20,
            max_header_bytes: 16 << 10,
            max_streams: 100,
            max_connections: 1024,
            max_in_flight: 1024,
            max_deadline: Duration::from_secs(60),
            drain: Duration::from_secs(30),
        }
    }
}
