//! How many different values columns hold, counted in bounded memory.

use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
};

use millwright_domain::Distinct;

/// Values that all columns of a table may hold together: 8 MiB at most, about what caches hold.
const MOST_HELD: usize = 1 << 18;

/// Counts the different values of every column of a table.
///
/// A value is held as 64 bits of a keyed hash: the chance that any two of all share theirs is 2e-9.
/// When the columns hold too many together, the fullest give theirs back and count no further.
pub(super) struct DistinctValues {
    columns: Vec<Values>,
    n_held: usize,
    most_held: usize,
    keys: RandomState,
}

type Hashes = HashSet<u64, BuildHasherDefault<Hashed>>;

enum Values {
    Held(Hashes),
    MoreThan(u64),
}

impl DistinctValues {
    pub(super) fn new(n_columns: usize) -> Self {
        Self::holding(MOST_HELD, n_columns)
    }

    fn holding(most_held: usize, n_columns: usize) -> Self {
        let columns = std::iter::repeat_with(|| Values::Held(Hashes::default())).take(n_columns);
        Self { columns: columns.collect(), n_held: 0, most_held, keys: RandomState::new() }
    }

    /// Adds a value to the column `column`.
    pub(super) fn add(&mut self, column: usize, value: &str) {
        let Some(Values::Held(hashes)) = self.columns.get_mut(column) else { return };
        if !hashes.insert(self.keys.hash_one(value)) {
            return;
        }
        self.n_held += 1;
        if self.n_held > self.most_held {
            self.give_back();
        }
    }

    /// Different values of the column `column`.
    pub(super) fn count(&self, column: usize) -> Distinct {
        match self.columns.get(column) {
            Some(Values::Held(hashes)) => Distinct::Exactly(hashes.len() as u64),
            Some(Values::MoreThan(n)) => Distinct::MoreThan(*n),
            None => Distinct::default(),
        }
    }

    /// Stops counting the fullest column, and those at least half as full: few rounds suffice.
    fn give_back(&mut self) {
        let fullest = self.columns.iter().map(Values::n_held).max().unwrap_or(0);
        for values in &mut self.columns {
            let n_held = values.n_held();
            if n_held * 2 >= fullest.max(1) {
                *values = Values::MoreThan(n_held as u64);
                self.n_held -= n_held;
            }
        }
    }
}

impl Values {
    fn n_held(&self) -> usize {
        match self {
            Self::Held(hashes) => hashes.len(),
            Self::MoreThan(_) => 0,
        }
    }
}

/// A hash of a number that is a hash itself.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_columns_give_way() {
        let mut values = DistinctValues::holding(100, 4);
        for i in 0..1000 {
            values.add(0, &i.to_string());
            values.add(1, &(i / 2).to_string());
            values.add(2, &(i % 7).to_string());
            assert!(values.columns.iter().map(Values::n_held).sum::<usize>() <= 100);
        }
        assert_eq!(values.count(0), Distinct::MoreThan(63));
        assert_eq!(values.count(1), Distinct::MoreThan(94));
        assert_eq!(values.count(2), Distinct::Exactly(7));
        assert_eq!(values.count(3), Distinct::Exactly(0));
    }

    #[test]
    fn equal_columns_stop_together() {
        let mut values = DistinctValues::holding(1 << 10, 1 << 10);
        for i in 0..10 {
            (0..1 << 10).for_each(|column| values.add(column, &i.to_string()));
        }
        assert_eq!(values.n_held, 0);
    }
}
