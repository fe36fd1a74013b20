//! The terms of the training rows.

use std::sync::{
    Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicUsize, Ordering},
};

use millwright_domain::TextSpec;

use super::{
    TrainError,
    counted::{Counted, Places},
    layout::Column,
};
use crate::{
    CsvRow, TermRule,
    steps::{Dictionary, NoTerms, TooManyTerms, Vectorizer},
    table::quoted,
};

/// Memory that terms may take.
const MOST_TERM_BYTES: usize = 2 << 30;
/// Memory that a counter takes of it at once, at least.
const STEP: usize = 1 << 20;

/// Terms of the training rows so far.
///
/// Whoever counts has a dictionary for itself: what they hold adds up to the same, however the rows
/// were shared out. What they may hold is shared too: who finds nothing left puts texts aside, and
/// these are counted once all dictionaries are joined and each term is held once. So whether the
/// terms fit depends on the rows alone.
pub(super) struct Terms<'a> {
    column: &'a Column,
    spec: &'a TextSpec,
    dictionaries: Mutex<Dictionaries>,
    /// Bytes that no dictionary has.
    left: AtomicUsize,
    /// Held by all who count, or by the one who joins.
    turn: RwLock<()>,
}

/// Dictionaries that nobody counts with now, each with its place among all.
#[derive(Default)]
struct Dictionaries {
    idle: Vec<(usize, Dictionary)>,
    n: usize,
}

/// Counts the terms of some texts.
pub(super) struct Counter<'a> {
    terms: &'a Terms<'a>,
    dictionary: Option<Dictionary>,
    counted: Counted,
    _turn: RwLockReadGuard<'a, ()>,
}

impl<'a> Terms<'a> {
    pub(super) fn new(column: &'a Column, spec: &'a TextSpec) -> Self {
        Self::within(MOST_TERM_BYTES, column, spec)
    }

    fn within(bytes: usize, column: &'a Column, spec: &'a TextSpec) -> Self {
        let (dictionaries, left, turn) = (Mutex::default(), bytes.into(), RwLock::new(()));
        Self { column, spec, dictionaries, left, turn }
    }

    /// Who counts on this thread.
    pub(super) fn counter(&self) -> Counter<'_> {
        let turn = self.turn.read().unwrap_or_else(PoisonError::into_inner);
        let (i, dictionary) = self.take_idle();
        let (dictionary, counted) = (Some(dictionary), Counted::by(i));
        Counter { terms: self, dictionary, counted, _turn: turn }
    }

    fn take_idle(&self) -> (usize, Dictionary) {
        let Dictionaries { idle, n } = &mut *self.lock();
        idle.pop().unwrap_or_else(|| {
            *n += 1;
            (*n - 1, self.fresh())
        })
    }

    /// Counts texts for which there was no room, once nobody else counts. The numbers of terms that
    /// were told before are no longer true then.
    pub(super) fn count_aside(&self, texts: &[String]) -> Result<(), TrainError> {
        if texts.is_empty() {
            return Ok(());
        }
        let _turn = self.turn.write().unwrap_or_else(PoisonError::into_inner);
        let (mut joined, _) = self.join();
        joined.allow(self.left.swap(0, Ordering::Relaxed));
        texts.iter().try_for_each(|text| joined.add(text)).map_err(|TooManyTerms| {
            let column = quoted(&self.column.name);
            TrainError::TooManyTerms { column, limit: MOST_TERM_BYTES }
        })?;
        self.left.store(joined.take_left(), Ordering::Relaxed);
        let Dictionaries { idle, n } = &mut *self.lock();
        idle.push((*n, joined));
        *n += 1;
        Ok(())
    }

    /// The terms that the recipe leaves, and where these are.
    pub(super) fn finish(self) -> Result<(Vectorizer, Places), TrainError> {
        let (joined, numbers) = self.join();
        let vectorizer = joined.vectorizer(&self.spec.vectorizer);
        let rule = TermRule::of(&self.spec.vectorizer);
        let (vectorizer, places) = vectorizer.map_err(|why| no_terms(why, self.column, rule))?;
        let place = |number: u32| places[number as usize];
        let places = numbers.into_iter().map(|of| of.into_iter().map(place).collect());
        Ok((vectorizer, Places::new(places.collect())))
    }

    fn fresh(&self) -> Dictionary {
        Dictionary::new(TermRule::of(&self.spec.vectorizer), 0)
    }

    /// One dictionary of all, and the numbers in it of the terms of each.
    fn join(&self) -> (Dictionary, Vec<Vec<u32>>) {
        let Dictionaries { idle, n } = &mut *self.lock();
        let (mut idle, mut numbers) = (std::mem::take(idle), vec![Vec::new(); *n]);
        // Terms are moved out of the smaller ones.
        idle.sort_unstable_by_key(|(_, dictionary)| dictionary.len());
        let Some((largest, mut joined)) = idle.pop() else { return (self.fresh(), numbers) };
        numbers[largest] = (0..joined.len() as u32).collect();
        for (i, dictionary) in idle {
            numbers[i] = joined.take_in(dictionary);
        }
        (joined, numbers)
    }

    /// Takes `bytes` of what is left, and some more for later if there is more.
    fn take(&self, bytes: usize) -> Option<usize> {
        [bytes.max(STEP), bytes].into_iter().find(|bytes| {
            let taken = |left: usize| left.checked_sub(*bytes);
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
        })
    }

    fn lock(&self) -> MutexGuard<'_, Dictionaries> {
        // Nothing panics while it is held.
        self.dictionaries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counter<'_> {
    /// Counts the terms of a row, or puts its text aside.
    pub(super) fn count(&mut self, row: &CsvRow) {
        let text = row.cell(self.terms.column.place);
        if !self.has_counted(text) {
            self.counted.aside.push(text.to_owned());
        }
    }

    fn has_counted(&mut self, text: &str) -> bool {
        let Some(dictionary) = &mut self.dictionary else { return false };
        let lacking = dictionary.most(text).saturating_sub(dictionary.left());
        if lacking > 0 {
            let Some(taken) = self.terms.take(lacking) else { return false };
            dictionary.allow(taken);
        }
        let is_counted = dictionary.add_and_tell(text, |number| self.counted.push(number)).is_ok();
        self.counted.end_text();
        is_counted
    }

    /// What came of the texts, of which those aside are for [`Terms::count_aside`].
    pub(super) fn finish(mut self) -> Counted {
        let i = self.counted.dictionary();
        self.terms.lock().idle.extend(self.dictionary.take().map(|dictionary| (i, dictionary)));
        self.counted
    }
}

fn no_terms(why: NoTerms, column: &Column, rule: TermRule) -> TrainError {
    let column = quoted(&column.name);
    match why {
        NoTerms::AtAll => TrainError::NoTerms { column, rule },
        NoTerms::Contradiction => TrainError::FrequenciesCross { column },
        NoTerms::TooRare => TrainError::NoTermsLeft { column, field: "min_df" },
        NoTerms::TooCommon | NoTerms::Neither => {
            TrainError::NoTermsLeft { column, field: "max_df" }
        }
    }
}

#[cfg(test)]
mod tests {
    use millwright_domain::VectorizerSpec;

    use super::*;

    /// How many terms the texts have, counted by so many dictionaries within so many bytes.
    fn n_terms(texts: &[String], counters: usize, bytes: usize) -> Result<usize, TrainError> {
        let column = Column { name: "note".to_owned(), place: 0 };
        let vectorizer = VectorizerSpec::default();
        let spec = TextSpec { column: "note".to_owned(), vectorizer };
        let terms = Terms::within(bytes, &column, &spec);
        for texts in texts.chunks(counters) {
            let mut all = texts.iter().map(|_| terms.counter()).collect::<Vec<_>>();
            for (counter, text) in all.iter_mut().zip(texts) {
                if !counter.has_counted(text) {
                    counter.counted.aside.push(text.clone());
                }
            }
            let aside = all.into_iter().flat_map(|counter| counter.finish().aside);
            let aside = aside.collect::<Vec<_>>();
            terms.count_aside(&aside)?;
        }
        Ok(terms.finish()?.0.vocabulary.terms().len())
    }

    #[test]
    fn whether_terms_fit_depends_on_the_texts_alone() {
        // Each word in three texts, so that several dictionaries come to hold it.
        let texts = (0..300).map(|i| format!("w{:03} v{:03}", i % 100, i % 100));
        let texts = texts.collect::<Vec<_>>();
        let cost = 200 * (128 + 4);
        for counters in [1, 2, 7] {
            assert_eq!(n_terms(&texts, counters, cost).ok(), Some(200), "{counters} counters");
            let error = n_terms(&texts, counters, cost - 1).err();
            assert!(matches!(error, Some(TrainError::TooManyTerms { .. })), "{counters} counters");
        }
    }
}
