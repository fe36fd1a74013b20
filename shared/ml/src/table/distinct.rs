//! How many different values columns hold, counted in bounded memory.

use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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
    /// Keys of the hash, and which columns still count.
    keys: RandomState,
    counts: Arc<[AtomicBool]>,
}

/// The different values of a few rows, in the order in which they were first seen.
///
/// Those of a column that counts no further may be left out.
#[derive(Clone)]
pub(super) struct SomeValues {
    keys: RandomState,
    counts: Arc<[AtomicBool]>,
    seen: HashSet<Value, BuildHasherDefault<Hashed>>,
    in_order: Vec<Value>,
}

/// A column, and the hash of a value.
type Value = (usize, u64);
type Hashes = HashSet<u64, BuildHasherDefault<Hashed>>;

enum Values {
    Held(Hashes),
    MoreThan(u64),
}

impl SomeValues {
    /// Adds a value to the column `column`.
    pub(super) fn add(&mut self, column: usize, value: &str) {
        // Whoever sees this late has hashed in vain, and changes nothing.
        if !self.counts.get(column).is_some_and(|counts| counts.load(Ordering::Relaxed)) {
            return;
        }
        let value = (column, self.keys.hash_one(value));
        if self.seen.insert(value) {
            self.in_order.push(value);
        }
    }
}

impl DistinctValues {
    pub(super) fn new(n_columns: usize) -> Self {
        Self::holding(MOST_HELD, n_columns)
    }

    fn holding(most_held: usize, n_columns: usize) -> Self {
        let columns = std::iter::repeat_with(|| Values::Held(Hashes::default())).take(n_columns);
        let counts = std::iter::repeat_with(|| AtomicBool::new(true)).take(n_columns);
        Self {
            columns: columns.collect(),
            n_held: 0,
            most_held,
            keys: RandomState::new(),
            counts: counts.collect(),
        }
    }

    /// For values that are counted here later.
    pub(super) fn some(&self) -> SomeValues {
        let (keys, counts) = (self.keys.clone(), self.counts.clone());
        SomeValues { keys, counts, seen: HashSet::default(), in_order: Vec::new() }
    }

    /// Adds the values of the rows that follow.
    ///
    /// Values that come again change nothing: what is held, and when it is too much, is what it is
    /// where rows come one by one.
    pub(super) fn take(&mut self, values: SomeValues) {
        for (column, hash) in values.in_order {
            let Some(Values::Held(hashes)) = self.columns.get_mut(column) else { continue };
            if !hashes.insert(hash) {
                continue;
            }
            self.n_held += 1;
            if self.n_held > self.most_held {
                self.give_back();
            }
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
        for (values, counts) in self.columns.iter_mut().zip(&*self.counts) {
            let n_held = values.n_held();
            if n_held * 2 >= fullest.max(1) {
                *values = Values::MoreThan(n_held as u64);
                counts.store(false, Ordering::Relaxed);
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

/// A hash of a number that is a hash itself, and of a column before it.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_usize(&mut self, column: usize) {
        self.0 = column as u64;
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = self.0.rotate_left(32) ^ hash;
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
        // However many rows come together: most_rows 1 is a row at a time.
        for most_rows in [1, 3, 50, 1000] {
            the_fullest_of_three_give_way(most_rows);
        }
    }

    fn the_fullest_of_three_give_way(most_rows: usize) {
        let mut values = DistinctValues::holding(100, 4);
        let rows = (0..1000).collect::<Vec<_>>();
        for rows in rows.chunks(most_rows) {
            let mut some = values.some();
            for i in rows {
                some.add(0, &i.to_string());
                some.add(1, &(i / 2).to_string());
                some.add(2, &(i % 7).to_string());
            }
            values.take(some);
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
            let mut some = values.some();
            (0..1 << 10).for_each(|column| some.add(column, &i.to_string()));
            values.take(some);
        }
        assert_eq!(values.n_held, 0);
    }
}
