//! Few features: the scatter matrix itself.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, linalg::general_mat_mul, s};
use rayon::prelude::*;

use super::{
    eigen::eigen,
    entries::{for_each_in_column, for_each_in_row},
    scatter::{Scatter, dot},
    spectrum::{Spectrum, Values, Vectors},
};
use crate::{
    TrainError,
    design::Features,
    kernel::{Loop, vectorised},
    logistic::Ask,
};

/// Features that one task takes; results do not depend on it.
const FEATURES: usize = 64;
/// Rows of so few features lie in memory as products need them: to put them in another order first,
/// as a general product does, costs several times what the product does.
const NARROW: usize = 128;
/// Features of a tile, whose sums stay in registers while rows pass.
const HEIGHT: usize = 6;
const WIDTH: usize = 8;
/// Rows whose products are one sum before it is added to those of the rows before: as many as stay
/// in a cache while all tiles take them.
const ROWS: usize = 256;

/// The whole spectrum.
pub(super) fn spectrum(scatter: &Scatter<'_>, ask: Ask<'_>) -> Result<Spectrum, TrainError> {
    let d = scatter.shift.len();
    let mut sums = vec![0.0; d * d];
    for i in 0..scatter.design.n_chunks() {
        ask()?;
        add_products(&scatter.design.chunk(i)?.features, d, &mut sums);
    }
    let mut matrix = Array2::from_shape_vec((d, d), sums).expect("its size is d × d");
    for i in 0..d {
        (0..i).for_each(|j| matrix[(i, j)] = matrix[(j, i)]);
    }
    let (n, means, shift) = (scatter.design.n_rows() as f64, &scatter.moments.means, scatter.shift);
    for ((i, j), sum) in matrix.indexed_iter_mut() {
        *sum -= n * (means[i] * shift[j] + shift[i] * (means[j] - shift[j]));
    }
    let found = eigen(matrix.view());
    let centre = scatter.centre();
    let off_centre = found.vectors.rows().into_iter().map(|v| dot(&v.to_vec(), &centre)).collect();
    let values = Values { eigen: found.values, off_centre };
    Ok(Spectrum { values, vectors: Vectors::OfFeatures(found.vectors) })
}

/// Adds the products of features with each other, each by row.
fn add_products(features: &Features, d: usize, sums: &mut [f64]) {
    if let Features::Dense(x) = features {
        return match x.as_slice() {
            Some(x) if d <= NARROW => add_narrow_products(x, d, sums),
            _ => add_wide_products(x.view(), sums),
        };
    }
    sums.par_chunks_exact_mut(d).enumerate().for_each(|(j, sums)| {
        for_each_in_column(features, j, |row, x| {
            for_each_in_row(features, row, |k, y| sums[k] += x * y);
        });
    });
}

fn add_wide_products(x: ArrayView2<'_, f64>, sums: &mut [f64]) {
    let d = x.ncols();
    sums.par_chunks_mut(FEATURES * d).enumerate().for_each(|(block, sums)| {
        let from = block * FEATURES;
        let columns = x.slice(s![.., from..from + sums.len() / d]);
        let sums = ArrayViewMut2::from_shape((columns.ncols(), d), sums);
        let mut sums = sums.expect("a block of whole rows");
        general_mat_mul(1.0, &columns.t(), &x, 1.0, &mut sums);
    });
}

/// The products on and right of the diagonal, of rows that lie one after the other.
///
/// Each sum is a chain of fused multiply-adds over [`ROWS`] rows, added to the chains before: as
/// `matrixmultiply` has it on a CPU with such instructions.
fn add_narrow_products(x: &[f64], d: usize, sums: &mut [f64]) {
    let rows_of_sums = sums.par_chunks_mut(HEIGHT * d).enumerate();
    rows_of_sums.for_each(|(tile, sums)| vectorised(Tiles { x, d, from: tile * HEIGHT, sums }));
}

/// The products of [`HEIGHT`] features, or fewer, with those from the same place on.
struct Tiles<'a> {
    x: &'a [f64],
    d: usize,
    from: usize,
    sums: &'a mut [f64],
}

impl Loop for Tiles<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, d, from, sums } = self;
        let rest = d - (d - from) % WIDTH;
        for rows in x.chunks(ROWS * d) {
            for j in (from..rest).step_by(WIDTH) {
                add_tile(rows, (from, j), d, sums);
            }
            add_rest(rows, (from, rest), d, sums);
        }
    }
}

/// Adds to `sums`, which begin at feature `i`, the products with the [`WIDTH`] features from `j` on.
#[inline(always)]
fn add_tile(rows: &[f64], (i, j): (usize, usize), d: usize, sums: &mut [f64]) {
    let height = sums.len() / d;
    let mut tile = [[0.0; WIDTH]; HEIGHT];
    for row in rows.chunks_exact(d) {
        let right = row[j..].first_chunk::<WIDTH>().expect("a tile is within the row");
        match row[i..].first_chunk::<HEIGHT>().filter(|_| height == HEIGHT) {
            Some(left) => add_outer(&mut tile, left, right),
            None => add_outer(&mut tile[..height], &row[i..i + height], right),
        }
    }
    for (sums, tile) in sums.chunks_exact_mut(d).zip(&tile) {
        sums[j..].iter_mut().zip(tile).for_each(|(sum, product)| *sum += product);
    }
}

#[inline(always)]
fn add_outer(tile: &mut [[f64; WIDTH]], left: &[f64], right: &[f64; WIDTH]) {
    for (sums, x) in tile.iter_mut().zip(left) {
        sums.iter_mut().zip(right).for_each(|(sum, y)| *sum = x.mul_add(*y, *sum));
    }
}

/// The same with all features from `j` on, fewer than [`WIDTH`].
#[inline(always)]
fn add_rest(rows: &[f64], (i, j): (usize, usize), d: usize, sums: &mut [f64]) {
    for (sums, i) in sums.chunks_exact_mut(d).zip(i..) {
        for (sum, j) in sums[j..].iter_mut().zip(j..) {
            *sum += rows.chunks_exact(d).fold(0.0, |sum, row| row[i].mul_add(row[j], sum));
        }
    }
}
