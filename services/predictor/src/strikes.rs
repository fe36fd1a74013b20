//! How often the kernel of a version has panicked lately.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A version with so many panics is quarantined.
pub(crate) const MOST_STRIKES: u64 = 5;

/// Rows that are answered and make up for one panic: a caller whose rows make a kernel panic now
/// and then does not take it from all others.
const FORGIVING_ROWS: u64 = 1_000;

/// Panics of a version's kernel, each forgiven once it has answered many rows.
#[derive(Default)]
pub(crate) struct Strikes {
    /// In rows that would make up for them.
    debt: AtomicU64,
}

impl Strikes {
    /// Takes note of a panic; says whether it was one too many.
    pub(crate) fn strike(&self) -> bool {
        let before = self.debt.fetch_add(FORGIVING_ROWS, Relaxed);
        before >= (MOST_STRIKES - 1) * FORGIVING_ROWS
    }

    /// Takes note of `n` rows that were answered.
    pub(crate) fn forgive(&self, n: usize) {
        // As a rule there is nothing to forgive, and nothing that threads would take from each other.
        if self.debt.load(Relaxed) > 0 {
            let less = |debt: u64| Some(debt.saturating_sub(n as u64));
            let _debt = self.debt.fetch_update(Relaxed, Relaxed, less);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_keeps_panicking_is_found_out() {
        let strikes = Strikes::default();
        let verdicts = [(); 6].map(|()| strikes.strike());
        assert_eq!(verdicts, [false, false, false, false, true, true]);
    }

    #[test]
    fn a_panic_now_and_then_is_forgiven() {
        let strikes = Strikes::default();
        for _ in 0..100 {
            strikes.forgive(1_000);
            assert!(!strikes.strike());
        }
    }
}
