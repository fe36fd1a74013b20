//! Exact medians of columns that need not be in memory.

use std::cmp::Ordering;

/// Bits that one pass settles.
const DIGIT: u32 = 8;
/// Values that all columns together may gather: 2 MiB.
const MOST_GATHERED: u64 = 1 << 18;

/// Finds the value of one rank by its digits, the highest first: a pass over all values each, until
/// few values have these digits. A last pass gathers those.
///
/// Values are taken as whole numbers of the same order, so that what is found is exact.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Digits that were found, and 0 for the others.
    found: u64,
    /// Bits that are still open.
    open: u32,
    /// Rank among the values that have these digits, from 0, and how many these are.
    rank: u64,
    left: u64,
    /// So few are gathered instead of being counted again.
    few: u64,
    counts: Box<[u64; 1 << DIGIT]>,
    /// Values that were smaller in a digit that was found.
    below: u64,
    gathered: Vec<f64>,
    /// The largest value that is smaller in a digit that was found.
    largest_below: f64,
}

/// The value of a rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Selected {
    pub(crate) value: f64,
    /// Values that are smaller, and the largest of them.
    pub(crate) n_smaller: u64,
    pub(crate) before: f64,
}

impl Selection {
    /// The median of `n` values, the upper one of two, in one of so many columns.
    pub(crate) fn median(n: u64, n_columns: usize) -> Self {
        Self::new(n / 2, n, MOST_GATHERED / n_columns.max(1) as u64)
    }

    /// The value of `rank`, from 0, of `n`, which is larger.
    fn new(rank: u64, n: u64, few: u64) -> Self {
        let (gathered, largest_below) = (Vec::new(), f64::NEG_INFINITY);
        let counts = Box::new([0; 1 << DIGIT]);
        let (found, open, below) = (0, u64::BITS, 0);
        Self { found, open, rank, left: n, few, counts, below, gathered, largest_below }
    }

    /// Whether another pass must count.
    pub(crate) fn counts(&self) -> bool {
        self.open == u64::BITS || self.open > 0 && self.left > self.few
    }

    /// Counts some of the values of this pass; NaN is none.
    pub(crate) fn count(&mut self, values: &[f64]) {
        if !self.counts() {
            return;
        }
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
        if !self.counts() {
            return;
        }
        self.open -= DIGIT;
        let mut digit = 0;
        while digit + 1 < self.counts.len() && self.rank >= self.counts[digit] {
            self.rank -= self.counts[digit];
            self.below += self.counts[digit];
            digit += 1;
        }
        self.left = self.counts[digit];
        self.found |= (digit as u64) << self.open;
        self.counts.fill(0);
    }

    /// Gathers some of the values of the last pass.
    pub(crate) fn gather(&mut self, values: &[f64]) {
        for value in values.iter().filter(|value| !value.is_nan()) {
            match (ordered(*value) >> self.open).cmp(&(self.found >> self.open)) {
                Ordering::Less => self.largest_below = self.largest_below.max(*value),
                Ordering::Equal if self.open > 0 => self.gathered.push(*value),
                Ordering::Equal | Ordering::Greater => {}
            }
        }
    }

    /// The value, after the last pass.
    pub(crate) fn finish(mut self) -> Selected {
        let (n_smaller, before) = (self.below, self.largest_below);
        if self.open == 0 {
            return Selected { value: value(self.found), n_smaller, before };
        }
        self.gathered.sort_unstable_by(f64::total_cmp);
        let value = self.gathered[self.rank as usize];
        let smaller = self.gathered.partition_point(|other| other.total_cmp(&value).is_lt());
        let before = smaller.checked_sub(1).map_or(before, |last| self.gathered[last]);
        Selected { value, n_smaller: n_smaller + smaller as u64, before }
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
    use super::*;

    const FEW: usize = 100;

    fn selected(column: &[f64], rank: usize) -> Selected {
        let n = column.iter().filter(|value| !value.is_nan()).count();
        let mut selection = Selection::new(rank as u64, n as u64, FEW as u64);
        while selection.counts() {
            column.chunks(3).for_each(|some| selection.count(some));
            selection.end_pass();
        }
        column.chunks(3).for_each(|some| selection.gather(some));
        selection.finish()
    }

    #[test]
    fn every_rank_is_found() {
        let mut values = vec![3.0, -1.5, 3.0, 0.0, -0.0, 1e300, -1e-300, f64::MIN, 3.0, 7.25];
        let column = [&values[..], &[f64::NAN]].concat();
        values.sort_by(f64::total_cmp);
        for (rank, expected) in values.iter().enumerate() {
            let found = selected(&column, rank);
            assert_eq!(found.value.to_bits(), expected.to_bits(), "rank {rank}");
            let smaller = values.partition_point(|v| v.total_cmp(expected).is_lt());
            assert_eq!(found.n_smaller, smaller as u64, "rank {rank}");
            let before = smaller.checked_sub(1).map_or(f64::NEG_INFINITY, |i| values[i]);
            assert_eq!(found.before, before, "rank {rank}");
        }
    }

    #[test]
    fn more_equal_values_than_are_gathered_are_one_value() {
        let many = FEW + 10;
        let column = [vec![2.0; many], vec![1.0; 3], vec![5.0; 3]].concat();
        let found = selected(&column, 7);
        assert_eq!(found, Selected { value: 2.0, n_smaller: 3, before: 1.0 });
        // As many that differ in their last digits alone.
        let column = (0..many).map(|i| 1.0 + i as f64 * f64::EPSILON).collect::<Vec<_>>();
        assert_eq!(selected(&column, many / 2).value, column[many / 2]);
    }
}
