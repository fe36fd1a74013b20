//! Which instructions compute a product.

#![allow(unsafe_code, reason = "what is compiled for more instructions than any CPU has is called")]

#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx2Doubles, Avx512};
use super::{
    lanes::{Doubles, Portable},
    product::Product,
};

/// Instructions that this CPU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instructions(Set);

/// A loop over numbers that is compiled for each set of instructions, so that it takes whole registers
/// of those. It rounds the same on all of them, since no product is joined with a sum unasked.
pub(crate) trait Loop {
    type Output;

    /// Marked `#[inline(always)]`, as all that it calls: what is not inlined is compiled for any CPU.
    fn run(self) -> Self::Output;
}

/// The same, where the compiler does not find the vectors by itself.
pub(crate) trait DoublesLoop {
    /// Marked as [`Loop::run`].
    fn run<D: Doubles>(self);
}

/// Runs `work` with the widest registers of this CPU that hold four numbers.
pub(crate) fn with_doubles(work: impl DoublesLoop) {
    match Instructions::best().0 {
        Set::Portable => work.run::<[f64; 4]>(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the set was found on this CPU; AVX-512 is none without AVX2.
        Set::Avx2 | Set::Avx512 => unsafe { run_doubles_avx2(work) },
    }
}

/// Runs `work` as compiled for the best instructions of this CPU.
pub(crate) fn vectorised<L: Loop>(work: L) -> L::Output {
    Instructions::best().run(work)
}

/// What `work` gives as compiled for each set of instructions of this CPU.
#[cfg(test)]
pub(crate) fn vectorised_each<L: Loop>(work: impl Fn() -> L) -> Vec<L::Output> {
    Instructions::available().into_iter().map(|set| set.run(work())).collect()
}

/// Private, so that a set is only asked for once it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Instructions {
    pub(super) const PORTABLE: Self = Self(Set::Portable);

    /// AVX2 with fused multiply-add, where the CPU has both.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn avx2() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        has.then_some(Self(Set::Avx2))
    }

    /// AVX-512, where the CPU has it.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn avx512() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(Set::Avx512))
    }

    /// The quickest of this CPU.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn best() -> Self {
        Self::avx512().or_else(Self::avx2).unwrap_or(Self::PORTABLE)
    }

    /// The quickest of this CPU.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn best() -> Self {
        Self::PORTABLE
    }

    fn run<L: Loop>(self, work: L) -> L::Output {
        match self.0 {
            Set::Portable => work.run(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the set was found on this CPU.
            Set::Avx2 => unsafe { run_avx2(work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the set was found on this CPU.
            Set::Avx512 => unsafe { run_avx512(work) },
        }
    }

    /// All sets of this CPU.
    #[cfg(test)]
    pub(super) fn available() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let vectors = [Self::avx2(), Self::avx512()];
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = [];
        std::iter::once(Self::PORTABLE).chain(vectors.into_iter().flatten()).collect()
    }

    /// Computes `out` (rows, outputs).
    pub(super) fn compute(self, product: Product<'_>, out: &mut [f32]) {
        match self.0 {
            Set::Portable => product.compute::<Portable, 4, 1>(out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the set was found on this CPU.
            Set::Avx2 => unsafe { avx2(product, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the set was found on this CPU.
            Set::Avx512 => unsafe { avx512(product, out) },
        }
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
fn run_avx2<L: Loop>(work: L) -> L::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn run_avx512<L: Loop>(work: L) -> L::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_doubles_avx2(work: impl DoublesLoop) {
    work.run::<Avx2Doubles>();
}
