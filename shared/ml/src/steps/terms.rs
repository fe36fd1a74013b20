//! Texts to terms: runs of words or of characters.

use std::{ops::Range, sync::LazyLock};

use millwright_domain::{Analyzer, NgramRange, VectorizerSpec};
use regex::Regex;

/// scikit-learn's default pattern `(?u)\b\w\w+\b`: runs of two or more of what Python calls word
/// characters, which are letters, numbers and the underscore, and not the marks of Rust's `\w`.
static WORDS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]{2,}").expect("the pattern is constant and valid"));

/// What a byte is to a word.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// ASCII, and in no word.
    Other,
    /// ASCII, and in a word.
    Word,
    /// Part of a character of which [`WORDS`] decides.
    Beyond,
}

static KINDS: [Kind; 256] = {
    let (mut kinds, mut byte) = ([Kind::Other; 256], 0);
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            0x80.. => Kind::Beyond,
            b'_' => Kind::Word,
            ascii if ascii.is_ascii_alphanumeric() => Kind::Word,
            _ => Kind::Other,
        };
        byte += 1;
    }
    kinds
};

/// What the terms of a text are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TermRule {
    /// What terms are made of.
    pub analyzer: Analyzer,
    /// How many of these make a term.
    pub ngrams: NgramRange,
}

impl Default for TermRule {
    fn default() -> Self {
        Self::of(&VectorizerSpec::default())
    }
}

impl TermRule {
    /// The rule of `spec`.
    pub(crate) fn of(spec: &VectorizerSpec) -> Self {
        Self { analyzer: spec.analyzer, ngrams: spec.ngrams }
    }
}

/// Cuts one text after the other, in the same memory.
#[derive(Debug)]
pub(crate) struct TermCutter {
    rule: TermRule,
    /// The latest text as its terms have it: lower-cased, with single blanks.
    text: String,
    /// The text in lower case, as it came.
    lower: String,
    /// Where its words or characters are.
    units: Vec<Range<usize>>,
}

impl TermCutter {
    pub(crate) fn new(rule: TermRule) -> Self {
        Self { rule, text: String::new(), lower: String::new(), units: Vec::new() }
    }

    /// How many units a term has, and whether these are words.
    pub(crate) fn shape(&self) -> (NgramRange, bool) {
        (self.rule.ngrams, self.rule.analyzer == Analyzer::Word)
    }

    /// Calls `visit` with every term of `text`: by length, and those of a length in order.
    pub(crate) fn for_each(&mut self, text: &str, mut visit: impl FnMut(&str)) {
        let TermRule { analyzer, ngrams: NgramRange { min, max } } = self.rule;
        if (analyzer, max) == (Analyzer::Word, 1) {
            lower_cased(text, &mut self.lower);
            return for_each_word(&self.lower, |word| visit(&self.lower[word]));
        }
        self.units.clear();
        match analyzer {
            Analyzer::Word => self.words(text),
            Analyzer::Char => self.characters(text),
        }
        for n in min as usize..=(max as usize).min(self.units.len()) {
            for run in self.units.windows(n) {
                visit(&self.text[run[0].start..run[n - 1].end]);
            }
        }
    }

    /// Between the words of a term stands one blank, whatever stands there in the text.
    fn words(&mut self, text: &str) {
        let Self { text: into, lower, units, .. } = self;
        lower_cased(text, lower);
        into.clear();
        for_each_word(lower, |word| {
            let start = into.len();
            into.push_str(&lower[word]);
            units.push(start..into.len());
            into.push(' ');
        });
    }

    /// Runs of two or more blanks become a space; one alone stays what it is.
    fn characters(&mut self, text: &str) {
        self.text.clear();
        let lower = text.to_lowercase();
        let mut characters = lower.chars().peekable();
        while let Some(mut c) = characters.next() {
            while is_blank(c) && characters.next_if(|c| is_blank(*c)).is_some() {
                c = ' ';
            }
            let start = self.text.len();
            self.text.push(c);
            self.units.push(start..self.text.len());
        }
    }
}

/// `text` in lower case replaces `lower`.
fn lower_cased(text: &str, lower: &mut String) {
    if text.is_ascii() {
        lower.clear();
        lower.push_str(text);
        lower.make_ascii_lowercase();
    } else {
        *lower = text.to_lowercase();
    }
}

/// Calls `visit` with where each match of [`WORDS`] is.
///
/// ASCII beside words ends them, so that the pattern is asked only about runs with other characters.
fn for_each_word(text: &str, mut visit: impl FnMut(Range<usize>)) {
    let kind = |i: &usize| text.as_bytes().get(*i).map(|byte| KINDS[*byte as usize]);
    let mut end = 0;
    while end < text.len() {
        let (start, mut is_beyond) = (end, false);
        while let Some(kind @ (Kind::Word | Kind::Beyond)) = kind(&end) {
            is_beyond |= kind == Kind::Beyond;
            end += 1;
        }
        if is_beyond {
            let words = WORDS.find_iter(&text[start..end]);
            words.for_each(|word| visit(start + word.start()..start + word.end()));
        } else if end - start >= 2 {
            visit(start..end);
        }
        // What ends a word is in none.
        end += 1;
    }
}

/// What Python's `\s` takes: beside white space, four separators of records and fields.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_way_finds_the_words_of_the_pattern(text in "[a-cA-C_1 .²éÉ漏Σ\u{301}\n]{0,24}") {
            let lower = text.to_lowercase();
            let expected = WORDS.find_iter(&lower).map(|word| word.as_str().to_owned());
            let expected = expected.collect::<Vec<_>>();
            prop_assert_eq!(terms(Analyzer::Word, (1, 1), &text), expected);
        }
    }

    fn terms(analyzer: Analyzer, ngrams: (u32, u32), text: &str) -> Vec<String> {
        let ngrams = NgramRange { min: ngrams.0, max: ngrams.1 };
        let mut cutter = TermCutter::new(TermRule { analyzer, ngrams });
        let mut found = Vec::new();
        cutter.for_each("what was cut before leaves nothing", |_| {});
        cutter.for_each(text, |term| found.push(term.to_owned()));
        found
    }

    #[test]
    fn words_are_those_of_scikit_learn() {
        // CountVectorizer().build_analyzer() of scikit-learn 1.9.1.
        for (text, words) in [
            ("L/H BUCKET CYL LEAKING.", &["bucket", "cyl", "leaking"][..]),
            ("a bb_c 1x 22 é ÉÉ", &["bb_c", "1x", "22", "éé"]),
            ("液压泵 漏油", &["液压泵", "漏油"]),
            ("e\u{301}te\u{301} x² ½½", &["te", "x²", "½½"]),
            ("ΟΔΟΣ", &["οδος"]),
            ("", &[]),
        ] {
            assert_eq!(terms(Analyzer::Word, (1, 1), text), words, "{text:?}");
        }
    }

    #[test]
    fn runs_of_words_are_joined_by_one_blank() {
        let found = terms(Analyzer::Word, (1, 2), "Pump -- leaks\tOIL");
        assert_eq!(found, ["pump", "leaks", "oil", "pump leaks", "leaks oil"]);
        assert_eq!(terms(Analyzer::Word, (3, 9), "aa bb cc"), ["aa bb cc"]);
        assert!(terms(Analyzer::Word, (2, 2), "alone").is_empty());
    }

    #[test]
    fn runs_of_characters_count_code_points() {
        assert_eq!(terms(Analyzer::Char, (2, 3), "漏油É"), ["漏油", "油é", "漏油é"]);
        assert_eq!(terms(Analyzer::Char, (1, 1), "a\t b\tc"), ["a", " ", "b", "\t", "c"]);
        assert_eq!(terms(Analyzer::Char, (1, 1), "\u{1c}\u{1c}"), [" "]);
        assert!(terms(Analyzer::Char, (1, 4), "").is_empty());
    }
}
