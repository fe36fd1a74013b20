//! Sixteen sums in registers: what the instructions of a CPU do with a lane.

use super::panels::{LANES, Lane};

/// Sixteen numbers in registers.
///
/// All do the same to the bit, since a fused multiply-add rounds once wherever it is computed.
pub(super) trait Lanes: Copy {
    fn load(lane: &Lane) -> Self;

    /// Asks for what lies at `lane`, which may be anywhere.
    fn prefetch(_lane: *const Lane) {}

    /// The first numbers of `from`, at most sixteen, and zeros.
    fn load_some(from: &[f32]) -> Self;

    /// As many as `into` holds, at most sixteen.
    fn store_some(self, into: &mut [f32]);

    /// `x · weights + self`, each rounded once.
    fn add_product(self, x: f32, weights: Self) -> Self;
}

/// Four numbers of double precision in registers.
pub(crate) trait Doubles: Copy {
    fn load(from: &[f64; 4]) -> Self;

    fn store(self) -> [f64; 4];

    /// `x · y + self`, each rounded once.
    fn add_product(self, x: f64, y: Self) -> Self;
}

impl Doubles for [f64; 4] {
    #[inline(always)]
    fn load(from: &[f64; 4]) -> Self {
        *from
    }

    #[inline(always)]
    fn store(self) -> [f64; 4] {
        self
    }

    #[inline(always)]
    fn add_product(mut self, x: f64, y: Self) -> Self {
        for (sum, y) in self.iter_mut().zip(y) {
            *sum = x.mul_add(y, *sum);
        }
        self
    }
}

/// For any CPU; quick where it has a fused multiply-add and the compiler may count on it.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; LANES]);

impl Lanes for Portable {
    #[inline(always)]
    fn load(lane: &Lane) -> Self {
        Self(lane.0)
    }

    #[inline(always)]
    fn load_some(from: &[f32]) -> Self {
        Self(Lane::of(&from[..from.len().min(LANES)]).0)
    }

    #[inline(always)]
    fn store_some(self, into: &mut [f32]) {
        into.iter_mut().zip(self.0).for_each(|(into, sum)| *into = sum);
    }

    #[inline(always)]
    fn add_product(self, x: f32, weights: Self) -> Self {
        let mut sums = self.0;
        sums.iter_mut().zip(weights.0).for_each(|(sum, weight)| *sum = x.mul_add(weight, *sum));
        Self(sums)
    }
}
