//! Freed memory, in a program that allocates as the shipped one does.
#![cfg(target_os = "linux")]

use std::fs;

use millwright_chassis::memory::give_back;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MIB: usize = 1 << 20;

fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a figure");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

#[test]
fn what_was_freed_is_given_back() {
    let before = resident();
    let pieces = (0..256).map(|i| vec![i as u8 | 1; MIB / 2]).collect::<Vec<_>>();
    let full = resident();
    assert!(full >= before + 120 * MIB, "{before} then {full}");
    drop(pieces);
    give_back();
    let after = resident();
    assert!(after <= before + 16 * MIB, "{before} then {full} then {after}");
}
