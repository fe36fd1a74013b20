//! Median imputation and standardisation.

use millwright_domain::Scale;
use rayon::prelude::*;

use super::median::{Sample, Selected, Selection};
use crate::{TrainError, design::Design, logistic::Ask};

/// What serving needs of both steps: one median and one mean a column.
///
/// The scale is not here: it is folded into the head's weights when a version is made.
#[derive(Debug, Default)]
pub(crate) struct NumericSteps {
    pub(crate) medians: Vec<f64>,
    pub(crate) means: Vec<f64>,
}

impl NumericSteps {
    /// Column `j` of a row without its mean, as training and serving alike round it.
    ///
    /// A missing value is the median. The mean is subtracted before the value is rounded to 32
    /// bits, so that a pressure of 101,325 ± 50 keeps its digits.
    pub(crate) fn centred(&self, j: usize, value: f64) -> f32 {
        Self::centre(value, self.medians[j], self.means[j])
    }

    /// One value of a column with that median and that mean.
    #[inline(always)]
    pub(crate) fn centre(value: f64, median: f64, mean: f64) -> f32 {
        Self::less_mean(if value.is_nan() { median } else { value }, mean)
    }

    /// The same where the value is not missing.
    #[inline(always)]
    pub(crate) fn less_mean(value: f64, mean: f64) -> f32 {
        (value - mean) as f32
    }
}

/// Both steps and what was learnt beside them.
///
/// Columns lose their mean where they keep their scale too, which changes no prediction of an
/// estimator with a free intercept; a reduction that wants the means adds them.
#[derive(Debug)]
pub(crate) struct FittedNumbers {
    pub(crate) steps: NumericSteps,
    /// What every value is divided by.
    pub(crate) scales: Vec<f64>,
    /// Smallest and largest training value of each column.
    pub(crate) ranges: Vec<(f64, f64)>,
    pub(crate) constant: Vec<usize>,
    pub(crate) imputed: u64,
}

/// What makes a column useless.
#[derive(Debug, PartialEq)]
pub(crate) enum ColumnFault {
    /// No training row has a value.
    AllMissing(usize),
    /// The values lie too far apart for a mean, a scale or 32 bits.
    TooLarge(usize),
}

impl FittedNumbers {
    /// Learns from `raw`, whose features are numbers alone, in which NaN is missing.
    ///
    /// The inner error names a column by its position.
    pub(crate) fn fit(
        raw: &dyn Design,
        scale: Scale,
        ask: Ask<'_>,
    ) -> Result<Result<Self, ColumnFault>, TrainError> {
        let mut columns = vec![Column::one_of(raw.n_features()); raw.n_features()];
        for_each(raw, &mut columns, ask, Column::see)?;
        if let Some(j) = columns.iter().position(|column| column.present == 0) {
            return Ok(Err(ColumnFault::AllMissing(j)));
        }
        find_medians(raw, &mut columns, ask)?;
        let n = raw.n_rows() as f64;
        for_each(raw, &mut columns, ask, |column, values| column.add_to_mean(values, n))?;
        for_each(raw, &mut columns, ask, |column, values| column.add_to_rest(values, n))?;
        for_each(raw, &mut columns, ask, Column::add_squares)?;
        let imputed = columns.iter().map(|column| raw.n_rows() as u64 - column.present).sum();
        Ok(Self::of(&columns, raw.n_rows(), scale).map(|fitted| Self { imputed, ..fitted }))
    }

    fn of(columns: &[Column], n: usize, scale: Scale) -> Result<Self, ColumnFault> {
        let mut fitted = Self {
            steps: NumericSteps::default(),
            scales: Vec::with_capacity(columns.len()),
            ranges: columns.iter().map(|column| column.range).collect(),
            constant: Vec::new(),
            imputed: 0,
        };
        for (j, column) in columns.iter().enumerate() {
            let (mean, deviation) = column.moments(n);
            let constant = is_rounding(deviation, mean, n);
            if constant {
                fitted.constant.push(j);
            }
            let as_they_are = constant || scale == Scale::None;
            fitted.scales.push(if as_they_are { 1.0 } else { deviation });
            fitted.steps.medians.push(column.median);
            fitted.steps.means.push(mean);
            let ends = [column.range.0, column.range.1].map(|end| fitted.standardised(j, end));
            if !(mean.is_finite() && deviation.is_finite() && ends.iter().all(|v| v.is_finite())) {
                return Err(ColumnFault::TooLarge(j));
            }
        }
        Ok(fitted)
    }

    /// Column `j` of a row after both steps.
    pub(crate) fn standardised(&self, j: usize, value: f64) -> f64 {
        f64::from(self.steps.centred(j, value)) / self.scales[j]
    }

    /// All columns of a row after both steps.
    pub(crate) fn standardise(&self, row: &mut [f64]) {
        let NumericSteps { medians, means } = &self.steps;
        let columns = medians.iter().zip(means).zip(&self.scales);
        for (value, ((median, mean), scale)) in row.iter_mut().zip(columns) {
            *value = f64::from(NumericSteps::centre(*value, *median, *mean)) / scale;
        }
    }
}

/// What the passes over one column have found so far.
#[derive(Clone, Debug)]
struct Column {
    present: u64,
    range: (f64, f64),
    sample: Sample,
    median: f64,
    /// The mean but for rounding, and what rounding left of it.
    rough: f64,
    rest: f64,
    squares: f64,
}

impl Column {
    fn one_of(n_columns: usize) -> Self {
        let (range, sample) = ((f64::INFINITY, f64::NEG_INFINITY), Sample::new(n_columns));
        Self { present: 0, range, sample, median: 0.0, rough: 0.0, rest: 0.0, squares: 0.0 }
    }

    fn see(&mut self, values: &[f64]) {
        self.sample.take(values);
        for value in values.iter().filter(|value| !value.is_nan()) {
            self.present += 1;
            self.range = (self.range.0.min(*value), self.range.1.max(*value));
        }
    }

    fn add_to_mean(&mut self, values: &[f64], n: f64) {
        imputed(values, self.median).for_each(|value| self.rough += value / n);
    }

    fn add_to_rest(&mut self, values: &[f64], n: f64) {
        imputed(values, self.median).for_each(|value| self.rest += (value - self.rough) / n);
    }

    /// In units of the largest deviation, whose square might leave the range of numbers.
    fn add_squares(&mut self, values: &[f64]) {
        let (mean, largest) = (self.mean(), self.largest_deviation());
        let squares = imputed(values, self.median).map(|v| ((v - mean) / largest).powi(2));
        squares.for_each(|square| self.squares += square);
    }

    fn mean(&self) -> f64 {
        self.rough + self.rest
    }

    fn largest_deviation(&self) -> f64 {
        let mean = self.mean();
        (self.range.0 - mean).abs().max((self.range.1 - mean).abs())
    }

    /// Mean and root of the population variance of `n` values.
    fn moments(&self, n: usize) -> (f64, f64) {
        if self.range.0 == self.range.1 {
            return (self.median, 0.0);
        }
        (self.mean(), self.largest_deviation() * (self.squares / n as f64).sqrt())
    }
}

fn imputed(values: &[f64], median: f64) -> impl Iterator<Item = f64> + '_ {
    values.iter().map(move |value| if value.is_nan() { median } else { *value })
}

/// Columns that are gathered together: numbers of a row that share a line of the cache.
const TILE: usize = 8;
/// Rows that are gathered together, so that all of them stay in the nearest cache.
const ROWS: usize = 256;

/// Numbers of some columns of some rows, column by column.
type Gathered = [[f64; ROWS]; TILE];

/// Calls `visit` with every column of every chunk, some rows at a time, in the order of the rows.
fn for_each<T: Send>(
    raw: &dyn Design,
    columns: &mut [T],
    ask: Ask<'_>,
    visit: impl Fn(&mut T, &[f64]) + Sync,
) -> Result<(), TrainError> {
    let width = columns.len();
    // Each thread has columns of its own; what is added up in them does not depend on others.
    let share = width.div_ceil(rayon::current_num_threads()).next_multiple_of(TILE);
    for i in 0..raw.n_chunks() {
        ask()?;
        let chunk = raw.chunk(i)?;
        let Some(numbers) = chunk.features.numbers().and_then(|x| x.as_slice()) else { continue };
        columns.par_chunks_mut(share).enumerate().for_each(|(task, columns)| {
            let mut gathered = [[0.0; ROWS]; TILE];
            for rows in numbers.chunks(ROWS * width) {
                for (tile, columns) in columns.chunks_mut(TILE).enumerate() {
                    let from = task * share + tile * TILE;
                    let rows = rows.chunks_exact(width).map(|r| &r[from..from + columns.len()]);
                    let n = gather(rows, &mut gathered);
                    let values = gathered.iter().map(|values| &values[..n]);
                    columns.iter_mut().zip(values).for_each(|(column, v)| visit(column, v));
                }
            }
        });
    }
    Ok(())
}

/// Puts the columns of `rows` one after the other, and says how many rows there were.
fn gather<'a>(rows: impl Iterator<Item = &'a [f64]>, into: &mut Gathered) -> usize {
    let mut n = 0;
    for (i, row) in rows.take(ROWS).enumerate() {
        match row.first_chunk::<TILE>() {
            // Of a length that is known, no more than moves are left.
            Some(row) => into.iter_mut().zip(row).for_each(|(column, value)| column[i] = *value),
            None => into.iter_mut().zip(row).for_each(|(column, value)| column[i] = *value),
        }
        n = i + 1;
    }
    n
}

/// As numpy has it: of an even number of values, the mean of the middle two.
fn find_medians(raw: &dyn Design, columns: &mut [Column], ask: Ask<'_>) -> Result<(), TrainError> {
    let n_columns = columns.len();
    let mut median = |column: &mut Column| {
        let sample = std::mem::replace(&mut column.sample, Sample::new(0));
        Selection::median(column.present, n_columns, sample)
    };
    let mut upper = columns.iter_mut().map(&mut median).collect::<Vec<_>>();
    while upper.iter().any(Selection::counts) {
        for_each(raw, &mut upper, ask, Selection::count)?;
        upper.iter_mut().for_each(Selection::end_pass);
    }
    for_each(raw, &mut upper, ask, Selection::gather)?;
    for (column, upper) in columns.iter_mut().zip(upper) {
        let Selected { value, n_smaller, before } = upper.finish();
        let half = column.present / 2;
        let are_two = column.present.is_multiple_of(2) && n_smaller == half;
        column.median = if are_two { before.midpoint(value) } else { value };
    }
    Ok(())
}

/// Whether a deviation is no more than rounding makes of `n` equal values.
///
/// The rule of scikit-learn's `StandardScaler`, var ≤ n·ε·var + (n·mean·ε)², with its root taken:
/// squares might leave the range of numbers.
fn is_rounding(deviation: f64, mean: f64, n: usize) -> bool {
    let rounding = n as f64 * f64::EPSILON;
    deviation * (1.0 - rounding).sqrt() <= rounding * mean.abs()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::design::{Rows, Scratch, Width};

    fn fitted(raw: &Array2<f64>, scale: Scale) -> Result<FittedNumbers, ColumnFault> {
        let scratch = Scratch::new(&std::env::temp_dir(), 1 << 20);
        let mut rows = Rows::new(Width { terms: 0, numbers: raw.ncols() }, &scratch);
        for row in raw.rows() {
            rows.push(&[], &row.to_vec(), 0).expect("memory is enough");
        }
        let design = rows.finish().expect("memory is enough");
        FittedNumbers::fit(&design, scale, &mut || Ok(())).expect("memory is enough")
    }

    #[test]
    fn gaps_take_the_median_and_constant_columns_stay() {
        let raw = array![[1.0, 7.0], [f64::NAN, 7.0], [2.0, 7.0], [9.0, 7.0], [4.0, 7.0]];
        let fitted = fitted(&raw, Scale::Standard).expect("each column has a value");
        assert_eq!((fitted.steps.medians[0], fitted.imputed), (3.0, 1));
        assert_eq!((fitted.steps.means[0], fitted.ranges[0]), (3.8, (1.0, 9.0)));
        assert_eq!((fitted.constant.as_slice(), fitted.scales[1]), (&[1][..], 1.0));
        assert_eq!(fitted.standardised(1, 7.0), 0.0);
    }

    #[test]
    fn medians_are_those_of_numpy() {
        for (column, median) in [
            (vec![2.0, 1.0], 1.5),
            (vec![3.0, 1.0, 2.0], 2.0),
            (vec![5.0, 5.0, 1.0, 5.0], 5.0),
            (vec![1.0, 1.0, 5.0, 5.0], 3.0),
            (vec![-1.0, f64::NAN, 1.0, 4.0, f64::NAN, -8.0], 0.0),
            (vec![0.0, -0.0], 0.0),
            (vec![7.0], 7.0),
        ] {
            let raw = Array2::from_shape_vec((column.len(), 1), column.clone()).expect("a column");
            let fitted = fitted(&raw, Scale::Standard).expect("a column of numbers");
            assert_eq!(fitted.steps.medians, [median], "{column:?}");
        }
    }

    #[test]
    fn what_rounding_alone_tells_apart_is_constant() {
        let raw = array![[0.3, 1e-30], [0.1 + 0.2, 2e-30], [0.3, 1e-30]];
        let fitted = fitted(&raw, Scale::Standard).expect("columns of numbers");
        assert_eq!(fitted.constant, [0], "small numbers that differ are none");
        assert_eq!(fitted.scales[0], 1.0);
        assert!(raw.column(0).iter().all(|value| fitted.standardised(0, *value).abs() < 1e-15));
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let raw = Array2::from_shape_fn((1000, 1), |(i, _)| 1.7e9 + (i % 2) as f64);
        let standard = fitted(&raw, Scale::Standard).expect("a column of numbers");
        assert_eq!((standard.steps.means[0], standard.scales[0]), (1.7e9 + 0.5, 0.5));
        let kept = fitted(&raw, Scale::None).expect("a column of numbers");
        assert_eq!((kept.scales[0], kept.standardised(0, 1.7e9)), (1.0, -0.5));
    }

    #[test]
    fn useless_columns_are_named() {
        let missing = array![[1.0, f64::NAN], [2.0, f64::NAN]];
        assert_eq!(fitted(&missing, Scale::Standard).err(), Some(ColumnFault::AllMissing(1)));
        let large = array![[1e300], [-1e300]];
        assert_eq!(fitted(&large, Scale::None).err(), Some(ColumnFault::TooLarge(0)));
    }
}
