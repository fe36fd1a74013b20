//! Which traces are kept.

/// The share of the traces that begin in this process which is kept, from 0 to 1.
///
/// A trace that a caller began is kept if the caller keeps it: a trace is never half there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling(f64);

impl Sampling {
    /// Every trace.
    pub const ALL: Self = Self(1.0);

    /// `share` of the traces; nothing if it is not from 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    pub(super) fn share(self) -> f64 {
        self.0
    }
}
