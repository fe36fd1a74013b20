//! Recipes.

use millwright_domain::{
    Fault, Metric, PipelineSpec, Scores, Split, TargetMetric, TrainingSpec, ValidationSpec,
};
use millwright_proto::trainer::{self as pb, split_spec};

use crate::{
    FromWire, ToWire, WireError,
    convert::{finite, optional, required},
};

impl ToWire for TrainingSpec {
    type Wire = pb::TrainingSpec;

    fn to_wire(&self) -> pb::TrainingSpec {
        pb::TrainingSpec {
            pipeline: Some(self.pipeline.to_wire()),
            split: Some(self.split.to_wire()),
            seed: self.seed,
            validation: self.validation.as_ref().map(ToWire::to_wire),
            table: self.table.as_ref().map(ToWire::to_wire),
        }
    }
}

impl FromWire for TrainingSpec {
    type Wire = pb::TrainingSpec;

    fn from_wire(wire: pb::TrainingSpec) -> Result<Self, WireError> {
        let spec = Self {
            pipeline: required("pipeline", wire.pipeline)?,
            split: required("split", wire.split)?,
            validation: optional("validation", wire.validation)?,
            table: optional("table", wire.table)?,
            seed: wire.seed,
        };
        match spec.check().map_err(|error| error.violation()) {
            Err(Some(violation)) => Err(WireError::new(violation.field, violation.description)),
            _ => Ok(spec),
        }
    }
}

impl ToWire for PipelineSpec {
    type Wire = pb::PipelineSpec;

    fn to_wire(&self) -> pb::PipelineSpec {
        pb::PipelineSpec {
            target: self.target.clone(),
            input: Some(self.input.to_wire()),
            reduction: self.reduction.as_ref().map(ToWire::to_wire),
            logistic_regression: Some(self.logistic.to_wire()),
        }
    }
}

impl FromWire for PipelineSpec {
    type Wire = pb::PipelineSpec;

    fn from_wire(wire: pb::PipelineSpec) -> Result<Self, WireError> {
        let logistic = wire.logistic_regression.unwrap_or_default();
        Ok(Self {
            target: wire.target,
            input: required("input", wire.input)?,
            reduction: optional("reduction", wire.reduction)?,
            logistic: required("logistic_regression", Some(logistic))?,
        })
    }
}

impl ToWire for Split {
    type Wire = pb::SplitSpec;

    fn to_wire(&self) -> pb::SplitSpec {
        let split = match self.clone() {
            Self::Fraction(share) => split_spec::Split::HeldOutFraction(share),
            Self::Column(name) => split_spec::Split::Column(name),
        };
        pb::SplitSpec { split: Some(split) }
    }
}

impl FromWire for Split {
    type Wire = pb::SplitSpec;

    fn from_wire(wire: pb::SplitSpec) -> Result<Self, WireError> {
        Ok(match wire.split.ok_or_else(|| WireError::unset("split"))? {
            split_spec::Split::HeldOutFraction(share) => Self::Fraction(share),
            split_spec::Split::Column(name) => Self::Column(name),
        })
    }
}

impl ToWire for ValidationSpec {
    type Wire = pb::ValidationSpec;

    fn to_wire(&self) -> pb::ValidationSpec {
        let target = self.target.map(|target| pb::TargetMetric {
            metric: target.metric.to_wire().into(),
            value: target.value,
        });
        pb::ValidationSpec { share: self.share, target, patience: self.patience }
    }
}

impl FromWire for ValidationSpec {
    type Wire = pb::ValidationSpec;

    fn from_wire(wire: pb::ValidationSpec) -> Result<Self, WireError> {
        let target = optional("target", wire.target)?;
        Ok(Self { share: wire.share, target, patience: wire.patience })
    }
}

impl FromWire for TargetMetric {
    type Wire = pb::TargetMetric;

    fn from_wire(wire: pb::TargetMetric) -> Result<Self, WireError> {
        Ok(Self { metric: Metric::from_wire(wire.metric())?, value: wire.value })
    }
}

impl ToWire for Metric {
    type Wire = pb::Metric;

    fn to_wire(&self) -> pb::Metric {
        match self {
            Self::Accuracy => pb::Metric::Accuracy,
            Self::MacroF1 => pb::Metric::MacroF1,
            Self::LogLoss => pb::Metric::LogLoss,
        }
    }
}

impl FromWire for Metric {
    type Wire = pb::Metric;

    fn from_wire(wire: pb::Metric) -> Result<Self, WireError> {
        Ok(match wire {
            pb::Metric::Accuracy => Self::Accuracy,
            pb::Metric::MacroF1 => Self::MacroF1,
            pb::Metric::LogLoss => Self::LogLoss,
            pb::Metric::Unspecified => return Err(WireError::unset("metric")),
        })
    }
}

impl ToWire for Scores {
    type Wire = pb::Scores;

    fn to_wire(&self) -> pb::Scores {
        let Self { accuracy, macro_f1, log_loss } = *self;
        pb::Scores { accuracy, macro_f1, log_loss }
    }
}

impl FromWire for Scores {
    type Wire = pb::Scores;

    fn from_wire(wire: pb::Scores) -> Result<Self, WireError> {
        Ok(Self {
            accuracy: finite("accuracy", wire.accuracy)?,
            macro_f1: finite("macro_f1", wire.macro_f1)?,
            log_loss: finite("log_loss", wire.log_loss)?,
        })
    }
}
