//! The scatter matrix, as a map from vectors to vectors.

use rayon::prelude::*;

use super::{entries::for_each_in_row, moments::Moments};
use crate::{
    TrainError,
    design::{Design, Features},
    logistic::Ask,
};

/// Vectors that are mapped together.
pub(super) const LANES: usize = 8;
/// A few vectors side by side: an entry for each feature, or for each row.
pub(super) type Panel = Vec<[f64; LANES]>;

/// The matrix Σ (x − s)(x − s)ᵀ over rows x, without being made.
#[derive(Clone, Copy)]
pub(super) struct Scatter<'a> {
    pub(super) design: &'a dyn Design,
    pub(super) moments: &'a Moments,
    /// s.
    pub(super) shift: &'a [f64],
}

impl Scatter<'_> {
    /// The images of `panels` over the features, in one pass over the rows.
    ///
    /// Each adds up by row in a task of its own, so that the number of threads changes nothing.
    pub(super) fn map(&self, panels: &[Panel], ask: Ask<'_>) -> Result<Vec<Panel>, TrainError> {
        let start = |panel| Image::new(panel, self.shift);
        let mut images = panels.iter().map(start).collect::<Vec<_>>();
        for i in 0..self.design.n_chunks() {
            ask()?;
            let chunk = self.design.chunk(i)?;
            images.par_iter_mut().for_each(|image| {
                (0..chunk.n_rows()).for_each(|row| image.add(&chunk.features, row));
            });
        }
        Ok(images.into_iter().map(|image| image.shifted(self.shift)).collect())
    }

    /// Σ (x − s) uᵀ over rows x, with an entry of `panels` each: vectors over the features.
    pub(super) fn map_rows(
        &self,
        panels: &[Panel],
        ask: Ask<'_>,
    ) -> Result<Vec<Panel>, TrainError> {
        let start = || (vec![[0.0; LANES]; self.shift.len()], [0.0; LANES]);
        let mut images = panels.iter().map(|panel| (panel, start())).collect::<Vec<_>>();
        let mut first = 0;
        for i in 0..self.design.n_chunks() {
            ask()?;
            let chunk = self.design.chunk(i)?;
            images.par_iter_mut().for_each(|(panel, (sums, total))| {
                for (row, values) in panel[first..first + chunk.n_rows()].iter().enumerate() {
                    for_each_in_row(&chunk.features, row, |j, x| add(&mut sums[j], x, values));
                    add(total, 1.0, values);
                }
            });
            first += chunk.n_rows();
        }
        let shifted = |(_, (mut sums, total)): (_, (Panel, [f64; LANES]))| {
            let rows = sums.iter_mut().zip(self.shift);
            rows.for_each(|(sums, shift)| add(sums, -shift, &total));
            sums
        };
        Ok(images.into_iter().map(shifted).collect())
    }

    /// (x − s) · v for each row x.
    pub(super) fn project(&self, v: &[f64], ask: Ask<'_>) -> Result<Vec<f64>, TrainError> {
        let origin = -dot(self.shift, v);
        let mut projected = Vec::with_capacity(self.design.n_rows());
        for i in 0..self.design.n_chunks() {
            ask()?;
            let chunk = self.design.chunk(i)?;
            for row in 0..chunk.n_rows() {
                let mut sum = origin;
                for_each_in_row(&chunk.features, row, |j, x| sum += x * v[j]);
                projected.push(sum);
            }
        }
        Ok(projected)
    }

    /// Sum of the eigenvalues.
    pub(super) fn trace(&self) -> f64 {
        let centre = self.centre();
        self.design.n_rows() as f64 * (self.moments.variance + dot(&centre, &centre))
    }

    /// Where the mean lies: mean − s.
    pub(super) fn centre(&self) -> Vec<f64> {
        self.moments.means.iter().zip(self.shift).map(|(mean, shift)| mean - shift).collect()
    }
}

/// What a panel is mapped to, so far.
struct Image<'a> {
    of: &'a Panel,
    /// −s · v.
    origin: [f64; LANES],
    /// Σ x (x − s)ᵀ v, and Σ (x − s)ᵀ v.
    sums: Panel,
    total: [f64; LANES],
}

impl<'a> Image<'a> {
    fn new(of: &'a Panel, shift: &[f64]) -> Self {
        let mut origin = [0.0; LANES];
        of.iter().zip(shift).for_each(|(v, shift)| add(&mut origin, -shift, v));
        Self { of, origin, sums: vec![[0.0; LANES]; of.len()], total: [0.0; LANES] }
    }

    fn add(&mut self, features: &Features, row: usize) {
        let mut projected = self.origin;
        for_each_in_row(features, row, |j, x| add(&mut projected, x, &self.of[j]));
        for_each_in_row(features, row, |j, x| add(&mut self.sums[j], x, &projected));
        add(&mut self.total, 1.0, &projected);
    }

    fn shifted(mut self, shift: &[f64]) -> Panel {
        let rows = self.sums.iter_mut().zip(shift);
        rows.for_each(|(sums, shift)| add(sums, -shift, &self.total));
        self.sums
    }
}

fn add(into: &mut [f64; LANES], x: f64, row: &[f64; LANES]) {
    for (sum, value) in into.iter_mut().zip(row) {
        *sum += x * value;
    }
}

/// Adds up by position.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
