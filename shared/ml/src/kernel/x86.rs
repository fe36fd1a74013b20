//! The vectors of x86-64.
//!
//! Written with intrinsics: the compiler's own vectors of the same loop, allowed the same
//! instructions, reached half the speed (74 of 156 GFLOP/s, a tile of 8 by 32 over 256 inputs).

#![allow(unsafe_code, reason = "intrinsics; the compiler's own vectors are half as fast")]

use std::arch::x86_64::*;

use super::{
    lanes::{Doubles, Lanes},
    panels::{LANES, Lane},
};

/// One register. Made and used only by what is compiled for `avx512f`.
#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

/// Two registers. Made and used only by what is compiled for `avx2` and `fma`.
#[derive(Clone, Copy)]
pub(super) struct Avx2([__m256; 2]);

/// Asks for the line of the cache in which `at` lies, which may be anywhere.
#[inline(always)]
pub(super) fn prefetch<T>(at: *const T) {
    // SAFETY: every x86-64 has the instruction, and an address that is not there is left.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
}

/// The lanes that `n` numbers fill, as a mask.
#[inline(always)]
fn first(n: usize) -> u16 {
    ((1_u32 << n.min(LANES)) - 1) as u16
}

// SAFETY of all below: who calls is compiled for the instructions, as said above, and was called
// since the CPU has them. Whole lanes are read through a reference; of what may be shorter, a mask
// keeps to the length.
impl Lanes for Avx512 {
    #[inline(always)]
    fn load(lane: &Lane) -> Self {
        // SAFETY: as above; a lane is aligned to 64 bytes.
        Self(unsafe { _mm512_load_ps(lane.0.as_ptr()) })
    }

    #[inline(always)]
    fn prefetch(lane: *const Lane) {
        prefetch(lane);
    }

    #[inline(always)]
    fn load_some(from: &[f32]) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_maskz_loadu_ps(first(from.len()), from.as_ptr()) })
    }

    #[inline(always)]
    fn store_some(self, into: &mut [f32]) {
        // SAFETY: as above.
        unsafe { _mm512_mask_storeu_ps(into.as_mut_ptr(), first(into.len()), self.0) }
    }

    #[inline(always)]
    fn add_product(self, x: f32, weights: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_fmadd_ps(_mm512_set1_ps(x), weights.0, self.0) })
    }
}

impl Lanes for Avx2 {
    #[inline(always)]
    fn load(lane: &Lane) -> Self {
        let (halves, _) = lane.0.as_chunks::<8>();
        // SAFETY: as above; both halves of a lane are aligned to 32 bytes.
        Self(unsafe { [_mm256_load_ps(halves[0].as_ptr()), _mm256_load_ps(halves[1].as_ptr())] })
    }

    #[inline(always)]
    fn prefetch(lane: *const Lane) {
        prefetch(lane);
    }

    #[inline(always)]
    fn load_some(from: &[f32]) -> Self {
        let Some(whole) = from.first_chunk::<LANES>() else { return Self::load(&Lane::of(from)) };
        // SAFETY: as above.
        Self(unsafe { [_mm256_loadu_ps(whole.as_ptr()), _mm256_loadu_ps(whole[8..].as_ptr())] })
    }

    /// Without masks, with which some CPUs store ten times as slowly.
    #[inline(always)]
    fn store_some(self, into: &mut [f32]) {
        let mut lane = Lane::of(&[]);
        let whole = into.first_chunk_mut::<LANES>();
        let is_whole = whole.is_some();
        let (low, high) = whole.unwrap_or(&mut lane.0).split_at_mut(8);
        // SAFETY: as above.
        unsafe {
            _mm256_storeu_ps(low.as_mut_ptr(), self.0[0]);
            _mm256_storeu_ps(high.as_mut_ptr(), self.0[1]);
        }
        if !is_whole {
            into.copy_from_slice(&lane.0[..into.len()]);
        }
    }

    #[inline(always)]
    fn add_product(self, x: f32, weights: Self) -> Self {
        let ([low, high], weights) = (self.0, weights.0);
        // SAFETY: as above.
        Self(unsafe {
            let x = _mm256_set1_ps(x);
            [_mm256_fmadd_ps(x, weights[0], low), _mm256_fmadd_ps(x, weights[1], high)]
        })
    }
}

/// One register. Made and used only by what is compiled for `avx2` and `fma`.
#[derive(Clone, Copy)]
pub(super) struct Avx2Doubles(__m256d);

impl Doubles for Avx2Doubles {
    #[inline(always)]
    fn load(from: &[f64; 4]) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_loadu_pd(from.as_ptr()) })
    }

    #[inline(always)]
    fn store(self) -> [f64; 4] {
        let mut into = [0.0; 4];
        // SAFETY: as above.
        unsafe { _mm256_storeu_pd(into.as_mut_ptr(), self.0) };
        into
    }

    #[inline(always)]
    fn add_product(self, x: f64, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_fmadd_pd(_mm256_set1_pd(x), y.0, self.0) })
    }
}
