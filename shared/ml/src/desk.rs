//! Memory of a thread for one block of rows after the other, and numbers on their way there.

use std::{array, cell::Cell, ops::Range};

use millwright_tensor::{
    Column, Datatype, Rows,
    cpu::{Loop, vectorised},
};

use crate::steps::NumericSteps;

/// What a thread keeps at most, in bytes: a block of 64 rows with 784 numbers is within it.
const KEPT: usize = 256 << 10;

thread_local! {
    static DESK: Cell<Desk> = const { Cell::new(Desk::EMPTY) };
}

/// What lies there while a block of rows is answered.
#[derive(Default)]
pub(crate) struct Desk {
    /// Numbers of the rows without their means, row-major.
    pub(crate) numbers: Vec<f32>,
    /// (rows, outputs), row-major.
    pub(crate) logits: Vec<f32>,
    pub(crate) exponentials: Vec<f64>,
}

impl Desk {
    const EMPTY: Self = Self { numbers: vec![], logits: vec![], exponentials: vec![] };

    /// Calls `work` with the desk of this thread: memory that was just used is near, where an
    /// allocator's is far and would be cleared.
    pub(crate) fn borrow<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut desk = DESK.take();
        let outcome = work(&mut desk);
        if desk.bytes() <= KEPT {
            DESK.set(desk);
        }
        outcome
    }

    fn bytes(&self) -> usize {
        let singles = self.numbers.capacity() + self.logits.capacity();
        singles * size_of::<f32>() + self.exponentials.capacity() * size_of::<f64>()
    }

    /// Lays the numbers of `rows` out, imputed and without their means; tells row and column of the
    /// first that is no number in 32 bits.
    pub(crate) fn centre(&mut self, steps: &NumericSteps, rows: &Rows) -> Option<(usize, usize)> {
        let width = steps.means.len();
        // What was there is written over: the inputs of a row hold as many numbers.
        self.numbers.resize(rows.len() * width, 0.0);
        let mut first = 0;
        for column in rows.columns() {
            let Column::Fixed { datatype, width: own, data } = column else { continue };
            let has_gaps = column.has_nan();
            let part = Part { steps, width, columns: first..first + own, has_gaps };
            match datatype {
                Datatype::Fp64 => part.fill(&mut self.numbers, data, f64::from_le_bytes),
                _ => part.fill(&mut self.numbers, data, |bytes| f32::from_le_bytes(bytes).into()),
            }
            first += own;
        }
        first_infinite(&self.numbers).map(|at| (at / width, at % width))
    }
}

/// Where numbers of one input go among all numbers of a row, `width` in all.
struct Part<'a> {
    steps: &'a NumericSteps,
    width: usize,
    columns: Range<usize>,
    /// Whether a number is missing: looking for one takes less time than filling in for none.
    has_gaps: bool,
}

impl Part<'_> {
    /// Widens, imputes and centres the numbers of `data` in one pass; `S` is their size.
    fn fill<const S: usize>(&self, into: &mut [f32], data: &[u8], widen: impl Fn([u8; S]) -> f64) {
        let data = data.as_chunks::<S>().0;
        match self.has_gaps {
            true => vectorised(Fill::<S, true, _> { part: self, into, data, widen }),
            false => vectorised(Fill::<S, false, _> { part: self, into, data, widen }),
        }
    }
}

/// The numbers of one input, on their way into all numbers of their rows; `GAPS`: some are missing.
struct Fill<'a, const S: usize, const GAPS: bool, F> {
    part: &'a Part<'a>,
    into: &'a mut [f32],
    data: &'a [[u8; S]],
    widen: F,
}

/// Columns that go down the rows together: what was fitted to them stays in registers. Read again for
/// each row, it may wait for numbers just written whose addresses end alike (measured: twice the time).
const STRIP: usize = 16;

impl<const S: usize, const GAPS: bool, F: Fn([u8; S]) -> f64> Loop for Fill<'_, S, GAPS, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { part: Part { steps, width, columns, .. }, into, data, widen } = self;
        for first in columns.clone().step_by(STRIP) {
            let strip = first..columns.end.min(first + STRIP);
            let (mut medians, mut means) = ([0.0; STRIP], [0.0; STRIP]);
            medians[..strip.len()].copy_from_slice(&steps.medians[strip.clone()]);
            means[..strip.len()].copy_from_slice(&steps.means[strip.clone()]);
            let given = strip.start - columns.start..strip.end - columns.start;
            for (into, row) in into.chunks_exact_mut(*width).zip(data.chunks_exact(columns.len())) {
                let (into, row) = (&mut into[strip.clone()], &row[given.clone()]);
                let centred = |j: usize, bytes: [u8; S]| match GAPS {
                    true => NumericSteps::centre(widen(bytes), medians[j], means[j]),
                    false => NumericSteps::less_mean(widen(bytes), means[j]),
                };
                match (into.first_chunk_mut::<STRIP>(), row.first_chunk::<STRIP>()) {
                    (Some(into), Some(row)) => *into = array::from_fn(|j| centred(j, row[j])),
                    _ => (0..row.len()).for_each(|j| into[j] = centred(j, row[j])),
                }
            }
        }
    }
}

/// Position of the first that is infinite or no number.
pub(crate) fn first_infinite(values: &[f32]) -> Option<usize> {
    vectorised(FirstInfinite(values))
}

struct FirstInfinite<'a>(&'a [f32]);

impl Loop for FirstInfinite<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run(self) -> Option<usize> {
        // Without its sign, a number's bits have its order: one pass of whole vectors that finds none.
        let magnitudes = self.0.iter().map(|value| value.abs().to_bits());
        if magnitudes.fold(0, u32::max) < f32::INFINITY.to_bits() {
            return None;
        }
        self.0.iter().position(|value| !value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_loses_its_own_mean_wherever_strips_end() {
        let widths = [vec![1], vec![15], vec![STRIP], vec![17, 3], vec![2, 40, 1]];
        for (widths, gaps) in widths.iter().flat_map(|widths| [(widths, 5), (widths, usize::MAX)]) {
            let width = widths.iter().sum::<usize>();
            let fitted = |seed: f64| (0..width).map(|j| seed * j as f64).collect::<Vec<_>>();
            let steps = NumericSteps { medians: fitted(0.5), means: fitted(0.25) };
            let value = |row: usize, j: usize| {
                if (row + j) % gaps == 4 { f64::NAN } else { j as f64 }
            };
            let mut first = 0;
            let columns = widths.iter().map(|own| {
                let cells = (0..3).flat_map(|row| (first..first + own).map(move |j| (row, j)));
                let values = cells.map(|(row, j)| value(row, j)).collect::<Vec<_>>();
                first += own;
                Column::fp64(*own, &values)
            });
            let rows = Rows::new(3, columns).expect("three rows");
            let mut desk = Desk { numbers: vec![f32::NAN; 999], ..Desk::default() };
            assert_eq!(desk.centre(&steps, &rows), None);
            let wanted = (0..3).flat_map(|row| (0..width).map(move |j| (row, j)));
            let wanted = wanted.map(|(row, j)| steps.centred(j, value(row, j)));
            assert_eq!(desk.numbers, wanted.collect::<Vec<_>>(), "{widths:?}");
        }
    }

    #[test]
    fn a_thread_keeps_small_desks_alone() {
        let capacity = || Desk::borrow(|desk| desk.numbers.capacity());
        Desk::borrow(|desk| desk.numbers.resize(100, 0.0));
        assert!(capacity() >= 100);
        Desk::borrow(|desk| desk.numbers.resize(KEPT, 0.0));
        assert_eq!(capacity(), 0);
    }
}
