//! The estimator, and what became of its training.

use millwright_domain::{
    ClassWeight, CurvePoint, LogisticSpec, MiniBatchSpec, Schedule, Solver, StopReason,
};
use millwright_proto::trainer::{self as pb, logistic_regression};

use crate::{
    FromWire, ToWire, WireError,
    convert::{finite, optional},
};

impl ToWire for LogisticSpec {
    type Wire = pb::LogisticRegression;

    fn to_wire(&self) -> pb::LogisticRegression {
        let class_weight = match self.class_weight {
            ClassWeight::Uniform => pb::ClassWeight::Uniform,
            ClassWeight::Balanced => pb::ClassWeight::Balanced,
        };
        let solver = match self.solver {
            Solver::Lbfgs => logistic_regression::Solver::Lbfgs(pb::Lbfgs {}),
            Solver::Sgd(batches) => logistic_regression::Solver::Sgd(batches.to_wire()),
            Solver::Adam(batches) => logistic_regression::Solver::Adam(batches.to_wire()),
        };
        pb::LogisticRegression {
            l2: Some(self.l2),
            max_iter: Some(self.max_iter),
            tolerance: Some(self.tolerance),
            class_weight: class_weight.into(),
            solver: Some(solver),
        }
    }
}

impl FromWire for LogisticSpec {
    type Wire = pb::LogisticRegression;

    fn from_wire(wire: pb::LogisticRegression) -> Result<Self, WireError> {
        let default = Self::default();
        let class_weight = match wire.class_weight() {
            pb::ClassWeight::Unspecified | pb::ClassWeight::Uniform => ClassWeight::Uniform,
            pb::ClassWeight::Balanced => ClassWeight::Balanced,
        };
        let solver = match wire.solver {
            None | Some(logistic_regression::Solver::Lbfgs(_)) => Solver::Lbfgs,
            Some(logistic_regression::Solver::Sgd(given)) => {
                Solver::Sgd(mini_batch(given, MiniBatchSpec::SGD))
            }
            Some(logistic_regression::Solver::Adam(given)) => {
                Solver::Adam(mini_batch(given, MiniBatchSpec::ADAM))
            }
        };
        Ok(Self {
            l2: wire.l2.unwrap_or(default.l2),
            max_iter: wire.max_iter.unwrap_or(solver.default_max_iter()),
            tolerance: wire.tolerance.unwrap_or(default.tolerance),
            class_weight,
            solver,
        })
    }
}

impl ToWire for MiniBatchSpec {
    type Wire = pb::MiniBatch;

    fn to_wire(&self) -> pb::MiniBatch {
        let schedule = match self.schedule {
            Schedule::Constant => pb::Schedule::Constant,
            Schedule::InverseTime => pb::Schedule::InverseTime,
            Schedule::Cosine => pb::Schedule::Cosine,
        };
        pb::MiniBatch {
            batch_size: Some(self.batch_size),
            learning_rate: Some(self.learning_rate),
            schedule: schedule.into(),
        }
    }
}

/// `given`, with `default` for what is not set.
fn mini_batch(given: pb::MiniBatch, default: MiniBatchSpec) -> MiniBatchSpec {
    MiniBatchSpec {
        batch_size: given.batch_size.unwrap_or(default.batch_size),
        learning_rate: given.learning_rate.unwrap_or(default.learning_rate),
        schedule: match given.schedule() {
            pb::Schedule::Unspecified => default.schedule,
            pb::Schedule::Constant => Schedule::Constant,
            pb::Schedule::InverseTime => Schedule::InverseTime,
            pb::Schedule::Cosine => Schedule::Cosine,
        },
    }
}

impl ToWire for StopReason {
    type Wire = pb::StopReason;

    fn to_wire(&self) -> pb::StopReason {
        match self {
            Self::Tolerance => pb::StopReason::Tolerance,
            Self::TargetMetric => pb::StopReason::TargetMetric,
            Self::Patience => pb::StopReason::Patience,
            Self::NoProgress => pb::StopReason::NoProgress,
            Self::IterationLimit => pb::StopReason::IterationLimit,
        }
    }
}

impl FromWire for StopReason {
    type Wire = pb::StopReason;

    fn from_wire(wire: pb::StopReason) -> Result<Self, WireError> {
        Ok(match wire {
            pb::StopReason::Tolerance => Self::Tolerance,
            pb::StopReason::TargetMetric => Self::TargetMetric,
            pb::StopReason::Patience => Self::Patience,
            pb::StopReason::NoProgress => Self::NoProgress,
            pb::StopReason::IterationLimit => Self::IterationLimit,
            pb::StopReason::Unspecified => return Err(WireError::unset("stopped")),
        })
    }
}

impl ToWire for CurvePoint {
    type Wire = pb::CurvePoint;

    fn to_wire(&self) -> pb::CurvePoint {
        pb::CurvePoint {
            iteration: self.iteration,
            loss: self.loss,
            validation: self.validation.as_ref().map(ToWire::to_wire),
        }
    }
}

impl FromWire for CurvePoint {
    type Wire = pb::CurvePoint;

    fn from_wire(wire: pb::CurvePoint) -> Result<Self, WireError> {
        Ok(Self {
            iteration: wire.iteration,
            loss: finite("loss", wire.loss)?,
            validation: optional("validation", wire.validation)?,
        })
    }
}
