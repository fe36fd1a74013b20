//! Work that is shared out, and comes back in order.

/// Pieces that are worked on at a time.
const ROUND: usize = 6;

/// Calls `work` with every number below `n`, several at a time, and `take` with what came of them:
/// in order, and on this thread, while the next are worked on.
///
/// # Errors
/// That of the first piece that has one, or of `take`.
pub(crate) fn in_order<T: Send, E: Send>(
    n: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut done = Vec::new();
    for first in (0..n).step_by(ROUND) {
        let pieces = first..n.min(first + ROUND);
        let mut outcomes = pieces.clone().map(|_| None).collect::<Vec<_>>();
        rayon::in_place_scope(|scope| {
            for (i, outcome) in pieces.zip(&mut outcomes) {
                let work = &work;
                scope.spawn(move |_| *outcome = Some(work(i)));
            }
            done.drain(..).try_for_each(&mut take)
        })?;
        // What comes before the first error was sound, and an error of `take` comes before it.
        for outcome in outcomes.into_iter().flatten() {
            match outcome {
                Ok(part) => done.push(part),
                Err(error) => return done.drain(..).try_for_each(&mut take).and(Err(error)),
            }
        }
    }
    done.into_iter().try_for_each(take)
}
