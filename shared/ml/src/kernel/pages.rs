//! Memory for weights, in pages of 2 MiB where the system has them.
//!
//! Measured: a layer of 2048 by 2048 for 64 rows gains a quarter, one row as much; with pages of
//! 4 KiB, each of 64 lanes waits for its address to be looked up.

#![allow(unsafe_code, reason = "advice to the system is a call that could be given any address")]

/// Bytes of such a page.
#[cfg(target_os = "linux")]
const HUGE: usize = 2 << 20;

/// Room for `n` entries.
pub(super) fn huge<T>(n: usize) -> Vec<T> {
    let memory = Vec::with_capacity(n);
    #[cfg(target_os = "linux")]
    advise(&memory);
    memory
}

/// Asks for huge pages below the whole ones of `memory`, before they are touched.
#[cfg(target_os = "linux")]
fn advise<T>(memory: &Vec<T>) {
    use rustix::mm::{Advice, madvise};

    let page = rustix::param::page_size();
    let from = (memory.as_ptr() as usize).next_multiple_of(page);
    let to = (memory.as_ptr() as usize + memory.capacity() * size_of::<T>()) / page * page;
    // Advice for a part of a mapping cuts it in two: of small layers, each would take from the system's
    // bounded number of mappings, and gain nothing.
    if to.saturating_sub(from) >= HUGE {
        let at = memory.as_ptr().wrapping_byte_add(from - memory.as_ptr() as usize);
        // SAFETY: these pages are the vector's; what they hold does not change. A system that does
        // not follow the advice answers with an error, which changes nothing but the speed.
        let _ = unsafe { madvise(at.cast_mut().cast(), to - from, Advice::LinuxHugepage) };
    }
}
