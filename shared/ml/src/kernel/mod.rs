//! The dense kernel: single-precision features times weights.
//!
//! Law: an output is one chain of fused multiply-adds, which begins with the intercept and takes the
//! inputs in ascending order. Each step rounds once, as IEEE 754 says, so that the bits depend on the
//! row and the weights alone: not on the rows beside it and their number, the tile that it falls
//! into, the thread, nor the instructions. Whoever cuts the inputs into blocks stores the sum and
//! loads it again, which is exact. What would break the law is a second sum for the same output, or a
//! product that is rounded before it is added.
//!
//! Weights are laid out in panels once ([`panels`]); a tile of some rows and a panel or more keeps
//! its sums in registers while all inputs pass ([`product`]). The loops are written once over the
//! sixteen sums of a lane, which each set of instructions has in registers of its own ([`lanes`]),
//! and are compiled for each set; the CPU decides which is called ([`instructions`]).

mod instructions;
mod lanes;
mod pages;
mod panels;
mod product;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::fmt;

use millwright_tensor::cpu::Instructions;

pub(crate) use instructions::{DoublesLoop, with_doubles};
pub(crate) use lanes::Doubles;
pub(crate) use panels::prefetch;
use panels::{LANES, Lane, Panels};
use product::Product;

/// A layer `features · weights + intercept`, laid out for the kernel: as large as the weights, where
/// outputs count as the next multiple of 16.
pub(crate) struct Dense {
    panels: Panels,
    intercept: Vec<Lane>,
    outputs: usize,
}

impl Dense {
    /// `weights` is (inputs, outputs), row-major, and `intercept` has one entry an output; there is
    /// one input and one output at least.
    pub(crate) fn new(weights: &[f32], intercept: &[f32]) -> Self {
        let outputs = intercept.len();
        let intercept = intercept.chunks(LANES).map(Lane::of).collect();
        Self { panels: Panels::of(weights, outputs), intercept, outputs }
    }

    /// Computes `out` (rows, outputs) of `features` (rows, inputs), both row-major and complete.
    ///
    /// # Panics
    /// If they are not.
    pub(crate) fn apply(&self, features: &[f32], out: &mut [f32]) {
        self.apply_by(Instructions::best(), features, out);
    }

    fn apply_by(&self, instructions: Instructions, features: &[f32], out: &mut [f32]) {
        let Self { panels, intercept, outputs } = self;
        let rows = out.len() / outputs;
        let is_whole = (features.len(), out.len()) == (rows * panels.inputs(), rows * outputs);
        assert!(is_whole, "features and outputs are of as many complete rows");
        let product = Product { features, panels, start: intercept, outputs: *outputs };
        instructions::compute(instructions, product, out);
    }
}

impl fmt::Debug for Dense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.panels.inputs(), self.outputs)
    }
}
