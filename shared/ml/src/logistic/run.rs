//! A walk downhill, an iteration at a time.

use millwright_domain::{LogisticSpec, Solver};
use serde::{Deserialize, Serialize};

use super::{
    Asking, MeanLoss, Point,
    lbfgs::Memory,
    mini_batch::{Epoch, MiniBatches},
    objective::Ask,
};
use crate::{
    TrainError,
    draws::{Draws, Purpose},
};

/// Spread of the weights that training begins with.
const INITIAL_SPREAD: f64 = 0.01;

/// The checked estimator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fitter {
    pub(crate) spec: LogisticSpec,
    pub(crate) seed: u64,
}

/// Where a walk stands: all that it takes to go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) here: Point,
    pub(crate) iterations: u32,
    /// Passes over the data so far.
    pub(crate) passes: u64,
    method: Method,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Method {
    Lbfgs(Memory),
    MiniBatches(MiniBatches),
}

/// What came of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Downhill,
    /// No step goes down.
    Nowhere,
}

impl Fitter {
    /// Stands at small random weights.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] if there is no way from there.
    pub(crate) fn start(&self, loss: &mut MeanLoss<'_>, ask: Ask<'_>) -> Result<Run, TrainError> {
        let n = loss.n_parameters();
        let mut draws = Draws::new(self.seed, Purpose::Weights);
        let mut here = Point { at: vec![0.0; n], value: 0.0, gradient: vec![0.0; n] };
        here.at[..n - loss.outputs].fill_with(|| INITIAL_SPREAD * draws.normal());
        here.value = loss.evaluate(&here.at, &mut here.gradient, ask)?;
        let run = Run { here, iterations: 0, passes: 1, method: self.method(loss) };
        run.check()?;
        Ok(run)
    }

    /// Whether `run` is a walk on `loss` that began here.
    pub(crate) fn began(&self, run: &Run, loss: &MeanLoss<'_>) -> bool {
        let n = loss.n_parameters();
        let continues = match (&run.method, &self.method(loss)) {
            (Method::Lbfgs(memory), Method::Lbfgs(_)) => memory.fits(n),
            (Method::MiniBatches(batches), Method::MiniBatches(fresh)) => batches.continues(fresh),
            (Method::Lbfgs(_), Method::MiniBatches(_))
            | (Method::MiniBatches(_), Method::Lbfgs(_)) => false,
        };
        continues && run.here.at.len() == n && run.here.gradient.len() == n
    }

    /// Takes `run` one iteration further.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] if it went off to where there are no numbers.
    pub(crate) fn advance(
        &self,
        run: &mut Run,
        loss: &mut MeanLoss<'_>,
        ask: Ask<'_>,
    ) -> Result<Moved, TrainError> {
        let moved = match &mut run.method {
            Method::Lbfgs(memory) => {
                let (moved, passes) = memory.advance(&mut Asking { loss, ask }, &mut run.here)?;
                run.passes += passes;
                moved
            }
            Method::MiniBatches(batches) => {
                let number = run.iterations;
                let epoch = Epoch { number, most: self.spec.max_iter, seed: self.seed };
                batches.epoch(loss, &mut run.here.at, epoch, &mut *ask)?;
                run.here.value = loss.evaluate(&run.here.at, &mut run.here.gradient, ask)?;
                run.passes += 2;
                Moved::Downhill
            }
        };
        run.iterations += u32::from(moved == Moved::Downhill);
        run.check()?;
        Ok(moved)
    }

    fn method(&self, loss: &MeanLoss<'_>) -> Method {
        match self.spec.solver {
            Solver::Lbfgs => Method::Lbfgs(Memory::default()),
            Solver::Sgd(spec) => Method::MiniBatches(MiniBatches::sgd(spec, loss)),
            Solver::Adam(spec) => Method::MiniBatches(MiniBatches::adam(spec, loss)),
        }
    }
}

impl Run {
    fn check(&self) -> Result<(), TrainError> {
        let iterations = self.iterations;
        if self.here.is_finite() { Ok(()) } else { Err(TrainError::NotFinite { iterations }) }
    }
}
