//! Passes over the rows of a table.

use super::{Reporter, TrainError};
use crate::{CsvTable, rounds::in_order, table::Block};

/// Calls `work` with every block of `table`, several at a time, and `take` with what came of them:
/// in the order of the rows, and on this thread, while the next blocks are read.
///
/// # Errors
/// That of the first block that has one, or of `take`; [`TrainError::Cancelled`] if the observer has
/// had enough.
pub(super) fn pass<T: Send>(
    table: &CsvTable,
    reporter: &mut Reporter<'_>,
    work: impl Fn(Block<'_>) -> Result<T, TrainError> + Sync,
    mut take: impl FnMut(T) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let mut take = |part| {
        reporter.ask()?;
        take(part)
    };
    if table.has_apart() {
        return in_order(table.n_blocks(), |i| table.block(i, &work), take);
    }
    table.for_each_block(|block| take(work(block)?))
}
