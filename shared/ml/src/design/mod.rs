//! Rows as an estimator sees them, in chunks that need not all be in memory.
//!
//! The steps push rows into [`Rows`], which cuts them into chunks and makes a [`ChunkStore`]; the
//! solvers read that as a [`Design`], chunk by chunk, as often as they like.

mod chunk;
mod codec;
mod rows;
mod scratch;
mod store;

use std::borrow::Cow;

pub(crate) use chunk::{Chunk, Features, Width};
pub(crate) use rows::Rows;
pub(crate) use scratch::Scratch;
pub(crate) use store::ChunkStore;

use crate::TrainError;

/// Rows in chunks: the same chunks in the same order at every pass.
pub(crate) trait Design: Send + Sync {
    /// Rows of all chunks together.
    fn n_rows(&self) -> usize;

    /// Features of a row, the same in every chunk.
    fn n_features(&self) -> usize;

    fn n_chunks(&self) -> usize;

    /// Rows of chunk `i`, one at least.
    fn chunk_rows(&self, i: usize) -> usize;

    /// Chunk `i`, which is below [`Self::n_chunks`].
    fn chunk(&self, i: usize) -> Result<Cow<'_, Chunk>, TrainError>;
}
