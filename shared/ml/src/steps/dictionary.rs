//! Which terms a model knows, learnt from texts.

use millwright_domain::{DocumentFrequency, NgramRange, VectorizerSpec, Weighting};
use rayon::slice::ParallelSliceMut;

use super::{TermCutter, TermRule, Vectorizer, Vocabulary, interner::Interner};
use crate::texts::Texts;

/// Counts the terms of the training texts and chooses among them.
#[derive(Debug)]
pub(crate) struct Dictionary {
    cutter: TermCutter,
    terms: Interner,
    /// Of each term, by its number.
    usages: Vec<Usage>,
    n_texts: u64,
    /// Terms of all texts together, each time that one stands there.
    n_times: u64,
    /// Bytes that may still be held.
    left: usize,
}

/// How often a term is used.
#[derive(Clone, Copy, Debug)]
struct Usage {
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

impl Dictionary {
    /// Bytes, roughly, that a term costs beside its letters: here, or in the vocabulary and the head.
    const BYTES_PER_TERM: usize = 128;

    /// Takes about `limit` bytes of memory at most.
    pub(crate) fn new(rule: TermRule, limit: usize) -> Self {
        let cutter = TermCutter::new(rule);
        let (terms, usages) = (Interner::default(), Vec::new());
        Self { cutter, terms, usages, n_texts: 0, n_times: 0, left: limit }
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
        let Self { cutter, terms, usages, n_texts, n_times, left } = self;
        *n_texts += 1;
        let mut is_full = false;
        cutter.for_each(text, |term| {
            *n_times += 1;
            match terms.find(term) {
                Ok(number) => {
                    usages[number as usize].add(*n_texts);
                    tell(number);
                }
                Err(unknown) => match left.checked_sub(term.len() + Self::BYTES_PER_TERM) {
                    Some(rest) => {
                        *left = rest;
                        usages.push(Usage::first(*n_texts));
                        tell(terms.add(unknown));
                    }
                    None => is_full = true,
                },
            }
        });
        if is_full { Err(TooManyTerms) } else { Ok(()) }
    }

    /// Terms that are known.
    pub(crate) fn len(&self) -> usize {
        self.usages.len()
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
        let usages = other.terms.texts().zip(other.usages);
        usages.map(|(term, usage)| self.take_in_term(term, usage)).collect()
    }

    fn take_in_term(&mut self, term: &str, usage: Usage) -> u32 {
        match self.terms.find(term) {
            Ok(number) => {
                let known = &mut self.usages[number as usize];
                known.texts += usage.texts;
                known.times += usage.times;
                self.left += term.len() + Self::BYTES_PER_TERM;
                number
            }
            Err(unknown) => {
                // Its latest text comes before the next one here, since all texts were added up.
                self.usages.push(usage);
                self.terms.add(unknown)
            }
        }
    }

    /// A vectoriser that knows the terms that `spec` leaves, and where it has the terms of the
    /// dictionary, by their numbers.
    pub(crate) fn vectorizer(
        &self,
        spec: &VectorizerSpec,
    ) -> Result<(Vectorizer, Vec<Option<u32>>), NoTerms> {
        let chosen = self.choose(spec)?;
        let mut places = vec![None; self.len()];
        for (place, number) in (0..).zip(&chosen) {
            places[*number as usize] = Some(place);
        }
        let idf = match spec.weighting {
            Weighting::Count => None,
            Weighting::Tfidf => Some(self.inverse_frequencies(&chosen).into()),
        };
        let terms = chosen.iter().map(|number| self.terms.text(*number));
        let vocabulary = Vocabulary::new(terms.collect::<Texts>());
        let vocabulary = vocabulary.expect("chosen terms are sorted, distinct and counted");
        let (rule, terms_per_text) = (TermRule::of(spec), self.terms_per_text() as f32);
        Ok((Vectorizer { rule, vocabulary, idf, terms_per_text }, places))
    }

    /// Terms of a text, known or not, on average.
    fn terms_per_text(&self) -> f64 {
        self.n_times as f64 / self.n_texts as f64
    }

    /// The terms that `spec` leaves, which are those that scikit-learn's `CountVectorizer` leaves, by
    /// their numbers, sorted by code point.
    ///
    /// Shares are of all texts, empty ones among them, and are not rounded. Of terms that are as
    /// frequent, `max_features` keeps those that sort first (scikit-learn keeps any).
    fn choose(&self, spec: &VectorizerSpec) -> Result<Vec<u32>, NoTerms> {
        if self.usages.is_empty() {
            return Err(NoTerms::AtAll);
        }
        let [least, most] = [spec.min_df, spec.max_df].map(|df| texts(df, self.n_texts));
        if most < least {
            return Err(NoTerms::Contradiction);
        }
        let is_common = |usage: &Usage| usage.texts as f64 >= least;
        let is_rare = |usage: &Usage| usage.texts as f64 <= most;
        let kept = (0..).zip(&self.usages);
        let kept = kept.filter(|(_, usage)| is_common(usage) && is_rare(usage));
        let kept = self.most_frequent(kept.map(|(number, _)| number).collect(), spec.max_features);
        if !kept.is_empty() {
            return Ok(kept);
        }
        Err(match &self.usages {
            all if !all.iter().any(is_common) => NoTerms::TooRare,
            all if !all.iter().any(is_rare) => NoTerms::TooCommon,
            _ => NoTerms::Neither,
        })
    }

    /// The `limit` most frequent of some terms, sorted.
    fn most_frequent(&self, mut numbers: Vec<u32>, limit: Option<u32>) -> Vec<u32> {
        let text = |number: &u32| self.terms.text(*number);
        if let Some(limit) =
            limit.map(|limit| limit as usize).filter(|limit| *limit < numbers.len())
        {
            let times = |number: &u32| self.usages[*number as usize].times;
            numbers.sort_unstable_by(|a, b| {
                times(b).cmp(&times(a)).then_with(|| text(a).cmp(text(b)))
            });
            numbers.truncate(limit);
        }
        // Most are told apart by how they begin, without a look at the letters of both. No two are
        // equal, so that any sort gives the same order.
        let keyed = numbers.iter().map(|number| (beginning(text(number)), *number));
        let mut keyed = keyed.collect::<Vec<_>>();
        keyed.par_sort_unstable_by(|(a, i), (b, j)| a.cmp(b).then_with(|| text(i).cmp(text(j))));
        keyed.into_iter().map(|(_, number)| number).collect()
    }

    /// ln((1 + n) / (1 + df)) + 1 for each of some terms: as if one more text had every term.
    ///
    /// Source: scikit-learn's `TfidfTransformer(smooth_idf=True)`.
    fn inverse_frequencies(&self, numbers: &[u32]) -> Vec<f64> {
        let all = 1.0 + self.n_texts as f64;
        let texts = |number: &u32| self.usages[*number as usize].texts;
        let of = |number| (all / (1.0 + texts(number) as f64)).ln() + 1.0;
        numbers.iter().map(of).collect()
    }
}

/// The first bytes of a text, which sort as it does; zeros where it has no more.
fn beginning(text: &str) -> u64 {
    let mut bytes = [0; 8];
    let n = text.len().min(8);
    bytes[..n].copy_from_slice(&text.as_bytes()[..n]);
    u64::from_be_bytes(bytes)
}

impl Usage {
    fn first(text: u64) -> Self {
        Self { texts: 1, times: 1, latest: text }
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

#[cfg(test)]
mod tests {
    use millwright_domain::Analyzer;

    use super::*;

    fn dictionary(texts: &[&str]) -> Dictionary {
        let mut dictionary = Dictionary::new(TermRule::default(), 1 << 20);
        texts.iter().for_each(|text| dictionary.add(text).expect("a few terms"));
        dictionary
    }

    impl Dictionary {
        /// In how many texts each term stands, and how often in all.
        fn counts(&self) -> Vec<(u64, u64)> {
            self.usages.iter().map(|usage| (usage.texts, usage.times)).collect()
        }

        /// The terms that were chosen.
        fn chosen(&self, spec: &VectorizerSpec) -> Result<Vec<&str>, NoTerms> {
            let chosen = self.choose(spec)?;
            Ok(chosen.into_iter().map(|number| self.terms.text(number)).collect())
        }
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
        let chosen = |dictionary: &Dictionary| {
            let (vectorizer, places) =
                dictionary.vectorizer(&VectorizerSpec::default()).expect("some terms");
            let terms = vectorizer.vocabulary.terms().iter().map(<[u8]>::to_vec);
            (terms.collect::<Vec<_>>(), vectorizer.terms_per_text, places, dictionary.counts())
        };
        for cut in 0..=texts.len() {
            let (first, second) = texts.split_at(cut);
            let (mut merged, second) = (dictionary(first), dictionary(second));
            let known = second.terms.texts().map(str::to_owned).collect::<Vec<_>>();
            let numbers = merged.take_in(second);
            for (term, number) in known.iter().zip(numbers) {
                assert_eq!(merged.terms.text(number), term);
            }
            let held = (2 << 20) - merged.left();
            assert_eq!(held, 3 * Dictionary::BYTES_PER_TERM + "pumpleaksoil".len());
            assert_eq!(merged.add("leaks"), Ok(()));
            let mut expected = dictionary(&texts);
            expected.add("leaks").expect("a few terms");
            assert_eq!(chosen(&merged), chosen(&expected), "cut at {cut}");
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
        let dictionary = dictionary(&texts);
        assert_eq!(dictionary.chosen(&spec), Ok(vec!["cc", "dd", "ee"]));
        let spec = VectorizerSpec { max_features: Some(4), ..spec };
        assert_eq!(dictionary.chosen(&spec), Ok(vec!["aa", "cc", "dd", "ee"]));
        assert_eq!(dictionary.terms_per_text(), 2.0);
    }

    #[test]
    fn terms_that_begin_alike_are_sorted_by_the_rest() {
        let terms = ["pumping stations", "pumping", "pumping station", "漏油漏", "漏油漏油", "pu"];
        let bigrams = TermRule { ngrams: NgramRange { min: 1, max: 2 }, ..TermRule::default() };
        let mut dictionary = Dictionary::new(bigrams, 1 << 20);
        terms.iter().for_each(|text| dictionary.add(text).expect("a few terms"));
        let chosen = dictionary.chosen(&VectorizerSpec::default()).expect("terms");
        assert!(chosen.is_sorted(), "{chosen:?}");
        assert!(terms.iter().all(|term| chosen.contains(term)), "{chosen:?}");
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
            assert_eq!(dictionary(&texts).chosen(&spec(min_df, max_df)), Err(why));
        }
        let nothing = dictionary(&["a", ""]).choose(&VectorizerSpec::default());
        assert_eq!(nothing, Err(NoTerms::AtAll));
    }
}
