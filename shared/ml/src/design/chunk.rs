//! Some thousand rows.

use ndarray::Array2;

use crate::steps::{Compressed, Sparse};

/// Rows with their classes.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) features: Features,
    /// The class of each row.
    pub(crate) labels: Vec<u32>,
}

/// Features of a few rows.
#[derive(Clone, Debug)]
pub(crate) enum Features {
    /// (rows, features).
    Dense(Array2<f64>),
    /// Terms of texts.
    Sparse(Sparse),
    /// Terms of texts first, then (rows, numbers).
    Mixed(Sparse, Array2<f64>),
}

/// How many features there are of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Width {
    /// Terms of texts, most of which a row does not have.
    pub(crate) terms: usize,
    /// Numbers.
    pub(crate) numbers: usize,
}

impl Width {
    pub(crate) fn n_features(self) -> usize {
        self.terms + self.numbers
    }
}

impl Chunk {
    pub(crate) fn n_rows(&self) -> usize {
        self.labels.len()
    }

    /// Memory that it takes, roughly.
    pub(super) fn bytes(&self) -> usize {
        let (terms, numbers) = (self.features.terms(), self.features.numbers());
        let terms = terms.map_or(0, |terms| {
            // Each term by row and by column: an index and a value; and an offset for each lane.
            24 * terms.rows.n_values()
                + size_of::<usize>() * (terms.rows.len() + terms.columns.len())
        });
        terms
            + numbers.map_or(0, |numbers| size_of_val(numbers.as_slice().unwrap_or(&[])))
            + size_of_val(&*self.labels)
    }
}

impl Features {
    /// Rows of `terms` beside `numbers`, row-major; either is left out where it has no width.
    pub(crate) fn new(width: Width, n_rows: usize, terms: Compressed, numbers: Vec<f64>) -> Self {
        let numbers = Array2::from_shape_vec((n_rows, width.numbers), numbers)
            .expect("as many numbers as the shape has");
        match (width.terms, width.numbers) {
            (0, _) => Self::Dense(numbers),
            (n_terms, 0) => Self::Sparse(Sparse::new(terms, n_terms)),
            (n_terms, _) => Self::Mixed(Sparse::new(terms, n_terms), numbers),
        }
    }

    /// The terms, where there are any.
    pub(crate) fn terms(&self) -> Option<&Sparse> {
        match self {
            Self::Dense(_) => None,
            Self::Sparse(terms) | Self::Mixed(terms, _) => Some(terms),
        }
    }

    /// Features of the terms, which come before those of the numbers.
    pub(crate) fn n_terms(&self) -> usize {
        self.terms().map_or(0, |terms| terms.columns.len())
    }

    /// The numbers, row-major, where there are any.
    pub(crate) fn numbers_mut(&mut self) -> Option<&mut [f64]> {
        match self {
            Self::Sparse(_) => None,
            Self::Dense(numbers) | Self::Mixed(_, numbers) => numbers.as_slice_mut(),
        }
    }

    /// The numbers (rows, numbers), where there are any.
    pub(crate) fn numbers(&self) -> Option<&Array2<f64>> {
        match self {
            Self::Sparse(_) => None,
            Self::Dense(numbers) | Self::Mixed(_, numbers) => Some(numbers),
        }
    }
}
