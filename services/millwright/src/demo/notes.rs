//! Synthetic maintenance notes for the demo: nobody wrote them, no plant was harmed.
//!
//! The same bytes come out every time. They are meant to be as hard as real notes: abbreviations,
//! typing errors, two languages, words that several trades share, and labels that are sometimes
//! wrong, because people pick the wrong entry of a list.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::vocabulary::{ANYBODY, PLACES, TRADES, Trade, Words};

const SEED: u64 = 7401;
const N_NOTES: usize = 2000;

/// In percent, how often a note …
mod chance {
    /// … is in Chinese.
    pub(super) const CHINESE: u32 = 40;
    /// … names a part that could be anybody's.
    pub(super) const VAGUE_PART: u32 = 22;
    /// … describes a fault that could be anybody's.
    pub(super) const VAGUE_FAULT: u32 = 40;
    /// … says what was done.
    pub(super) const REPAIR: u32 = 55;
    /// … says so in words that could be anybody's.
    pub(super) const VAGUE_REPAIR: u32 = 50;
    /// … has a typing error.
    pub(super) const TYPO: u32 = 18;
    /// … was filed under a wrong trade.
    pub(super) const WRONG_LABEL: u32 = 4;
}

/// The notes as a CSV file with the columns `note`, `trade` and `origin`, which says `synthetic`.
pub(super) fn csv() -> String {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(SEED));
    let mut file = String::from("note,trade,origin\n");
    for _ in 0..N_NOTES {
        let trade = dice.trade();
        let note = note(trade, &mut dice);
        let filed = if dice.says(chance::WRONG_LABEL) { dice.trade() } else { trade };
        file.push_str(&format!("\"{note}\",{},synthetic\n", filed.label));
    }
    file
}

fn note(trade: &Trade, dice: &mut Dice) -> String {
    let chinese = dice.says(chance::CHINESE);
    let language = usize::from(chinese);
    let words = if chinese { &trade.chinese } else { &trade.english };
    let Words { parts, faults, repairs } = &ANYBODY[language];

    let part = dice.either(chance::VAGUE_PART, parts, words.parts);
    let fault = dice.either(chance::VAGUE_FAULT, faults, words.faults);
    let (between, before_repair) = if chinese { (" ", "，") } else { (" ", ", ") };
    let mut note = [dice.pick(PLACES[language]), part, fault].join(between);
    if dice.says(chance::REPAIR) {
        note.push_str(before_repair);
        note.push_str(dice.either(chance::VAGUE_REPAIR, repairs, words.repairs));
    }
    if dice.says(chance::TYPO) { typo(&note, dice) } else { note }
}

/// Two neighbouring characters swapped, or one lost.
fn typo(note: &str, dice: &mut Dice) -> String {
    let mut characters: Vec<char> = note.chars().collect();
    let at = dice.below(characters.len() - 1);
    if dice.says(50) {
        characters.swap(at, at + 1);
    } else {
        characters.remove(at);
    }
    characters.into_iter().collect()
}

struct Dice(ChaCha8Rng);

impl Dice {
    /// Below `n`, which is at least 1. The bias is at most n / 2³².
    fn below(&mut self, n: usize) -> usize {
        self.0.next_u32() as usize % n
    }

    fn says(&mut self, percent: u32) -> bool {
        self.0.next_u32() % 100 < percent
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    fn either(
        &mut self,
        percent: u32,
        often: &[&'static str],
        otherwise: &[&'static str],
    ) -> &'static str {
        if self.says(percent) { self.pick(often) } else { self.pick(otherwise) }
    }

    fn trade(&mut self) -> &'static Trade {
        let total: u32 = TRADES.iter().map(|trade| trade.weight).sum();
        let mut left = self.0.next_u32() % total;
        for trade in &TRADES {
            if left < trade.weight {
                return trade;
            }
            left -= trade.weight;
        }
        unreachable!("`left` was below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, io::Cursor};

    use millwright_domain::{Digest, FormatHints};
    use millwright_ml::CsvReader;

    use super::*;

    #[test]
    fn the_notes_are_the_same_bytes_each_time() {
        assert_eq!(Digest::of(csv().as_bytes()), Digest::of(csv().as_bytes()));
        // Written down when the generator was: who changes a word changes the demo's figures.
        assert_eq!(&Digest::of(csv().as_bytes()).hex()[..12], "47ba912b0b42");
    }

    #[test]
    fn every_row_reads_back_and_every_trade_occurs() {
        let mut table =
            CsvReader::new(Cursor::new(csv()), &FormatHints::default()).expect("a header");
        let (mut n, mut labels) = (0, BTreeSet::new());
        while let Some(row) = table.next_row().expect("a well-formed row") {
            assert!(!row.cell(0).is_empty());
            assert_eq!(row.cell(2), "synthetic");
            labels.insert(row.cell(1).to_owned());
            n += 1;
        }
        assert_eq!((n, labels.len()), (N_NOTES, TRADES.len()));
    }

    #[test]
    fn a_fair_share_is_in_chinese() {
        let chinese = csv().lines().filter(|row| row.chars().any(|c| c >= '\u{4e00}')).count();
        assert!((700..900).contains(&chinese), "{chinese} of {N_NOTES}");
    }
}
