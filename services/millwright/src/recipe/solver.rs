//! Flags of the estimator and of how its minimum is found.

use clap::Args;
use millwright_chassis::ConfigError;
use millwright_domain::{LogisticSpec, MiniBatchSpec, Solver};

use super::value::{ClassWeightName, ScheduleName, SolverName};

/// How the weights are found.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Solver")]
pub(super) struct SolverArgs {
    /// All rows in every step, or a few at a time
    #[arg(long, value_enum, value_name = "NAME", default_value = "lbfgs")]
    solver: SolverName,
    /// Rows of a step of sgd and adam [default: 32]
    #[arg(long, value_name = "N")]
    batch_size: Option<u32>,
    /// First step size of sgd and adam [default: 0.1 of sgd, 0.05 of adam]
    #[arg(long, value_name = "X")]
    learning_rate: Option<f64>,
    /// How the steps of sgd and adam shrink [default: cosine]
    #[arg(long, value_enum, value_name = "NAME")]
    schedule: Option<ScheduleName>,
    /// Each row counts the same, or each class
    #[arg(long, value_enum, value_name = "NAME", default_value = "uniform")]
    class_weight: ClassWeightName,
    /// Strength of the penalty on large weights
    #[arg(long, value_name = "X", default_value_t = LogisticSpec::default().l2)]
    l2: f64,
}

impl SolverArgs {
    /// The estimator, with the default limits.
    ///
    /// # Errors
    /// A flag of mini-batches beside a solver that takes all rows.
    pub(super) fn estimator(&self) -> Result<LogisticSpec, ConfigError> {
        let (l2, class_weight) = (self.l2, self.class_weight.into());
        Ok(LogisticSpec { l2, class_weight, solver: self.solver()?, ..LogisticSpec::default() })
    }

    fn solver(&self) -> Result<Solver, ConfigError> {
        match self.solver {
            SolverName::Sgd => Ok(Solver::Sgd(self.batches(MiniBatchSpec::SGD))),
            SolverName::Adam => Ok(Solver::Adam(self.batches(MiniBatchSpec::ADAM))),
            SolverName::Lbfgs => match self.first_given() {
                None => Ok(Solver::Lbfgs),
                Some(flag) => {
                    let problem = "lbfgs takes all rows in a step: say --solver sgd or adam";
                    Err(ConfigError::new(flag, problem))
                }
            },
        }
    }

    fn batches(&self, default: MiniBatchSpec) -> MiniBatchSpec {
        MiniBatchSpec {
            batch_size: self.batch_size.unwrap_or(default.batch_size),
            learning_rate: self.learning_rate.unwrap_or(default.learning_rate),
            schedule: self.schedule.map_or(default.schedule, Into::into),
        }
    }

    fn first_given(&self) -> Option<&'static str> {
        let given = [
            (self.batch_size.is_some(), "--batch-size"),
            (self.learning_rate.is_some(), "--learning-rate"),
            (self.schedule.is_some(), "--schedule"),
        ];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }
}
