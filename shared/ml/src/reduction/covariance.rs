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
    kernel::{Doubles, DoublesLoop, with_doubles},
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
    rows_of_sums.for_each(|(tile, sums)| with_doubles(Tiles { x, d, from: tile * HEIGHT, sums }));
}

/// The products of [`HEIGHT`] features, or fewer, with those from the same place on.
struct Tiles<'a> {
    x: &'a [f64],
    d: usize,
    from: usize,
    sums: &'a mut [f64],
}

impl DoublesLoop for Tiles<'_> {
    #[inline(always)]
    fn run<D: Doubles>(self) {
        let Self { x, d, from, sums } = self;
        for rows in x.chunks(ROWS * d) {
            for j in (from..d).step_by(WIDTH) {
                if d < WIDTH {
                    add_few(rows, (from, j), d, sums);
                } else {
                    add_tile::<D>(rows, (from, j), d, sums);
                }
            }
        }
    }
}

/// Adds to `sums`, which begin at feature `i`, the products with the [`WIDTH`] features from `j` on.
///
/// Where fewer are left, the tile begins before them, and what was added already is left out.
#[inline(always)]
fn add_tile<D: Doubles>(rows: &[f64], (i, j): (usize, usize), d: usize, sums: &mut [f64]) {
    let (top, left) = (i.min(d - HEIGHT), j.min(d - WIDTH));
    let mut tile = [[D::load(&[0.0; 4]); WIDTH / 4]; HEIGHT];
    for row in rows.chunks_exact(d) {
        let down = row[top..].first_chunk::<HEIGHT>().expect("a tile is within the row");
        let (across, _) = row[left..left + WIDTH].as_chunks::<4>();
        let across = [D::load(&across[0]), D::load(&across[1])];
        for (sums, x) in tile.iter_mut().zip(down) {
            for (sum, y) in sums.iter_mut().zip(across) {
                *sum = sum.add_product(*x, y);
            }
        }
    }
    for (sums, tile) in sums.chunks_exact_mut(d).zip(&tile[i - top..]) {
        let [low, high] = tile;
        let products = [low.store(), high.store()];
        for (sum, product) in sums[j..].iter_mut().zip(&products.as_flattened()[j - left..]) {
            *sum += product;
        }
    }
}

/// The same with all features from `j` on, one by one.
#[inline(always)]
fn add_few(rows: &[f64], (i, j): (usize, usize), d: usize, sums: &mut [f64]) {
    for (sums, i) in sums.chunks_exact_mut(d).zip(i..) {
        for (sum, j) in sums[j..].iter_mut().zip(j..) {
            *sum += rows.chunks_exact(d).fold(0.0, |sum, row| row[i].mul_add(row[j], sum));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sum_is_one_chain_wherever_tiles_end_and_with_any_instructions() {
        for d in [1, 5, WIDTH - 1, WIDTH, 9, 50] {
            let x = (0..300 * d).map(|i| (i * 7919 % 1009) as f64 / 1009.0).collect::<Vec<_>>();
            let of = |(i, j): (usize, usize)| {
                let rows = x.chunks(ROWS * d).map(|rows| {
                    rows.chunks_exact(d).fold(0.0, |sum, row| row[i].mul_add(row[j], sum))
                });
                rows.fold(0.0, |all, sum| all + sum)
            };
            let (mut found, mut portable) = (vec![0.0; d * d], vec![0.0; d * d]);
            add_narrow_products(&x, d, &mut found);
            for (tile, sums) in portable.chunks_mut(HEIGHT * d).enumerate() {
                Tiles { x: &x, d, from: tile * HEIGHT, sums }.run::<[f64; 4]>();
            }
            for at in (0..d).flat_map(|i| (i..d).map(move |j| (i, j))) {
                let wanted = of(at);
                let place = at.0 * d + at.1;
                assert_eq!((found[place], portable[place]), (wanted, wanted), "{at:?} of {d}");
            }
        }
    }
}
