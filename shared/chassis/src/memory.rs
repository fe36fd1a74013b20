//! Memory that a process has freed and still holds.
#![allow(unsafe_code, reason = "the allocator is C")]

/// Gives the system back what this thread has freed, and what no thread holds any more.
///
/// The allocator keeps freed memory for the next who asks, which is right where requests come and go,
/// and not where a phase of a training leaves what the next has no use for. Nothing happens in a
/// program that does not allocate by mimalloc.
pub fn give_back() {
    // SAFETY: may be called at any time, on any thread.
    unsafe { libmimalloc_sys::mi_collect(true) }
}
