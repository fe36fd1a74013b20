//! Flags of when the iterations end.

use clap::Args;
use millwright_domain::{LogisticSpec, TargetMetric, ValidationSpec};

use super::value::target_metric;

/// Share of the training rows that is watched where a flag needs one and nobody says how large.
const WATCHED: f64 = 0.1;

/// When training ends.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Stopping")]
pub(super) struct StoppingArgs {
    /// Most iterations: steps of lbfgs, epochs of sgd and adam
    #[arg(long, value_name = "N", default_value_t = LogisticSpec::default().max_iter)]
    max_iter: u32,
    /// Stop when no element of the mean loss's gradient is larger
    #[arg(long, value_name = "X", default_value = "1e-5")]
    tolerance: f64,
    /// Watch this share of the training rows instead of fitting them
    #[arg(long, value_name = "SHARE")]
    validation: Option<f64>,
    /// Stop when the watched rows reach this: accuracy=, macro_f1= or log_loss= [implies
    /// --validation 0.1]
    #[arg(long, value_name = "METRIC=X", value_parser = target_metric)]
    target_metric: Option<TargetMetric>,
    /// Stop when their log loss has not fallen for N iterations, and go back to its lowest [implies
    /// --validation 0.1]
    #[arg(long, value_name = "N")]
    patience: Option<u32>,
}

impl StoppingArgs {
    /// `estimator` with these limits.
    pub(super) fn limit(&self, estimator: LogisticSpec) -> LogisticSpec {
        let Self { max_iter, tolerance, .. } = *self;
        LogisticSpec { max_iter, tolerance, ..estimator }
    }

    /// The rows to watch, where a flag asks for some.
    pub(super) fn validation(&self) -> Option<ValidationSpec> {
        let Self { target_metric: target, patience, .. } = *self;
        let implied = (target.is_some() || patience.is_some()).then_some(WATCHED);
        let share = self.validation.or(implied)?;
        Some(ValidationSpec { share, target, patience })
    }
}
