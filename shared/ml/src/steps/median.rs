//! Exact medians of columns that need not be in memory.

use ndarray::ArrayView1;

/// Bits that one pass settles.
const DIGIT: u32 = 8;

/// Finds the value of one rank by its digits, the highest first: a pass over all values each.
///
/// Values are taken as whole numbers of the same order, so that what is found is exact.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Digits that were found, and 0 for the others.
    found: u64,
    /// Bits that are still open.
    open: u32,
    /// Rank among the values that have these digits, from 0.
    rank: u64,
    counts: Box<[u64; 1 << DIGIT]>,
    /// Values that were smaller in a digit that was found, of the rank that was asked for.
    below: u64,
}

impl Selection {
    /// Passes that find a value.
    pub(crate) const PASSES: u32 = u64::BITS / DIGIT;

    /// The value of `rank`, from 0, which must be below the number of values.
    pub(crate) fn new(rank: u64) -> Self {
        let counts = Box::new([0; 1 << DIGIT]);
        Self { found: 0, open: u64::BITS, rank, counts, below: 0 }
    }

    /// Counts some of the values of this pass; NaN is none.
    pub(crate) fn count(&mut self, values: ArrayView1<'_, f64>) {
        let next = self.open - DIGIT;
        for value in values.iter().filter(|value| !value.is_nan()) {
            let ordered = ordered(*value);
            // Two shifts, since the first pass has 64 open bits.
            if (ordered ^ self.found) >> next >> DIGIT == 0 {
                self.counts[(ordered >> next) as usize % (1 << DIGIT)] += 1;
            }
        }
    }

    /// Settles the digit of a pass over all values.
    pub(crate) fn end_pass(&mut self) {
        self.open -= DIGIT;
        let mut digit = 0;
        while digit + 1 < self.counts.len() && self.rank >= self.counts[digit] {
            self.rank -= self.counts[digit];
            self.below += self.counts[digit];
            digit += 1;
        }
        self.found |= (digit as u64) << self.open;
        self.counts.fill(0);
    }

    /// The value, after all passes.
    pub(crate) fn value(&self) -> f64 {
        value(self.found)
    }

    /// Values that are smaller.
    pub(crate) fn n_smaller(&self) -> u64 {
        self.below
    }
}

/// A whole number that is as much larger than others as `value` is, by `f64::total_cmp`.
fn ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn value(ordered: u64) -> f64 {
    let bits = if ordered >> 63 == 1 { ordered ^ 1 << 63 } else { !ordered };
    f64::from_bits(bits)
}

#[cfg(test)]
mod tests {
    use ndarray::aview1;

    use super::*;

    #[test]
    fn every_rank_is_found() {
        let mut values = vec![3.0, -1.5, 3.0, 0.0, -0.0, 1e300, -1e-300, f64::MIN, 3.0, 7.25];
        let column = [&values[..], &[f64::NAN]].concat();
        values.sort_by(f64::total_cmp);
        for (rank, expected) in values.iter().enumerate() {
            let mut selection = Selection::new(rank as u64);
            for _ in 0..Selection::PASSES {
                column.chunks(3).for_each(|some| selection.count(aview1(some)));
                selection.end_pass();
            }
            assert_eq!(selection.value().to_bits(), expected.to_bits(), "rank {rank}");
            let smaller = values.iter().filter(|v| v.total_cmp(expected).is_lt()).count();
            assert_eq!(selection.n_smaller(), smaller as u64, "rank {rank}");
        }
    }
}
