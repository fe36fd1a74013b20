//! Weights as the kernel reads them.

use std::ops::Range;

use super::pages;

/// Outputs side by side that are computed together.
pub(super) const LANES: usize = 16;

/// Sixteen numbers, which never straddle two lines of a cache: a load that does costs twice.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Lane(pub(super) [f32; LANES]);

impl Lane {
    /// At most [`LANES`] numbers, and zeros.
    pub(super) fn of(numbers: &[f32]) -> Self {
        let mut lane = [0.0; LANES];
        lane[..numbers.len()].copy_from_slice(numbers);
        Self(lane)
    }
}

/// Asks memory for `numbers`, which are read soon.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn prefetch(numbers: &[f32]) {
    let lines = numbers.chunks(LANES).map(<[f32]>::as_ptr);
    lines.chain(numbers.last().map(std::ptr::from_ref)).for_each(super::x86::prefetch);
}

/// Reads them when they are read.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn prefetch(_numbers: &[f32]) {}

/// The weights of a layer, cut into panels of [`LANES`] columns. A panel holds one lane an input,
/// in order, so that it is read from front to back; the last is filled up with zeros.
pub(super) struct Panels {
    lanes: Vec<Lane>,
    inputs: usize,
}

impl Panels {
    /// Lays `weights` (inputs, outputs), row-major, out anew; there is one output at least.
    pub(super) fn of(weights: &[f32], outputs: usize) -> Self {
        let inputs = weights.len() / outputs;
        let mut lanes = pages::huge(inputs * outputs.div_ceil(LANES));
        for first in (0..outputs).step_by(LANES) {
            let columns = first..outputs.min(first + LANES);
            lanes.extend(weights.chunks_exact(outputs).map(|row| Lane::of(&row[columns.clone()])));
        }
        Self { lanes, inputs }
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The lanes of `panel` for the inputs in `range`.
    #[inline(always)]
    pub(super) fn lanes(&self, panel: usize, range: &Range<usize>) -> &[Lane] {
        let first = panel * self.inputs;
        &self.lanes[first + range.start..first + range.end]
    }
}
