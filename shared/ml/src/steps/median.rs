//! Exact medians of columns that need not be in memory.

use std::cmp::Ordering;

/// Bits that one pass settles, and how many ways they have.
const DIGIT: u32 = 8;
const PARTS: usize = 1 << DIGIT;
/// The place above all parts.
const ABOVE: f64 = (PARTS + 1) as f64;
/// The first of the numbers that are as far apart as whole numbers.
const WHOLE: f64 = (1_u64 << 52) as f64;
/// Values that all columns together may gather, and that their samples may hold: 2 MiB each.
const MOST_GATHERED: u64 = 1 << 18;
/// Values that a sample holds at most, and fewer than which say too little.
const SAMPLE: (usize, usize) = (64, 4096);

/// Some of the values of a column, as far apart as they must be to be a few thousand.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    values: Vec<f64>,
    most: usize,
    /// Values from one to the next, and how many are left out before that.
    step: usize,
    skip: usize,
}

impl Sample {
    /// Of one in so many columns.
    pub(crate) fn new(n_columns: usize) -> Self {
        let most = (MOST_GATHERED as usize / n_columns.max(1)).min(SAMPLE.1);
        Self { values: Vec::new(), most, step: 1, skip: 0 }
    }

    /// Takes some of the values that follow; NaN is none.
    pub(crate) fn take(&mut self, values: &[f64]) {
        while let Some(value) = values.get(self.skip) {
            self.skip += self.step;
            if !value.is_nan() {
                self.push(*value);
            }
        }
        self.skip -= values.len();
    }

    fn push(&mut self, value: f64) {
        if self.values.len() >= self.most {
            let mut i = 0;
            self.values.retain(|_| {
                i += 1;
                i % 2 == 1
            });
            self.step *= 2;
        }
        self.values.push(value);
    }

    /// Its median, and two values that the median of the column lies between, all but surely: four
    /// standard deviations of a sample's median from the middle of the sample.
    fn middle(mut self) -> Option<(f64, (f64, f64))> {
        let n = self.values.len();
        self.values.sort_unstable_by(f64::total_cmp);
        let reach = 2 * n.isqrt();
        let lower = (n / 2).checked_sub(reach).filter(|_| n >= SAMPLE.0)?;
        Some((self.values[n / 2], (self.values[lower], *self.values.get(n / 2 + reach)?)))
    }
}

/// Finds the value of one rank: passes over all values, of which each leaves a few hundredths of those
/// that it may be, until these are few. A last pass gathers them.
///
/// The first pass looks between two values of a sample, which leaves few enough all but surely; or the
/// sample's median is that of all, as it is where many are equal. Where neither helps, values are
/// taken by their digits, the highest first. What is found is exact either way.
#[derive(Debug)]
pub(crate) struct Selection {
    range: Range,
    rank: u64,
    /// Values that it may be, once they were counted.
    left: Option<u64>,
    /// So few are gathered instead of being counted again.
    few: u64,
    /// Values below the range, in each part of it, and above it.
    counts: Box<[u64; PARTS + 2]>,
    guess: Option<Guess>,
    /// Values that are smaller than those that it may be.
    below: u64,
    gathered: Vec<f64>,
    /// The largest value that is smaller than those.
    largest_below: f64,
}

/// The values that it may be, in [`PARTS`] of which no value of one is above any of the next.
#[derive(Clone, Copy, Debug)]
enum Range {
    /// As whole numbers of the same order: those from `from` on that differ from it by less than
    /// 2 to the power of `open`.
    Digits { from: u64, open: u32 },
    /// From `lower` on, `scale` parts to a unit; and once it is known which part it is, that and the
    /// next one before it in which there are values.
    Between { lower: f64, scale: f64, before: usize, part: usize },
}

/// A value that may be the one, and how many are smaller or equal: counted once.
#[derive(Clone, Copy, Debug)]
struct Guess {
    value: f64,
    n_smaller: u64,
    n_equal: u64,
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
    pub(crate) fn median(n: u64, n_columns: usize, sample: Sample) -> Self {
        let few = MOST_GATHERED / n_columns.max(1) as u64;
        let Some((value, bounds)) = sample.middle() else {
            return Self::new(n / 2, few, Range::ALL);
        };
        let range = Range::between(bounds).unwrap_or(Range::ALL);
        let guess = Guess { value, n_smaller: 0, n_equal: 0 };
        Self { guess: Some(guess), ..Self::new(n / 2, few, range) }
    }

    /// The value of `rank`, from 0.
    fn new(rank: u64, few: u64, range: Range) -> Self {
        let (gathered, largest_below) = (Vec::new(), f64::NEG_INFINITY);
        let counts = Box::new([0; PARTS + 2]);
        let (left, guess, below) = (None, None, 0);
        Self { range, rank, left, few, counts, guess, below, gathered, largest_below }
    }

    /// Whether another pass must count.
    pub(crate) fn counts(&self) -> bool {
        self.left.is_none_or(|left| left > self.few && !self.range.is_one_value())
    }

    /// Counts some of the values of this pass; NaN is none.
    pub(crate) fn count(&mut self, values: &[f64]) {
        if !self.counts() {
            return;
        }
        let values = values.iter().copied().filter(|value| !value.is_nan());
        let (range, counts) = (self.range, &mut *self.counts);
        values.clone().for_each(|value| counts[range.place(value)] += 1);
        if let Some(Guess { value: guess, n_smaller, n_equal }) = &mut self.guess {
            let guess = ordered(*guess);
            values.map(ordered).for_each(|value| {
                *n_smaller += u64::from(value < guess);
                *n_equal += u64::from(value == guess);
            });
        }
    }

    /// Settles the part of the range after a pass over all values.
    pub(crate) fn end_pass(&mut self) {
        if !self.counts() {
            return;
        }
        if let Some(Guess { value, n_smaller, n_equal }) = self.guess.take()
            && (n_smaller..n_smaller + n_equal).contains(&self.rank)
        {
            self.range = Range::Digits { from: ordered(value), open: 0 };
            (self.left, self.below) = (Some(n_equal), n_smaller);
            return;
        }
        let mut place = 0;
        self.below = 0;
        while place <= PARTS && self.rank >= self.below + self.counts[place] {
            self.below += self.counts[place];
            place += 1;
        }
        let left = self.counts[place];
        let before = self.counts[..place].iter().rposition(|count| *count > 0);
        match self.range.part(before.unwrap_or_default(), place) {
            Some(range) if left <= self.few || range.is_by_digits() => {
                (self.range, self.left) = (range, Some(left));
                self.counts.fill(0);
            }
            _ => *self = Self::new(self.rank, self.few, Range::ALL),
        }
    }

    /// Gathers some of the values of the last pass.
    pub(crate) fn gather(&mut self, values: &[f64]) {
        let is_one_value = self.range.is_one_value();
        for value in values.iter().filter(|value| !value.is_nan()) {
            match self.range.compare(*value) {
                Some(Ordering::Less) => self.largest_below = self.largest_below.max(*value),
                Some(Ordering::Equal) if !is_one_value => self.gathered.push(*value),
                _ => {}
            }
        }
    }

    /// The value, after the last pass.
    pub(crate) fn finish(mut self) -> Selected {
        let (n_smaller, before) = (self.below, self.largest_below);
        if let Range::Digits { from, open: 0 } = self.range {
            return Selected { value: value(from), n_smaller, before };
        }
        self.gathered.sort_unstable_by(f64::total_cmp);
        let value = self.gathered[(self.rank - self.below) as usize];
        let smaller = self.gathered.partition_point(|other| other.total_cmp(&value).is_lt());
        let before = smaller.checked_sub(1).map_or(before, |last| self.gathered[last]);
        Selected { value, n_smaller: n_smaller + smaller as u64, before }
    }
}

impl Range {
    const ALL: Self = Self::Digits { from: 0, open: u64::BITS };

    /// Values from `lower` to `upper`, if these leave parts between them.
    fn between((lower, upper): (f64, f64)) -> Option<Self> {
        let scale = PARTS as f64 / (upper - lower);
        (scale.is_normal() && scale > 0.0).then_some(Self::Between {
            lower,
            scale,
            before: 0,
            part: 0,
        })
    }

    fn is_by_digits(self) -> bool {
        matches!(self, Self::Digits { .. })
    }

    fn is_one_value(self) -> bool {
        matches!(self, Self::Digits { open: 0, .. })
    }

    /// 0 for a value below the range, from 1 on the part that it is in, and one more above it.
    #[inline]
    fn place(self, value: f64) -> usize {
        match self {
            Self::Digits { from, open } => {
                let (beyond, is_below) = ordered(value).overflowing_sub(from);
                // Two shifts, since all 64 bits may be open.
                let part = beyond >> open.saturating_sub(DIGIT);
                if is_below { 0 } else { (part as usize).min(PARTS) + 1 }
            }
            Self::Between { lower, scale, .. } => {
                // No branch, which would be guessed wrong at every other value: a number from 2^52 on
                // has its whole part in its lowest bits.
                let place = (value - lower) * scale + 1.0;
                let place = if place > 0.0 { place } else { 0.0 };
                let place = if place < ABOVE { place } else { ABOVE };
                (place + WHOLE).to_bits() as usize % (1 << (DIGIT + 1))
            }
        }
    }

    /// What is left where the value is at `place`, unless that is beside the range; the values before
    /// it are at `before` or below.
    fn part(self, before: usize, place: usize) -> Option<Self> {
        let digit = (1..=PARTS).contains(&place).then(|| place - 1)?;
        Some(match self {
            Self::Digits { from, open } => {
                let open = open.saturating_sub(DIGIT);
                Self::Digits { from: from + ((digit as u64) << open), open }
            }
            Self::Between { lower, scale, .. } => {
                Self::Between { lower, scale, before, part: place }
            }
        })
    }

    /// How a value compares to those that are left; nothing for one that is not even next to them.
    #[inline]
    fn compare(self, value: f64) -> Option<Ordering> {
        match self {
            Self::Digits { from, open } => {
                let (beyond, is_below) = ordered(value).overflowing_sub(from);
                match beyond.checked_shr(open).unwrap_or_default() {
                    _ if is_below => Some(Ordering::Less),
                    0 => Some(Ordering::Equal),
                    _ => None,
                }
            }
            Self::Between { before, part, .. } => match self.place(value) {
                place if place == part => Some(Ordering::Equal),
                place if place == before => Some(Ordering::Less),
                _ => None,
            },
        }
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
        finished(Selection::new(rank as u64, FEW as u64, Range::ALL), column)
    }

    fn finished(mut selection: Selection, column: &[f64]) -> Selected {
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

    #[test]
    fn where_a_search_begins_changes_nothing() {
        let column = (0..1000).map(|i| f64::from((i * 7919) % 1009) - 500.0).collect::<Vec<_>>();
        for rank in [0, 1, 499, 998, 999] {
            let expected = selected(&column, rank);
            for bounds in [(-500.0, 508.0), (-1.0, 1.0), (0.0, 4.0), (-600.0, -550.0), (7.0, 1e9)] {
                let range = Range::between(bounds).expect("a range");
                let search = Selection::new(rank as u64, FEW as u64, range);
                assert_eq!(finished(search, &column), expected, "rank {rank} in {bounds:?}");
            }
        }
    }

    #[test]
    fn bounds_without_parts_between_them_are_none() {
        for bounds in [(1.0, 1.0), (2.0, 1.0), (f64::MIN, f64::MAX), (0.0, f64::from_bits(1))] {
            assert!(Range::between(bounds).is_none(), "{bounds:?}");
        }
    }

    #[test]
    fn a_sample_bounds_the_median() {
        let mut sample = Sample::new(1);
        assert_eq!(sample.clone().middle(), None);
        let values = (0..100_000).map(|i| if i % 3 == 0 { f64::NAN } else { f64::from(i) });
        values.collect::<Vec<_>>().chunks(100).for_each(|some| sample.take(some));
        assert!((SAMPLE.1 / 2..=SAMPLE.1).contains(&sample.values.len()));
        let (_, (lower, upper)) = sample.middle().expect("enough values");
        assert!((44_000.0..50_000.0).contains(&lower), "{lower}");
        assert!((50_000.0..56_000.0).contains(&upper), "{upper}");
        // In so many columns there is no room for samples.
        assert_eq!(Sample::new(1 << 16).most, 4);
    }

    #[test]
    fn a_value_that_many_have_is_found_at_once() {
        let column = (0..3000).map(|i| f64::from(i % 3)).collect::<Vec<_>>();
        let mut sample = Sample::new(1);
        sample.take(&column);
        let mut selection = Selection { few: 10, ..Selection::median(3000, 1, sample) };
        selection.count(&column);
        selection.end_pass();
        assert!(!selection.counts());
        let expected = Selected { value: 1.0, n_smaller: 1000, before: 0.0 };
        assert_eq!(finished(selection, &column), expected);
    }
}
