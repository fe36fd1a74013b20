//! Steps between raw rows and the estimator.

mod dictionary;
mod index;
mod interner;
mod median;
mod numeric;
mod sparse;
mod terms;
mod vectorizer;
mod vocabulary;

pub(crate) use dictionary::{Dictionary, NoTerms, TooManyTerms};
pub(crate) use index::{NoVocabulary, TermIndex, TermIndexer};
pub(crate) use numeric::{ColumnFault, FittedNumbers, NumericSteps};
pub(crate) use sparse::{Compressed, Sparse};
pub(crate) use terms::TermCutter;
pub use terms::TermRule;
pub use vectorizer::{Desk, Vectorizer};
pub(crate) use vocabulary::Vocabulary;
