//! Who is told of a training run, and may end it.

use std::ops::ControlFlow;

use millwright_domain::Progress;

use super::Checkpoint;

/// Is told how far a training run has come, and says whether it goes on.
///
/// Both are called on the thread that trains, and often: an observer that stores or sends what it
/// hears does so every now and then. After [`ControlFlow::Break`] training ends at once with
/// [`crate::TrainError::Cancelled`], and leaves nothing behind.
///
/// A closure is an observer that keeps no checkpoint:
///
/// ```
/// use std::ops::ControlFlow;
/// use millwright_domain::Progress;
/// use millwright_ml::TrainingObserver;
///
/// let mut nobody = |_: Progress| ControlFlow::Continue(());
/// let observer: &mut dyn TrainingObserver = &mut nobody;
/// ```
pub trait TrainingObserver {
    /// Told where each phase begins and after each iteration; asked again, with the same words,
    /// every few megabytes of every pass over the data.
    fn progress(&mut self, progress: Progress) -> ControlFlow<()>;

    /// Offered after each iteration, when its progress was told: all that it takes to go on from
    /// here. [`Checkpoint::write`] takes its time; what is not written costs nothing.
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> ControlFlow<()> {
        let _ = checkpoint;
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(Progress) -> ControlFlow<()>> TrainingObserver for F {
    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        self(progress)
    }
}
