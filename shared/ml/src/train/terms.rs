//! The terms of the training rows.

use std::sync::{Mutex, MutexGuard, PoisonError};

use millwright_domain::TextSpec;

use super::{TrainError, layout::Column};
use crate::{
    CsvRow, TermRule,
    steps::{Dictionary, NoTerms, TooManyTerms, Vectorizer},
    table::quoted,
};

/// Memory that terms may take.
const MOST_TERM_BYTES: usize = 2 << 30;

/// Terms of the training rows so far.
///
/// Whoever counts takes a dictionary for itself: what they hold adds up to the same, however the
/// rows were shared out.
pub(super) struct Terms<'a> {
    column: &'a Column,
    spec: &'a TextSpec,
    dictionaries: Mutex<Vec<Dictionary>>,
}

impl<'a> Terms<'a> {
    pub(super) fn new(column: &'a Column, spec: &'a TextSpec) -> Self {
        Self { column, spec, dictionaries: Mutex::default() }
    }

    /// A dictionary that nobody uses, for [`Self::add`].
    pub(super) fn dictionary(&self) -> Dictionary {
        let fresh = || Dictionary::new(TermRule::of(&self.spec.vectorizer), MOST_TERM_BYTES);
        self.lock().pop().unwrap_or_else(fresh)
    }

    /// Counts the terms of a text.
    pub(super) fn count(&self, into: &mut Dictionary, row: &CsvRow) -> Result<(), TrainError> {
        into.add(row.cell(self.column.place)).map_err(|TooManyTerms| self.too_many())
    }

    /// Takes back a dictionary.
    pub(super) fn put(&self, dictionary: Dictionary) {
        self.lock().push(dictionary);
    }

    /// Joins what takes more memory than one dictionary may.
    pub(super) fn check(&self) -> Result<(), TrainError> {
        let held = self.lock().iter().map(Dictionary::held).sum::<usize>();
        if held <= MOST_TERM_BYTES {
            return Ok(());
        }
        let joined = self.join()?;
        self.put(joined);
        Ok(())
    }

    /// The terms that the recipe leaves.
    pub(super) fn finish(self) -> Result<Vectorizer, TrainError> {
        let vectorizer = self.join()?.vectorizer(&self.spec.vectorizer);
        let rule = TermRule::of(&self.spec.vectorizer);
        vectorizer.map_err(|why| no_terms(why, self.column, rule))
    }

    fn join(&self) -> Result<Dictionary, TrainError> {
        let all = std::mem::take(&mut *self.lock());
        let join = |a: Dictionary, b| a.merge(b).map_err(|TooManyTerms| self.too_many());
        all.into_iter().try_fold(self.dictionary(), join)
    }

    fn too_many(&self) -> TrainError {
        let column = quoted(&self.column.name);
        TrainError::TooManyTerms { column, limit: MOST_TERM_BYTES }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Dictionary>> {
        // Nothing panics while it is held.
        self.dictionaries.lock().unwrap_or_else(PoisonError::into_inner)
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
