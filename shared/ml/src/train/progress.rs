//! How far a training run has come. The clock is read here and nowhere else: no result sees it.

use std::{ops::ControlFlow, time::Instant};

use millwright_domain::{Phase, Progress, Scores};

use super::{Checkpoint, TrainError, TrainingObserver};
use crate::logistic::Run;

/// Tells the observer how far the run has come, and asks whether it goes on.
///
/// Everything that takes its time asks every now and then, for each chunk or for some blocks of the
/// table, and ends with the error that it gets.
pub(super) struct Reporter<'a> {
    observer: &'a mut dyn TrainingObserver,
    latest: Progress,
    fitting: Pace,
}

/// Where and when fitting began.
struct Pace {
    at: Instant,
    iterations: u32,
    passes: u64,
    n_rows: usize,
}

impl Pace {
    fn of(run: &Run, n_rows: usize) -> Self {
        Self { at: Instant::now(), iterations: run.iterations, passes: run.passes, n_rows }
    }
}

impl<'a> Reporter<'a> {
    pub(super) fn new(observer: &'a mut dyn TrainingObserver, max_iter: u32) -> Self {
        let latest = Progress {
            phase: Phase::Reading,
            iteration: 0,
            max_iter,
            loss: 0.0,
            gradient: 0.0,
            rows_per_second: 0.0,
            seconds_left: 0.0,
            validation: None,
        };
        let fitting = Pace { at: Instant::now(), iterations: 0, passes: 0, n_rows: 0 };
        Self { observer, latest, fitting }
    }

    pub(super) fn enter(&mut self, phase: Phase) -> Result<(), TrainError> {
        self.latest.phase = phase;
        self.ask()
    }

    /// Asks whether to go on.
    ///
    /// # Errors
    /// [`TrainError::Cancelled`] if not.
    pub(super) fn ask(&mut self) -> Result<(), TrainError> {
        go_on(self.observer.progress(self.latest))
    }

    /// Starts the clock of the iterations over `n_rows` rows, the first of which comes after `run`.
    pub(super) fn begin(&mut self, run: &Run, n_rows: usize) {
        self.fitting = Pace::of(run, n_rows);
    }

    /// Tells of an iteration that is done.
    pub(super) fn iteration(
        &mut self,
        run: &Run,
        validation: Option<Scores>,
    ) -> Result<(), TrainError> {
        let Pace { at, iterations, passes, n_rows } = self.fitting;
        let seconds = at.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        let left = f64::from(self.latest.max_iter.saturating_sub(run.iterations));
        self.latest = Progress {
            iteration: run.iterations,
            loss: run.here.value,
            gradient: run.here.slope(),
            rows_per_second: (run.passes - passes) as f64 * n_rows as f64 / seconds,
            seconds_left: left * seconds / f64::from(run.iterations - iterations),
            validation,
            ..self.latest
        };
        self.ask()
    }

    pub(super) fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        go_on(self.observer.checkpoint(checkpoint))
    }
}

fn go_on(answer: ControlFlow<()>) -> Result<(), TrainError> {
    match answer {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(TrainError::Cancelled),
    }
}
