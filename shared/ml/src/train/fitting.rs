//! The loop: iterations until there is a reason to stop.

use millwright_domain::{CurvePoint, LogisticSpec, Scores, StopReason, ValidationSpec};

use super::{
    Checkpoint, Reporter, TrainError,
    checkpoint::{Best, Origin},
};
use crate::{
    design::Design,
    logistic::{FittedLogistic, Fitter, MeanLoss, Moved, score},
};

/// What is fitted to what.
pub(super) struct Fitting<'a> {
    pub(super) spec: LogisticSpec,
    pub(super) seed: u64,
    pub(super) train: &'a dyn Design,
    /// What the loss of a row of each class weighs.
    pub(super) class_weights: Vec<f64>,
    pub(super) validation: Option<Validation<'a>>,
}

/// Rows that are watched, and what for.
#[derive(Clone, Copy)]
pub(super) struct Validation<'a> {
    pub(super) spec: ValidationSpec,
    pub(super) rows: &'a dyn Design,
}

/// The fitted estimator, and how that came about.
pub(super) struct Fit {
    pub(super) head: FittedLogistic,
    pub(super) iterations: u32,
    pub(super) stopped: StopReason,
    /// Objective divided by the number of rows.
    pub(super) loss: f64,
    pub(super) curve: Vec<CurvePoint>,
}

impl Fitting<'_> {
    /// Iterates from the beginning, or from a checkpoint of the same `origin`.
    ///
    /// The result does not depend on where it was resumed, nor on the number of threads.
    pub(super) fn run(
        self,
        origin: Origin,
        resume: Option<&Checkpoint>,
        reporter: &mut Reporter<'_>,
    ) -> Result<Fit, TrainError> {
        let fitter = Fitter { spec: self.spec, seed: self.seed };
        let mut loss = MeanLoss::new(self.train, self.class_weights.clone(), self.spec.l2);
        let mut state = match resume {
            Some(checkpoint) => checkpoint.resumed(&origin, &fitter, &loss)?,
            None => Checkpoint::new(origin, fitter.start(&mut loss, &mut || reporter.ask())?),
        };
        reporter.begin(&state.run, self.train.n_rows());
        let stopped = loop {
            if let Some(reason) = self.reason_to_stop(&state) {
                break reason;
            }
            let moved = fitter.advance(&mut state.run, &mut loss, &mut || reporter.ask())?;
            if moved == Moved::Nowhere {
                break StopReason::NoProgress;
            }
            let scores = self.watch(&mut state, reporter)?;
            reporter.iteration(&state.run, scores)?;
            reporter.checkpoint(&state)?;
        };
        Ok(self.fit(state, stopped))
    }

    /// Decided by the state alone: a run that is resumed stops where the other one did.
    fn reason_to_stop(&self, state: &Checkpoint) -> Option<StopReason> {
        let (run, watch) = (&state.run, &state.watch);
        let latest = watch.curve.latest().and_then(|point| point.validation);
        let target = self.validation.and_then(|validation| validation.spec.target);
        let is_met = target.zip(latest).is_some_and(|(target, scores)| target.is_met(&scores));
        let patience = self.validation.and_then(|validation| validation.spec.patience);
        let best = watch.best.as_ref().map(|best| best.point.iteration);
        let waited = best.map(|best| run.iterations.saturating_sub(best));
        let reasons = [
            (run.here.slope() <= self.spec.tolerance, StopReason::Tolerance),
            (is_met, StopReason::TargetMetric),
            (patience.zip(waited).is_some_and(|(most, n)| n >= most), StopReason::Patience),
            (run.iterations >= self.spec.max_iter, StopReason::IterationLimit),
        ];
        reasons.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
    }

    /// Scores the latest iteration, and remembers it where it is the best.
    fn watch(
        &self,
        state: &mut Checkpoint,
        reporter: &mut Reporter<'_>,
    ) -> Result<Option<Scores>, TrainError> {
        let at = &state.run.here.at;
        let scores = self.validation.map(|Validation { rows, .. }| {
            score(rows, self.class_weights.len(), at, &mut || reporter.ask())
        });
        let validation = scores.transpose()?;
        let (iteration, loss) = (state.run.iterations, state.run.here.value);
        let point = CurvePoint { iteration, loss, validation };
        state.watch.curve.push(point);
        let is_patient = self.validation.is_some_and(|v| v.spec.patience.is_some());
        if let Some(scores) = validation.filter(|_| is_patient) {
            let best = state.watch.best.as_ref();
            if best.is_none_or(|best| scores.log_loss < best.scores.log_loss) {
                state.watch.best = Some(Best { point, scores, at: at.clone() });
            }
        }
        Ok(validation)
    }

    fn fit(&self, state: Checkpoint, stopped: StopReason) -> Fit {
        let Checkpoint { run, watch, .. } = state;
        let (at, loss) = match watch.best {
            Some(best) if stopped == StopReason::Patience => (best.at, best.point.loss),
            _ => (run.here.at, run.here.value),
        };
        let head = FittedLogistic::new(&at, self.class_weights.len());
        let curve = watch.curve.into_points();
        Fit { head, iterations: run.iterations, stopped, loss, curve }
    }
}
