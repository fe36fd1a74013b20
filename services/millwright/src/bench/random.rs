//! Elements drawn at random, the same for a seed on every machine.

use millwright_tensor::Datatype;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// Words of a text.
const WORDS: u64 = 8;
const SYLLABLES: [&str; 12] =
    ["ba", "cor", "del", "fi", "gan", "lo", "mer", "no", "pul", "ri", "sa", "tur"];

/// Draws elements.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    pub(super) fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Appends one element as it travels raw: a number in [0, 1), an integer below 100, a text of
    /// words of no language.
    pub(super) fn push(&mut self, datatype: Datatype, to: &mut Vec<u8>) {
        match datatype {
            Datatype::Bool => to.push(u8::from(self.below(2) == 1)),
            Datatype::Int8 | Datatype::Uint8 => to.push(self.below(100) as u8),
            Datatype::Int16 | Datatype::Uint16 => to.extend((self.below(100) as u16).to_le_bytes()),
            Datatype::Int32 | Datatype::Uint32 => to.extend((self.below(100) as u32).to_le_bytes()),
            Datatype::Int64 | Datatype::Uint64 => to.extend(self.below(100).to_le_bytes()),
            // Half to one: the exponent of a half, and any fraction.
            Datatype::Fp16 => to.extend((0x3800 | self.below(1 << 10) as u16).to_le_bytes()),
            // The upper half of a float of 32 bits.
            Datatype::Bf16 => to.extend(&(self.unit() as f32).to_le_bytes()[2..]),
            Datatype::Fp32 => to.extend((self.unit() as f32).to_le_bytes()),
            Datatype::Fp64 => to.extend(self.unit().to_le_bytes()),
            Datatype::Bytes => self.push_text(to),
        }
    }

    fn push_text(&mut self, to: &mut Vec<u8>) {
        let words: Vec<String> = (0..WORDS).map(|_| self.word()).collect();
        super::request::push_bytes(words.join(" ").as_bytes(), to);
    }

    fn word(&mut self) -> String {
        (0..2 + self.below(2)).map(|_| SYLLABLES[self.below(12) as usize]).collect()
    }

    /// Biased by less than 2⁻⁵⁰.
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    /// From 0 to below 1, in steps that a float of 32 bits has.
    fn unit(&mut self) -> f64 {
        self.below(1 << 24) as f64 / f64::from(1 << 24)
    }
}
