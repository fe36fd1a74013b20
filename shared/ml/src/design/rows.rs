//! Rows to chunks.

use super::{Chunk, ChunkStore, Features, Scratch, Width};
use crate::{TrainError, steps::Compressed};

/// Numbers of a chunk, and its terms: 8 MiB and some 24 MiB.
const MOST_NUMBERS: usize = 1 << 20;
const MOST_TERMS: usize = 1 << 20;
/// Rows of a chunk: the more, the less a pass over all costs beside the arithmetic, and the more
/// memory two of them take.
const ROWS: (usize, usize) = (64, 8192);

/// Takes rows one by one and cuts them into chunks.
///
/// Where it cuts depends on the rows alone, never on memory or threads.
pub(crate) struct Rows {
    width: Width,
    /// Rows of a chunk, at most.
    most: usize,
    terms: Compressed,
    n_terms: usize,
    numbers: Vec<f64>,
    labels: Vec<u32>,
    store: ChunkStore,
}

impl Rows {
    pub(crate) fn new(width: Width, scratch: &Scratch) -> Self {
        let most = (MOST_NUMBERS / width.numbers.max(1)).clamp(ROWS.0, ROWS.1);
        let (terms, numbers, labels) = (Compressed::default(), Vec::new(), Vec::new());
        Self {
            width,
            most,
            terms,
            n_terms: 0,
            numbers,
            labels,
            store: ChunkStore::new(width, scratch),
        }
    }

    /// Adds a row of class `label`: its `terms`, features ascending, and all of its `numbers`.
    ///
    /// # Errors
    /// [`TrainError::Scratch`] if there is no room for it.
    pub(crate) fn push(
        &mut self,
        terms: &[(u32, f32)],
        numbers: &[f64],
        label: u32,
    ) -> Result<(), TrainError> {
        debug_assert_eq!(numbers.len(), self.width.numbers);
        if self.labels.is_empty() {
            // What is not touched takes no memory, and growing would copy what is.
            self.numbers.reserve_exact(self.most * self.width.numbers);
        }
        self.terms.push(terms.iter().copied());
        self.n_terms += terms.len();
        self.numbers.extend_from_slice(numbers);
        self.labels.push(label);
        if self.labels.len() >= self.most || self.n_terms >= MOST_TERMS {
            self.cut()
        } else {
            Ok(())
        }
    }

    /// All rows so far.
    ///
    /// # Errors
    /// [`TrainError::Scratch`] if there is no room for the last of them.
    pub(crate) fn finish(mut self) -> Result<ChunkStore, TrainError> {
        self.cut()?;
        Ok(self.store)
    }

    fn cut(&mut self) -> Result<(), TrainError> {
        if self.labels.is_empty() {
            return Ok(());
        }
        let (labels, terms) = (std::mem::take(&mut self.labels), std::mem::take(&mut self.terms));
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.shrink_to_fit();
        self.n_terms = 0;
        let features = Features::new(self.width, labels.len(), terms, numbers);
        Ok(self.store.push(Chunk { features, labels })?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::design::Design;

    fn chunks(width: Width, terms: usize, n: usize) -> Vec<usize> {
        let mut rows = Rows::new(width, &Scratch::new(Path::new("nowhere"), usize::MAX));
        let terms = (0..terms as u32).map(|term| (term, 1.0)).collect::<Vec<_>>();
        for _ in 0..n {
            rows.push(&terms, &vec![0.0; width.numbers], 0).expect("memory is enough");
        }
        let store = rows.finish().expect("memory is enough");
        assert_eq!(store.n_rows(), n);
        (0..store.n_chunks()).map(|i| store.chunk_rows(i)).collect()
    }

    #[test]
    fn chunks_are_bounded_by_rows_and_by_what_these_hold() {
        assert_eq!(chunks(Width { terms: 0, numbers: 2 }, 0, 20_000), [8192, 8192, 3616]);
        assert_eq!(chunks(Width { terms: 0, numbers: 1 << 12 }, 0, 300), [256, 44]);
        assert_eq!(chunks(Width { terms: 0, numbers: 1 << 16 }, 0, 65), [64, 1]);
        assert_eq!(chunks(Width { terms: 1 << 17, numbers: 1 }, 1 << 17, 10), [8, 2]);
        assert!(chunks(Width { terms: 3, numbers: 0 }, 0, 0).is_empty());
    }

    #[test]
    fn memory_comes_back_when_chunks_are_dropped() {
        let scratch = Scratch::new(Path::new("nowhere"), 1000);
        for _ in 0..3 {
            let mut rows = Rows::new(Width { terms: 0, numbers: 100 }, &scratch);
            rows.push(&[], &[0.0; 100], 0).expect("memory is enough");
            rows.finish().expect("memory is enough, and there is no folder");
        }
    }
}
