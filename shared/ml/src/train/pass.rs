//! Passes over the rows of a table.

use super::{Reporter, TrainError};
use crate::{CsvTable, table::Block};

/// Blocks that are read at a time.
const ROUND: usize = 6;

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
    if !table.has_apart() {
        return table.for_each_block(|block| {
            reporter.ask()?;
            take(work(block)?)
        });
    }
    let mut take = |part| {
        reporter.ask()?;
        take(part)
    };
    let (n, mut done) = (table.n_blocks(), Vec::new());
    for first in (0..n).step_by(ROUND) {
        let blocks = first..n.min(first + ROUND);
        let mut outcomes = blocks.clone().map(|_| None).collect::<Vec<_>>();
        rayon::in_place_scope(|scope| {
            for (i, outcome) in blocks.zip(&mut outcomes) {
                let work = &work;
                scope.spawn(move |_| *outcome = Some(table.block(i, work)));
            }
            done.drain(..).try_for_each(&mut take)
        })?;
        done = outcomes.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
    }
    done.into_iter().try_for_each(take)
}
