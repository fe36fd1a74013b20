//! Features times weights, block by block.

use std::ops::Range;

use super::{
    lanes::Lanes,
    panels::{LANES, Lane, Panels},
};

/// Rows and inputs of a block: its features (512 KiB) stay in the second cache while all panels pass,
/// and the part of a panel that meets them (32 KiB) near the first one while all rows do. With fewer
/// inputs, sums would be stored and loaded again more often, which costs more than a nearer cache
/// wins.
const ROWS: usize = 256;
const DEPTH: usize = 512;
/// Panels that a single row meets at once. It waits for memory, which likes to be asked for several
/// things; and each sum alone would wait for the one before.
const WIDE: usize = 4;
/// From so many outputs on, features are worth copying: rows that lie a multiple of 4 KiB apart
/// drive each other out of the first cache.
const WORTH_COPYING: usize = 256;

/// Lanes of a panel that a single row asks for ahead of their use: memory then gives a tenth more.
const AHEAD: usize = 16;
/// Inputs, as a power of two, after which several rows ask for one more lane of the next panels, at
/// most: memory would not keep up with more, and 64 rows that meet 64 MB of weights win a fifth.
const SLOWEST: u32 = 3;

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

/// Some rows of a block beside some panels.
struct Tile {
    rows: Range<usize>,
    panel: usize,
    ahead: Ahead,
}

/// What is asked for while a tile is computed: lanes `first` and on from those of its first input, one
/// more every `1 << pace` of its inputs before `until`.
///
/// Nothing is asked for behind the last lane: where no memory is, the processor looks for it in vain,
/// and a row of 64 inputs took 1.4 µs instead of 0.3 on an EPYC of the first generation.
#[derive(Clone, Copy)]
struct Ahead {
    first: usize,
    pace: u32,
    until: usize,
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

    /// Where in `out` a row meets a panel.
    #[inline(always)]
    fn part(&self, row: usize, panel: usize) -> Range<usize> {
        let (from, column) = (row * self.outputs, panel * LANES);
        from + column..from + self.outputs.min(column + LANES)
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
        let n = out.len() / self.product.outputs;
        let have_next = panel + 2 * P <= self.product.start.len();
        for (i, first) in (0..n).step_by(R).enumerate() {
            let ahead = match R {
                1 => self.near(),
                _ if have_next => self.ahead(P, i, n.div_ceil(R)),
                _ => Ahead::NOTHING,
            };
            let tile = Tile { rows: first..n, panel, ahead };
            match n - first {
                1 => self.tile::<V, 1, P>(tile, out),
                2..=4 => self.tile::<V, 4, P>(tile, out),
                _ => self.tile::<V, R, P>(tile, out),
            }
        }
    }

    /// The share of tile `i` of `tiles` in asking for the panels that follow its own, `panels` of them.
    #[inline(always)]
    fn ahead(&self, panels: usize, i: usize, tiles: usize) -> Ahead {
        let pace = tiles.ilog2().min(SLOWEST);
        if i >> pace > 0 {
            // The tiles before have asked for all of it.
            return Ahead::NOTHING;
        }
        let first = panels * self.product.panels.inputs() + i * (self.depth.len() >> pace);
        Ahead { first, pace, until: self.depth.len() }
    }

    /// For a single row: the lanes that it comes to soon.
    #[inline(always)]
    fn near(&self) -> Ahead {
        Ahead { first: AHEAD, pace: 0, until: self.depth.len().saturating_sub(AHEAD) }
    }

    /// Adds to the first `R` of the tile's rows beside `P` panels. Where there are fewer, the last one
    /// is computed again, and not stored.
    ///
    /// Loops, and no closures: these are not compiled for the instructions of their caller, so that
    /// each becomes a call, and a tile of 64 inputs took twice as long.
    #[inline(always)]
    fn tile<V: Lanes, const R: usize, const P: usize>(&self, tile: Tile, out: &mut [f32]) {
        let Tile { rows, panel, ahead } = tile;
        let mut features: [&[f32]; R] = [&[]; R];
        for (r, row) in features.iter_mut().enumerate() {
            let from = (rows.start + r).min(rows.end - 1) * self.stride;
            *row = &self.features[from..from + self.depth.len()];
        }
        let mut lanes: [&[Lane]; P] = [&[]; P];
        for (p, lanes) in lanes.iter_mut().enumerate() {
            *lanes = self.product.panels.lanes(panel + p, &self.depth);
        }
        let mut sums = [[V::load(&self.product.start[panel]); P]; R];
        for (r, sums) in sums.iter_mut().enumerate() {
            let row = (rows.start + r).min(rows.end - 1);
            for (p, sum) in sums.iter_mut().enumerate() {
                *sum = match self.depth.start {
                    0 => V::load(&self.product.start[panel + p]),
                    _ => V::load_some(&out[self.product.part(row, panel + p)]),
                };
            }
        }
        let sums = add_products((features, lanes), ahead, sums);
        // As many turns as there are sums, or these would have no registers.
        for (r, sums) in sums.iter().enumerate() {
            if r < rows.len() {
                for (p, sum) in sums.iter().enumerate() {
                    sum.store_some(&mut out[self.product.part(rows.start + r, panel + p)]);
                }
            }
        }
    }
}

impl Ahead {
    /// What is there already, or never will be.
    const NOTHING: Self = Self { first: 0, pace: 0, until: 0 };
}

/// `sums` and the products of `R` rows with `P` panels, input by input.
///
/// By value: behind a reference, what is optimised as a whole program stored all sums at each input,
/// and 31 rows through a perceptron reached 43 GFLOP/s instead of 105.
#[inline(always)]
fn add_products<V: Lanes, const R: usize, const P: usize>(
    (rows, panels): ([&[f32]; R], [&[Lane]; P]),
    ahead: Ahead,
    mut sums: [[V; P]; R],
) -> [[V; P]; R] {
    let depth = panels[0].len();
    // Said once, none of this is asked again at each input: 205 GFLOP/s instead of 160.
    for row in rows {
        assert!(row.len() == depth);
    }
    for panel in panels {
        assert!(panel.len() == depth);
    }
    // What asks for nothing does not look at each input whether it should.
    let until = ahead.until.min(depth);
    for i in 0..until {
        if i & ((1 << ahead.pace) - 1) == 0 {
            for panel in panels {
                V::prefetch(panel.as_ptr().wrapping_add(ahead.first + (i >> ahead.pace)));
            }
        }
        sums = add_input((rows, panels), i, sums);
    }
    for i in until..depth {
        sums = add_input((rows, panels), i, sums);
    }
    sums
}

/// `sums` and the products of input `i`.
#[inline(always)]
fn add_input<V: Lanes, const R: usize, const P: usize>(
    (rows, panels): ([&[f32]; R], [&[Lane]; P]),
    i: usize,
    mut sums: [[V; P]; R],
) -> [[V; P]; R] {
    let mut weights = [V::load(&panels[0][i]); P];
    for (panel, weights) in panels.iter().zip(&mut weights) {
        *weights = V::load(&panel[i]);
    }
    for (row, sums) in rows.iter().zip(&mut sums) {
        for (sum, weights) in sums.iter_mut().zip(weights) {
            *sum = sum.add_product(row[i], weights);
        }
    }
    sums
}
