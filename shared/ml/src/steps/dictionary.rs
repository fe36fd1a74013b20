//! Which terms a model knows, learnt from texts.

use hashbrown::HashMap;
use millwright_domain::{DocumentFrequency, NgramRange, VectorizerSpec, Weighting};
use rayon::slice::ParallelSliceMut;

use super::{TermCutter, TermRule, Vectorizer, Vocabulary};

/// Counts the terms of the training texts and chooses among them.
#[derive(Debug)]
pub(crate) struct Dictionary {
    cutter: TermCutter,
    terms: HashMap<Box<str>, Usage>,
    n_texts: u64,
    /// Terms of all texts together, each time that one stands there.
    n_times: u64,
    /// Bytes that may still be held.
    left: usize,
}

/// How often a term is used.
#[derive(Clone, Copy, Debug)]
struct Usage {
    /// How many terms were known before it.
    number: u32,
    texts: u64,
    times: u64,
    /// Number of the last text that has it, from 1.
    latest: u64,
}

/// The terms take more memory than they may.
#[derive(Debug, PartialEq)]
pub(crate) struct TooManyTerms;

/// Why there is nothing to know.
#[derive(Debug, PartialEq)]
pub(crate) enum NoTerms {
    /// No text has a term.
    AtAll,
    /// More texts are asked for than are allowed.
    Contradiction,
    /// Each stands in too few texts.
    TooRare,
    /// Each stands in too many texts.
    TooCommon,
    /// Some are too rare, and the others too common.
    Neither,
}

/// The terms that were chosen.
#[derive(Debug, PartialEq)]
struct Chosen {
    /// Sorted by code point.
    vocabulary: Vec<Box<str>>,
    /// What each had for a number in the dictionary.
    numbers: Vec<u32>,
    /// In how many texts each stands.
    frequencies: Vec<u64>,
    /// Texts that were read.
    n_texts: u64,
    /// Terms of a text, known or not, on average.
    terms_per_text: f64,
}

impl Dictionary {
    /// Bytes, roughly, that a term costs beside its letters: here, or in the vocabulary and the head.
    const BYTES_PER_TERM: usize = 128;

    /// Takes about `limit` bytes of memory at most.
    pub(crate) fn new(rule: TermRule, limit: usize) -> Self {
        let cutter = TermCutter::new(rule);
        Self { cutter, terms: HashMap::new(), n_texts: 0, n_times: 0, left: limit }
    }

    /// Counts the terms of one more text.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), TooManyTerms> {
        self.add_and_tell(text, |_| {})
    }

    /// The same, and tells the number of each term: how many were known when it was first seen.
    pub(crate) fn add_and_tell(
        &mut self,
        text: &str,
        mut tell: impl FnMut(u32),
    ) -> Result<(), TooManyTerms> {
        let Self { cutter, terms, n_texts, n_times, left, .. } = self;
        *n_texts += 1;
        let mut is_full = false;
        cutter.for_each(text, |term| {
            *n_times += 1;
            if let Some(usage) = terms.get_mut(term) {
                usage.add(*n_texts);
                return tell(usage.number);
            }
            match left.checked_sub(term.len() + Self::BYTES_PER_TERM) {
                Some(rest) => {
                    *left = rest;
                    let usage = Usage::first(terms.len() as u32, *n_texts);
                    terms.insert(term.into(), usage);
                    tell(usage.number);
                }
                None => is_full = true,
            }
        });
        if is_full { Err(TooManyTerms) } else { Ok(()) }
    }

    /// Terms that are known.
    pub(crate) fn len(&self) -> usize {
        self.terms.len()
    }

    /// Bytes that may still be held.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Lets it hold so many bytes more.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.left += bytes;
    }

    /// Takes back what it may still hold.
    pub(crate) fn take_left(&mut self) -> usize {
        std::mem::take(&mut self.left)
    }

    /// Bytes that the terms of `text` cost at most, if none is known.
    pub(crate) fn most(&self, text: &str) -> usize {
        let (NgramRange { min, max }, is_word) = self.cutter.shape();
        let (min, max) = (min as usize, max as usize);
        // Lower case may take more characters, and never twice as many; words have two and one
        // beside them. Each unit is in as many terms of a length as that has units.
        let units = if is_word { text.len() } else { 2 * text.len() };
        let lengths = max - min + 1;
        let letters = max.saturating_mul(3 * text.len());
        units.saturating_mul(Self::BYTES_PER_TERM).saturating_add(letters).saturating_mul(lengths)
    }

    /// Takes in what `other` has counted in other texts: as if it had counted them itself. What is
    /// known to both is held once, and what the two may hold adds up. The number that each term of
    /// `other` has from now on, by the one that it had there.
    pub(crate) fn take_in(&mut self, other: Self) -> Vec<u32> {
        self.left += other.left;
        self.n_texts += other.n_texts;
        self.n_times += other.n_times;
        let mut numbers = vec![0; other.terms.len()];
        for (term, usage) in other.terms {
            let next = self.terms.len() as u32;
            let number = &mut numbers[usage.number as usize];
            if let Some(known) = self.terms.get_mut(&term) {
                known.texts += usage.texts;
                known.times += usage.times;
                self.left += term.len() + Self::BYTES_PER_TERM;
                *number = known.number;
                continue;
            }
            // Its latest text comes before the next one here, since all texts were added up.
            self.terms.insert(term, Usage { number: next, ..usage });
            *number = next;
        }
        numbers
    }

    /// A vectoriser that knows the terms that `spec` leaves, and where it has the terms of the
    /// dictionary, by their numbers.
    pub(crate) fn vectorizer(
        self,
        spec: &VectorizerSpec,
    ) -> Result<(Vectorizer, Vec<Option<u32>>), NoTerms> {
        let mut places = vec![None; self.len()];
        let chosen = self.choose(spec)?;
        for (place, number) in (0..).zip(&chosen.numbers) {
            places[*number as usize] = Some(place);
        }
        let idf = match spec.weighting {
            Weighting::Count => None,
            Weighting::Tfidf => Some(inverse_frequencies(&chosen).into()),
        };
        let terms_per_text = chosen.terms_per_text as f32;
        let terms = chosen.vocabulary.iter().map(|term| term.as_bytes());
        let vocabulary = Vocabulary::new(terms.collect());
        let vocabulary = vocabulary.expect("chosen terms are sorted, distinct and counted");
        let rule = TermRule::of(spec);
        Ok((Vectorizer { rule, vocabulary, idf, terms_per_text }, places))
    }

    /// The terms that `spec` leaves, which are those that scikit-learn's `CountVectorizer` leaves.
    ///
    /// Shares are of all texts, empty ones among them, and are not rounded. Of terms that are as
    /// frequent, `max_features` keeps those that sort first (scikit-learn keeps any).
    fn choose(self, spec: &VectorizerSpec) -> Result<Chosen, NoTerms> {
        if self.terms.is_empty() {
            return Err(NoTerms::AtAll);
        }
        let n_texts = self.n_texts;
        let bounds = [spec.min_df, spec.max_df].map(|df| texts(df, n_texts));
        let [least, most] = bounds;
        if most < least {
            return Err(NoTerms::Contradiction);
        }
        let is_common = |usage: &Usage| usage.texts as f64 >= least;
        let is_rare = |usage: &Usage| usage.texts as f64 <= most;
        let none = match self.terms.values() {
            all if !all.clone().any(is_common) => NoTerms::TooRare,
            all if !all.clone().any(is_rare) => NoTerms::TooCommon,
            _ => NoTerms::Neither,
        };
        let terms_per_text = self.n_times as f64 / n_texts as f64;
        let kept = self.terms.into_iter().filter(|(_, usage)| is_common(usage) && is_rare(usage));
        let kept = most_frequent(kept.collect(), spec.max_features);
        if kept.is_empty() {
            return Err(none);
        }
        let frequencies = kept.iter().map(|(_, usage)| usage.texts).collect();
        let numbers = kept.iter().map(|(_, usage)| usage.number).collect();
        let vocabulary = kept.into_iter().map(|(term, _)| term).collect();
        Ok(Chosen { vocabulary, numbers, frequencies, n_texts, terms_per_text })
    }
}

impl Usage {
    fn first(number: u32, text: u64) -> Self {
        Self { number, texts: 1, times: 1, latest: text }
    }

    fn add(&mut self, text: u64) {
        self.times += 1;
        self.texts += u64::from(self.latest != text);
        self.latest = text;
    }
}

/// A number of texts; a share of them need not be whole.
fn texts(frequency: DocumentFrequency, n_texts: u64) -> f64 {
    match frequency {
        DocumentFrequency::Count(n) => f64::from(n),
        DocumentFrequency::Share(share) => share * n_texts as f64,
    }
}

/// The `limit` most frequent of `terms`, sorted.
fn most_frequent(mut terms: Vec<(Box<str>, Usage)>, limit: Option<u32>) -> Vec<(Box<str>, Usage)> {
    if let Some(limit) = limit.map(|limit| limit as usize).filter(|limit| *limit < terms.len()) {
        terms.sort_unstable_by(|a, b| b.1.times.cmp(&a.1.times).then_with(|| a.0.cmp(&b.0)));
        terms.truncate(limit);
    }
    // No two are equal, so that any sort gives the same order.
    terms.par_sort_unstable_by(|a, b| a.0.cmp(&b.0));
    terms
}

/// ln((1 + n) / (1 + df)) + 1 for each chosen term: as if one more text had every term.
///
/// Source: scikit-learn's `TfidfTransformer(smooth_idf=True)`.
fn inverse_frequencies(chosen: &Chosen) -> Vec<f64> {
    let all = 1.0 + chosen.n_texts as f64;
    chosen.frequencies.iter().map(|texts| (all / (1.0 + *texts as f64)).ln() + 1.0).collect()
}

#[cfg(test)]
mod tests {
    use millwright_domain::Analyzer;

    use super::*;

    fn dictionary(texts: &[&str]) -> Dictionary {
        let mut dictionary = Dictionary::new(TermRule::default(), 1 << 20);
        texts.iter().for_each(|text| dictionary.add(text).expect("a few terms"));
        dictionary
    }

    fn spec(min_df: DocumentFrequency, max_df: DocumentFrequency) -> VectorizerSpec {
        VectorizerSpec { min_df, max_df, ..VectorizerSpec::default() }
    }

    #[test]
    fn terms_are_held_up_to_a_limit() {
        for (text, cost) in [("pump", 132), ("pump pump", 132), ("pump leak", 264)] {
            let full = |limit| Dictionary::new(TermRule::default(), limit).add(text);
            assert_eq!((full(cost), full(cost - 1)), (Ok(()), Err(TooManyTerms)), "{text}");
        }
    }

    #[test]
    fn texts_that_are_counted_apart_are_counted_together() {
        let texts = ["pump leaks", "leaks leaks", "", "pump", "oil leaks"];
        // Whoever takes terms in numbers them in any order.
        let chosen = |dictionary: Dictionary| {
            let chosen = dictionary.choose(&VectorizerSpec::default());
            Chosen { numbers: vec![], ..chosen.expect("some terms") }
        };
        for cut in 0..=texts.len() {
            let (first, second) = texts.split_at(cut);
            let (mut merged, second) = (dictionary(first), dictionary(second));
            let known = second.terms.clone();
            let numbers = merged.take_in(second);
            for (term, usage) in known {
                assert_eq!(numbers[usage.number as usize], merged.terms[&term].number, "{term}");
            }
            let held = (2 << 20) - merged.left();
            assert_eq!(held, 3 * Dictionary::BYTES_PER_TERM + "pumpleaksoil".len());
            assert_eq!(merged.add("leaks"), Ok(()));
            let mut expected = dictionary(&texts);
            expected.add("leaks").expect("a few terms");
            assert_eq!(chosen(merged), chosen(expected), "cut at {cut}");
        }
    }

    #[test]
    fn no_text_costs_more_than_was_foreseen() {
        for ngrams in [(1, 1), (1, 4), (3, 3)].map(|(min, max)| NgramRange { min, max }) {
            for analyzer in [Analyzer::Word, Analyzer::Char] {
                for text in ["", "a", "ab", "ab cd ef gh", "İİİİİİ", "ȺȺ ȺȺ ȺȺ", "漏油漏油 12"]
                {
                    let mut dictionary = Dictionary::new(TermRule { analyzer, ngrams }, 0);
                    let most = dictionary.most(text);
                    dictionary.allow(most);
                    assert_eq!(dictionary.add(text), Ok(()), "{text:?} {analyzer:?} {ngrams:?}");
                }
            }
        }
    }

    #[test]
    fn of_terms_as_frequent_those_that_sort_first_are_kept() {
        let texts = ["dd cc cc aa", "bb dd", "", "ee ee"];
        let spec = VectorizerSpec { max_features: Some(3), ..VectorizerSpec::default() };
        let chosen = dictionary(&texts).choose(&spec).expect("terms");
        assert_eq!(chosen.vocabulary, ["cc", "dd", "ee"].map(Box::from));
        assert_eq!((chosen.frequencies, chosen.n_texts), (vec![1, 2, 1], 4));
        assert_eq!(chosen.terms_per_text, 2.0);
        let spec = VectorizerSpec { max_features: Some(4), ..spec };
        let chosen = dictionary(&texts).choose(&spec).expect("terms");
        assert_eq!(chosen.vocabulary, ["aa", "cc", "dd", "ee"].map(Box::from));
    }

    #[test]
    fn a_vocabulary_of_nothing_says_why() {
        use DocumentFrequency::{Count, Share};
        let texts = ["aa bb", "aa cc", "aa"];
        for (min_df, max_df, why) in [
            (Count(4), Share(1.0), NoTerms::Contradiction),
            (Count(4), Count(9), NoTerms::TooRare),
            (Count(1), Share(0.3), NoTerms::Contradiction),
            (Share(0.0), Share(0.3), NoTerms::TooCommon),
            (Count(2), Count(2), NoTerms::Neither),
        ] {
            assert_eq!(dictionary(&texts).choose(&spec(min_df, max_df)), Err(why));
        }
        let nothing = dictionary(&["a", ""]).choose(&VectorizerSpec::default());
        assert_eq!(nothing, Err(NoTerms::AtAll));
    }
}
