//! Features times weights, block by block.

use std::{array, ops::Range};

use super::{
    lanes::Lanes,
    panels::{LANES, Lane, Panels},
};

/// Rows and inputs of a block: its features (1 MiB) stay in the second cache while all panels pass,
/// and the part of three panels that meets them (192 KiB) while all rows do. With fewer inputs, sums
/// would be stored and loaded again more often, which costs more than a nearer cache wins.
const ROWS: usize = 256;
const DEPTH: usize = 1024;
/// Panels that a single row meets at once. It waits for memory, which likes to be asked for several
/// things; and each sum alone would wait for the one before.
const WIDE: usize = 4;
/// From so many outputs on, features are worth copying: rows that lie a multiple of 4 KiB apart
/// drive each other out of the first cache.
const WORTH_COPYING: usize = 256;

/// Lanes of a panel that a single row asks for ahead of their use: memory then gives a tenth more.
const AHEAD: usize = 16;

/// A product to compute.
#[derive(Clone, Copy)]
pub(super) struct Product<'a> {
    /// (rows, inputs), row-major.
    pub(super) features: &'a [f32],
    pub(super) panels: &'a Panels,
    /// What sums begin with, one lane a panel.
    pub(super) start: &'a [Lane],
    pub(super) outputs: usize,
}

/// Some rows and some inputs of a product.
struct Block<'a> {
    /// A row of features every `stride` numbers, of which the first belong to the block.
    features: &'a [f32],
    stride: usize,
    depth: Range<usize>,
    product: Product<'a>,
}

impl<'a> Product<'a> {
    /// Computes `out` (rows, outputs), `R` rows and `P` panels at a time.
    #[inline(always)]
    pub(super) fn compute<V: Lanes, const R: usize, const P: usize>(self, out: &mut [f32]) {
        let inputs = self.panels.inputs();
        let mut copied = Vec::new();
        let rows = self.features.chunks(ROWS * inputs);
        for (features, out) in rows.zip(out.chunks_mut(ROWS * self.outputs)) {
            for first in (0..inputs).step_by(DEPTH) {
                let depth = first..inputs.min(first + DEPTH);
                self.block(features, depth, &mut copied).add::<V, R, P>(out);
            }
        }
    }

    #[inline(always)]
    fn block<'b>(
        self,
        features: &'b [f32],
        depth: Range<usize>,
        copied: &'b mut Vec<f32>,
    ) -> Block<'b>
    where
        'a: 'b,
    {
        let inputs = self.panels.inputs();
        if self.outputs < WORTH_COPYING || features.len() == inputs {
            let features = &features[depth.start..];
            return Block { features, stride: inputs, depth, product: self };
        }
        copied.clear();
        // A line of the cache between rows, so that they do not fall onto each other.
        let stride = depth.len() + LANES;
        for row in features.chunks_exact(inputs) {
            copied.extend_from_slice(&row[depth.clone()]);
            copied.extend([0.0; LANES]);
        }
        Block { features: copied, stride, depth, product: self }
    }
}

impl Block<'_> {
    /// Adds the products of the block to `out`.
    #[inline(always)]
    fn add<V: Lanes, const R: usize, const P: usize>(&self, out: &mut [f32]) {
        if out.len() == self.product.outputs {
            return self.each_panel::<V, 1, WIDE>(out);
        }
        self.each_panel::<V, R, P>(out);
    }

    #[inline(always)]
    fn each_panel<V: Lanes, const R: usize, const P: usize>(&self, out: &mut [f32]) {
        let n = self.product.start.len();
        for panel in (0..n / P * P).step_by(P) {
            self.each_row::<V, R, P>(panel, out);
        }
        for panel in n / P * P..n {
            self.each_row::<V, R, 1>(panel, out);
        }
    }

    /// Goes down the rows beside `P` panels. The last rows make a smaller tile, so that few rows do
    /// not cost as much as many.
    #[inline(always)]
    fn each_row<V: Lanes, const R: usize, const P: usize>(&self, panel: usize, out: &mut [f32]) {
        let rows = out.len() / self.product.outputs;
        for first in (0..rows).step_by(R) {
            match rows - first {
                1 => self.tile::<V, 1, P>(first..rows, panel, out),
                2..=4 => self.tile::<V, 4, P>(first..rows, panel, out),
                _ => self.tile::<V, R, P>(first..rows, panel, out),
            }
        }
    }

    /// Adds to the first `R` of `rows` beside `P` panels. Where there are fewer, the last one is
    /// computed again, and not stored.
    #[inline(always)]
    fn tile<V: Lanes, const R: usize, const P: usize>(
        &self,
        rows: Range<usize>,
        panel: usize,
        out: &mut [f32],
    ) {
        let Product { panels, start, outputs, .. } = self.product;
        let row = |r: usize| (rows.start + r).min(rows.end - 1);
        let features = array::from_fn(|r| {
            let from = row(r) * self.stride;
            &self.features[from..from + self.depth.len()]
        });
        let lanes = array::from_fn(|p| panels.lanes(panel + p, &self.depth));
        let part = |r: usize, p: usize| {
            let (from, column) = (row(r) * outputs, (panel + p) * LANES);
            from + column..from + outputs.min(column + LANES)
        };
        let begin = |r: usize, p: usize| match self.depth.start {
            0 => V::load(&start[panel + p]),
            _ => V::load_some(&out[part(r, p)]),
        };
        let mut sums: [[V; P]; R] = array::from_fn(|r| array::from_fn(|p| begin(r, p)));
        add_products(features, lanes, &mut sums);
        for (r, sums) in sums.into_iter().enumerate().take(rows.len()) {
            let parts = sums.into_iter().enumerate();
            parts.for_each(|(p, sum)| sum.store_some(&mut out[part(r, p)]));
        }
    }
}

/// Adds the products of `R` rows with `P` panels, input by input.
#[inline(always)]
fn add_products<V: Lanes, const R: usize, const P: usize>(
    rows: [&[f32]; R],
    panels: [&[Lane]; P],
    sums: &mut [[V; P]; R],
) {
    let depth = panels[0].len();
    // Said once, none of this is asked again at each input: 205 GFLOP/s instead of 160.
    assert!(rows.iter().all(|row| row.len() == depth));
    assert!(panels.iter().all(|panel| panel.len() == depth));
    for i in 0..depth {
        let weights: [V; P] = array::from_fn(|p| V::load(&panels[p][i]));
        if R == 1 {
            panels.iter().for_each(|panel| V::prefetch(panel.as_ptr().wrapping_add(i + AHEAD)));
        }
        for (row, sums) in rows.iter().zip(&mut *sums) {
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = sum.add_product(row[i], weights);
            }
        }
    }
}
