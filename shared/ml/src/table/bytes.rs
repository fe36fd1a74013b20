//! Eight bytes at a time, in one word.

/// The highest bit of each byte.
pub(super) const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// The highest bit of each byte of `word` that is `byte`, and no other bit.
#[inline]
pub(super) fn bytes_equal(word: u64, byte: u8) -> u64 {
    let off = word ^ u64::from_le_bytes([byte; 8]);
    // No sum carries into the next byte.
    !(((off & !HIGH) + !HIGH) | off | !HIGH)
}
