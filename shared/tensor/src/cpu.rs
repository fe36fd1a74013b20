//! Loops over numbers, compiled for each set of instructions; the CPU decides which is called.

#![allow(unsafe_code, reason = "what is compiled for more instructions than any CPU has is called")]

/// Instructions that this CPU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instructions(Set);

/// Sets of instructions that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// What every CPU has.
    Portable,
    /// AVX2 with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512F, and what [`Avx2`](Self::Avx2) has.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// A loop over numbers that is compiled for each set of instructions, so that it takes whole registers
/// of those. It rounds the same on all of them, since no product is joined with a sum unasked.
pub trait Loop {
    /// What it gives.
    type Output;

    /// Marked `#[inline(always)]`, as all that it calls: what is not inlined is compiled for any CPU.
    fn run(self) -> Self::Output;
}

/// Runs `work` as compiled for the best instructions of this CPU.
pub fn vectorised<L: Loop>(work: L) -> L::Output {
    Instructions::best().run(work)
}

impl Instructions {
    /// What every CPU has.
    pub const PORTABLE: Self = Self(Set::Portable);

    /// AVX2 with fused multiply-add, where the CPU has both.
    #[cfg(target_arch = "x86_64")]
    pub fn avx2() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        has.then_some(Self(Set::Avx2))
    }

    /// AVX-512, where the CPU has it.
    #[cfg(target_arch = "x86_64")]
    pub fn avx512() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f");
        has.then_some(Self(Set::Avx512)).filter(|_| Self::avx2().is_some())
    }

    /// The quickest of this CPU.
    #[cfg(target_arch = "x86_64")]
    pub fn best() -> Self {
        Self::avx512().or_else(Self::avx2).unwrap_or(Self::PORTABLE)
    }

    /// The quickest of this CPU.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn best() -> Self {
        Self::PORTABLE
    }

    /// All sets of this CPU.
    pub fn available() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let vectors = [Self::avx2(), Self::avx512()];
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = [];
        std::iter::once(Self::PORTABLE).chain(vectors.into_iter().flatten()).collect()
    }

    /// Which set they are; it was found on this CPU.
    pub fn set(self) -> Set {
        self.0
    }

    /// Runs `work` as compiled for them.
    pub fn run<L: Loop>(self, work: L) -> L::Output {
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
