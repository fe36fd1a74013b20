//! Which instructions compute a product.

#![allow(unsafe_code, reason = "what is compiled for more instructions than any CPU has is called")]

use millwright_tensor::cpu::{Instructions, Set};

#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx2Doubles, Avx512};
use super::{
    lanes::{Doubles, Portable},
    product::Product,
};

/// As [`Loop`](millwright_tensor::cpu::Loop), where the compiler does not find the vectors by itself.
pub(crate) trait DoublesLoop {
    /// Marked as [`Loop::run`](millwright_tensor::cpu::Loop::run).
    fn run<D: Doubles>(self);
}

/// Runs `work` with the widest registers of this CPU that hold four numbers.
pub(crate) fn with_doubles(work: impl DoublesLoop) {
    match Instructions::best().set() {
        Set::Portable => work.run::<[f64; 4]>(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the set was found on this CPU; AVX-512 is none without AVX2.
        Set::Avx2 | Set::Avx512 => unsafe { run_doubles_avx2(work) },
    }
}

/// Computes `out` (rows, outputs) with `instructions`.
pub(super) fn compute(instructions: Instructions, product: Product<'_>, out: &mut [f32]) {
    match instructions.set() {
        Set::Portable => product.compute::<Portable, 4, 1>(out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the set was found on this CPU.
        Set::Avx2 => unsafe { avx2(product, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the set was found on this CPU.
        Set::Avx512 => unsafe { avx512(product, out) },
    }
}

/// Tiles of 6 rows by one panel: 12 of 16 registers hold sums.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(product: Product<'_>, out: &mut [f32]) {
    product.compute::<Avx2, 6, 1>(out);
}

/// Tiles of 8 rows by three panels: 24 of 32 registers hold sums (a tenth above two panels).
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512(product: Product<'_>, out: &mut [f32]) {
    product.compute::<Avx512, 8, 3>(out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_doubles_avx2(work: impl DoublesLoop) {
    work.run::<Avx2Doubles>();
}
