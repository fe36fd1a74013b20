//! Loops that are compiled for the widest vectors of this CPU.

#![allow(unsafe_code, reason = "what is compiled for more instructions than any CPU has is called")]

/// A loop. All that it calls must be inlined, `run` by `inline(always)`: what is not is compiled for
/// any CPU.
pub(crate) trait Loop {
    /// Runs it.
    fn run(self);
}

/// Runs a loop, compiled for the widest vectors that this CPU has.
///
/// No bit of a result depends on them: each operation rounds by itself wherever it is done, and none
/// are joined or put in another order. A `mul_add` rounds once on every CPU, and is slow on those that
/// have no instruction for it.
#[inline]
pub(crate) fn widest(work: impl Loop) {
    #[cfg(target_arch = "x86_64")]
    {
        let has_fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        if has_fma && is_x86_feature_detected!("avx512f") {
            // SAFETY: the CPU has them.
            return unsafe { avx512(work) };
        }
        if has_fma {
            // SAFETY: the CPU has them.
            return unsafe { avx2(work) };
        }
    }
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(work: impl Loop) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn avx512(work: impl Loop) {
    work.run();
}
