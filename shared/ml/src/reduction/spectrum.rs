//! Eigenvalues and eigenvectors of a scatter matrix, and how many of them are kept.

use ndarray::Array2;

use super::{
    Kept, MOST_BYTES, Wanted,
    scatter::{LANES, Panel, Scatter},
};
use crate::{TrainError, logistic::Ask};

/// As much of a spectrum as was found.
pub(super) struct Spectrum {
    pub(super) values: Values,
    pub(super) vectors: Vectors,
}

/// Eigenvalues.
pub(super) struct Values {
    /// Descending.
    pub(super) eigen: Vec<f64>,
    /// Where the mean of the rows lies along each eigenvector, which takes of its variance.
    pub(super) off_centre: Vec<f64>,
}

/// Eigenvectors, a row each.
pub(super) enum Vectors {
    /// Over the features.
    OfFeatures(Array2<f64>),
    /// Over the rows.
    OfRows(Array2<f64>),
}

impl Values {
    /// How many components are kept of those that were found, up to the most that may be.
    pub(super) fn kept(&self, wanted: Wanted, scatter: &Scatter<'_>) -> Kept {
        let n = scatter.design.n_rows() as f64;
        let mut kept = Kept { n_components: 0, explained_variance: 0.0, is_enough: false };
        let most = wanted.most().min(self.rank(scatter));
        for (value, off_centre) in self.eigen.iter().zip(&self.off_centre).take(most) {
            let variance = value / n - off_centre * off_centre;
            kept.n_components += 1;
            kept.explained_variance += variance / scatter.moments.variance;
            kept.is_enough = match wanted {
                Wanted::Components(n) => kept.n_components == n,
                Wanted::Share(share) => kept.explained_variance > share,
            };
            if kept.is_enough {
                break;
            }
        }
        // Rounding may take all of them a little beyond all variance.
        kept.explained_variance = kept.explained_variance.min(1.0);
        kept
    }

    /// Eigenvalues that are more than rounding.
    fn rank(&self, scatter: &Scatter<'_>) -> usize {
        let size = scatter.design.n_rows().max(scatter.design.n_features());
        let least = self.eigen.first().map_or(0.0, |most| most * size as f64 * f64::EPSILON);
        self.eigen.iter().take_while(|value| **value > least).count()
    }
}

impl Spectrum {
    /// The first `n` eigenvectors over the features, (features, `n`) and row-major.
    pub(super) fn loadings(
        &self,
        scatter: &Scatter<'_>,
        n: usize,
        ask: Ask<'_>,
    ) -> Result<Vec<f64>, TrainError> {
        let d = scatter.shift.len();
        // Twice, since vectors that were found side by side are put into rows.
        if 2 * size_of::<f64>() * d.saturating_mul(n) > MOST_BYTES {
            return Err(TrainError::ReductionTooLarge { n_features: d, limit: MOST_BYTES });
        }
        let mut loadings = vec![0.0; d * n];
        match &self.vectors {
            Vectors::OfFeatures(vectors) => {
                for (c, vector) in vectors.rows().into_iter().take(n).enumerate() {
                    let column = loadings.iter_mut().skip(c).step_by(n);
                    column.zip(vector).for_each(|(loading, value)| *loading = *value);
                }
            }
            Vectors::OfRows(vectors) => {
                let panels = scatter.map_rows(&panels(vectors, n), ask)?;
                for (j, row) in loadings.chunks_exact_mut(n).enumerate() {
                    let values = panels.iter().flat_map(|panel| panel[j]);
                    row.iter_mut().zip(values).for_each(|(loading, value)| *loading = value);
                }
            }
        }
        (0..n).for_each(|c| normalise(&mut loadings, n, c));
        Ok(loadings)
    }
}

/// The first `n` of `vectors`, side by side.
fn panels(vectors: &Array2<f64>, n: usize) -> Vec<Panel> {
    let entry = |c: usize, i: usize| if c < n { vectors[(c, i)] } else { 0.0 };
    let panel = |first: usize| {
        let lanes = |i| std::array::from_fn(|lane| entry(first + lane, i));
        (0..vectors.ncols()).map(lanes).collect()
    };
    (0..n).step_by(LANES).map(panel).collect()
}

/// Makes column `c` of `n` one of length 1 whose largest entry is positive; of entries as large the
/// first counts.
fn normalise(columns: &mut [f64], n: usize, c: usize) {
    let column = || columns.iter().skip(c).step_by(n);
    let norm = column().map(|value| value * value).sum::<f64>().sqrt();
    let largest = column().fold(0.0, |most: f64, v| if v.abs() > most.abs() { *v } else { most });
    let factor = largest.signum() / norm;
    columns.iter_mut().skip(c).step_by(n).for_each(|value| *value *= factor);
}
