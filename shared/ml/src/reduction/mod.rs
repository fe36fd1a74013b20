//! Fewer features, linear in the old ones: principal components and truncated SVD.
//!
//! Both are eigenvectors of the scatter matrix of the features, shifted by their means or not. It is
//! never made of shifted rows, which would be dense: the shift is worked in afterwards. Which of
//! three ways finds them depends on the sizes alone: the scatter matrix itself where features are
//! few, the products of the rows with each other where rows are few, and else a block Krylov space.

mod covariance;
mod eigen;
mod entries;
mod gram;
mod krylov;
mod moments;
mod scatter;
mod space;
mod spectrum;
#[cfg(test)]
mod tests;

use millwright_domain::{Keep, MOST_COMPONENTS, ReductionMethod, ReductionSpec, ReductionSummary};
use millwright_tensor::cpu::{Loop, vectorised};
use rayon::prelude::*;

use crate::{
    TrainError,
    design::{Chunk, ChunkStore, Design, Features, Rows, Scratch, Width},
    logistic::Ask,
};
use entries::for_each_in_row;
use moments::Moments;
use scatter::Scatter;
use spectrum::Spectrum;

/// Most rows or features whose products with each other are taken as one dense matrix.
const MOST_DENSE: usize = 1280;
/// Most memory that components, or what they are sought in, may take.
const MOST_BYTES: usize = 2 << 30;

/// Rows whose components one task computes; results do not depend on it.
const ROWS: usize = 64;

/// A fitted reduction: components are sums of features less their means.
///
/// Those of an SVD lose their means as well, once they are found: that changes no prediction of an
/// estimator with a free intercept, and lets it converge.
pub(crate) struct Reduction {
    /// (features, components), row-major.
    loadings: Vec<f64>,
    n_components: usize,
    /// What each feature loses before.
    means: Vec<f64>,
    explained_variance: f64,
}

/// What is reduced, and how.
pub(crate) struct Problem<'a> {
    pub(crate) spec: ReductionSpec,
    pub(crate) seed: u64,
    /// What the steps took from each number, the last features: an SVD of features as they are
    /// wants it back. Empty where the design has them as they are.
    pub(crate) means: &'a [f64],
}

impl Reduction {
    /// Finds the components of the rows of `design`.
    ///
    /// Those without variance beyond rounding are left out, even of a number that was asked for.
    /// Each has a sign that makes its largest loading positive, as in scikit-learn.
    pub(crate) fn fit(
        design: &dyn Design,
        problem: &Problem<'_>,
        ask: Ask<'_>,
    ) -> Result<Self, TrainError> {
        let (n_rows, n_features) = (design.n_rows(), design.n_features());
        let wanted = Wanted::new(problem.spec.keep, n_rows, n_features)?;
        let moments = Moments::of(design, ask)?;
        if moments.variance <= 0.0 {
            return Err(TrainError::NoVariance);
        }
        let shift = match problem.spec.method {
            ReductionMethod::Pca => moments.means.clone(),
            ReductionMethod::TruncatedSvd => negated(problem.means, n_features),
        };
        let scatter = Scatter { design, moments: &moments, shift: &shift };
        let (spectrum, kept) = find(&scatter, wanted, problem.seed, ask)?;
        let loadings = spectrum.loadings(&scatter, kept.n_components, ask)?;
        let (n_components, explained_variance) = (kept.n_components, kept.explained_variance);
        Ok(Self { loadings, n_components, means: moments.means, explained_variance })
    }

    pub(crate) fn summary(&self) -> ReductionSummary {
        let n_components = self.n_components as u32;
        ReductionSummary { n_components, explained_variance: self.explained_variance }
    }

    /// Components of the rows of `design`.
    pub(crate) fn transform(
        &self,
        design: &ChunkStore,
        scratch: &Scratch,
        ask: Ask<'_>,
    ) -> Result<ChunkStore, TrainError> {
        let width = Width { terms: 0, numbers: self.n_components };
        let mut rows = Rows::new(width, scratch);
        let origin = self.origin();
        for i in 0..design.n_chunks() {
            ask()?;
            let chunk = design.chunk(i)?;
            let components = self.components(&chunk, &origin);
            for (row, label) in components.chunks_exact(self.n_components).zip(&chunk.labels) {
                rows.push(&[], row, *label)?;
            }
        }
        rows.finish()
    }

    /// Components of a row whose features are all 0.
    fn origin(&self) -> Vec<f64> {
        let mut origin = vec![0.0; self.n_components];
        for (mean, loadings) in self.means.iter().zip(self.loadings.chunks_exact(origin.len())) {
            add(&mut origin, -mean, loadings);
        }
        origin
    }

    /// Components of a chunk, (rows, components).
    fn components(&self, chunk: &Chunk, origin: &[f64]) -> Vec<f64> {
        let k = self.n_components;
        let mut components = vec![0.0; chunk.n_rows() * k];
        components.par_chunks_mut(ROWS * k).enumerate().for_each(|(block, into)| {
            let (features, loadings) = (&chunk.features, &self.loadings);
            vectorised(Components { features, from: block * ROWS, loadings, origin, into });
        });
        components
    }

    /// Weights of features from `weights` of components, both (…, outputs) and row-major, and
    /// intercepts that make up for the means.
    pub(crate) fn fold(&self, weights: &[f64], mut intercept: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
        let outputs = intercept.len();
        let mut folded = vec![0.0; self.means.len() * outputs];
        let features = folded.chunks_exact_mut(outputs).zip(&self.means);
        let loadings = self.loadings.chunks_exact(self.n_components);
        for ((row, mean), loadings) in features.zip(loadings) {
            for (loading, weights) in loadings.iter().zip(weights.chunks_exact(outputs)) {
                add(row, *loading, weights);
            }
            add(&mut intercept, -mean, row);
        }
        (folded, intercept)
    }
}

/// Components of the rows from one on, (rows, components).
struct Components<'a> {
    features: &'a Features,
    from: usize,
    loadings: &'a [f64],
    origin: &'a [f64],
    into: &'a mut [f64],
}

impl Loop for Components<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let k = self.origin.len();
        for (row, i) in self.into.chunks_exact_mut(k).zip(self.from..) {
            row.copy_from_slice(self.origin);
            for_each_in_row(self.features, i, |j, x| {
                add(row, x, &self.loadings[j * k..(j + 1) * k]);
            });
        }
    }
}

/// `into += x · row`.
#[inline(always)]
fn add(into: &mut [f64], x: f64, row: &[f64]) {
    for (sum, value) in into.iter_mut().zip(row) {
        *sum += x * value;
    }
}

/// Nothing for all features but the last, whose means these are.
fn negated(means: &[f64], n_features: usize) -> Vec<f64> {
    let mut shift = vec![0.0; n_features];
    let numbers = shift[n_features - means.len()..].iter_mut().zip(means);
    numbers.for_each(|(shift, mean)| *shift = -mean);
    shift
}

/// How many components there may be, checked against the sizes.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Components(usize),
    Share(f64),
}

impl Wanted {
    fn new(keep: Keep, n_rows: usize, n_features: usize) -> Result<Self, TrainError> {
        let n_components = match keep {
            Keep::Components(n) => n as usize,
            Keep::Variance(share) => return Ok(Self::Share(share)),
        };
        if n_components > n_rows.min(n_features) {
            return Err(TrainError::TooManyComponents { n_components, n_rows, n_features });
        }
        Ok(Self::Components(n_components))
    }

    /// More than these are of no use.
    fn most(self) -> usize {
        match self {
            Self::Components(n) => n,
            Self::Share(_) => MOST_COMPONENTS as usize,
        }
    }
}

/// How many components are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kept {
    n_components: usize,
    explained_variance: f64,
    /// Whether they are what was asked for, and not merely all that were found.
    is_enough: bool,
}

impl Kept {
    /// Whether another search has found the same.
    fn is_like(&self, other: &Self) -> bool {
        let off = (self.explained_variance - other.explained_variance).abs();
        self.n_components == other.n_components && off < 1e-9
    }
}

/// Finds enough of the spectrum, and how much of it is kept.
fn find(
    scatter: &Scatter<'_>,
    wanted: Wanted,
    seed: u64,
    ask: Ask<'_>,
) -> Result<(Spectrum, Kept), TrainError> {
    let (n_rows, n_features) = (scatter.design.n_rows(), scatter.design.n_features());
    let (spectrum, kept) = if n_rows.min(n_features) > MOST_DENSE {
        krylov::find(scatter, wanted, seed, ask)?
    } else {
        let is_wide = n_rows < n_features;
        let way = if is_wide { gram::spectrum } else { covariance::spectrum };
        let spectrum = way(scatter, ask)?;
        let kept = spectrum.values.kept(wanted, scatter);
        (spectrum, kept)
    };
    // Where all components together fall short of a share, that is rounding.
    if !kept.is_enough && kept.n_components == wanted.most() {
        return Err(too_many(wanted));
    }
    Ok((spectrum, kept))
}

/// Refuses a share that takes more components than there may be.
fn too_many(wanted: Wanted) -> TrainError {
    let share = if let Wanted::Share(share) = wanted { share } else { 1.0 };
    TrainError::ShareTooLarge { share, limit: MOST_COMPONENTS }
}
