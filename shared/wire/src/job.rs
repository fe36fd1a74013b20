//! Data sets and jobs.

use millwright_domain::{
    ColumnKind, Dataset, DatasetColumn, Distinct, JobState, Phase, Progress, TableProfile,
    TrainingJob, Version,
};
use millwright_proto::trainer as pb;

use crate::{
    FromWire, ToWire, WireError,
    convert::{optional, parse, repeated, required, time},
};

impl ToWire for Dataset {
    type Wire = pb::Dataset;

    fn to_wire(&self) -> pb::Dataset {
        pb::Dataset {
            digest: self.digest.to_string(),
            size_bytes: self.size_bytes,
            n_rows: self.table.n_rows,
            columns: self.table.columns.iter().map(ToWire::to_wire).collect(),
            format: Some(self.table.format.to_wire()),
            contradictions: self.table.contradictions.clone(),
            created_at: Some(self.created_at.into()),
        }
    }
}

impl FromWire for Dataset {
    type Wire = pb::Dataset;

    fn from_wire(wire: pb::Dataset) -> Result<Self, WireError> {
        let table = TableProfile {
            n_rows: wire.n_rows,
            columns: repeated("columns", wire.columns)?,
            format: required("format", wire.format)?,
            contradictions: wire.contradictions,
        };
        let digest = parse("digest", &wire.digest)?;
        let created_at = time("created_at", wire.created_at)?;
        Ok(Self { digest, size_bytes: wire.size_bytes, table, created_at })
    }
}

impl ToWire for DatasetColumn {
    type Wire = pb::DatasetColumn;

    fn to_wire(&self) -> pb::DatasetColumn {
        let kind = match self.kind {
            ColumnKind::Numeric => pb::ColumnKind::Numeric,
            ColumnKind::Text => pb::ColumnKind::Text,
        };
        let (n_distinct, more_distinct) = match self.distinct {
            Distinct::Exactly(n) => (n, false),
            Distinct::MoreThan(n) => (n, true),
        };
        pb::DatasetColumn {
            name: self.name.clone(),
            kind: kind.into(),
            n_missing: self.n_missing,
            first_text_line: self.first_text_line.unwrap_or(0),
            n_distinct,
            more_distinct,
            min: self.range.map(|(min, _)| min),
            max: self.range.map(|(_, max)| max),
        }
    }
}

impl FromWire for DatasetColumn {
    type Wire = pb::DatasetColumn;

    fn from_wire(wire: pb::DatasetColumn) -> Result<Self, WireError> {
        let kind = match wire.kind() {
            pb::ColumnKind::Numeric => ColumnKind::Numeric,
            pb::ColumnKind::Text => ColumnKind::Text,
            pb::ColumnKind::Unspecified => return Err(WireError::unset("kind")),
        };
        let first_text_line = Some(wire.first_text_line).filter(|line| *line > 0);
        let distinct = if wire.more_distinct { Distinct::MoreThan } else { Distinct::Exactly };
        Ok(Self {
            name: wire.name,
            kind,
            n_missing: wire.n_missing,
            distinct: distinct(wire.n_distinct),
            range: wire.min.zip(wire.max),
            first_text_line,
        })
    }
}

impl ToWire for TrainingJob {
    type Wire = pb::TrainingJob;

    fn to_wire(&self) -> pb::TrainingJob {
        pb::TrainingJob {
            id: self.id.to_string(),
            model: self.model.to_string(),
            dataset_digest: self.dataset.to_string(),
            spec: Some(self.spec.to_wire()),
            state: self.state.to_wire().into(),
            failure: self.failure.clone().unwrap_or_default(),
            progress: self.progress.as_ref().map(ToWire::to_wire),
            version: self.version.map_or(0, Version::get),
            created_at: Some(self.created_at.into()),
            started_at: self.started_at.map(Into::into),
            ended_at: self.ended_at.map(Into::into),
        }
    }
}

impl FromWire for TrainingJob {
    type Wire = pb::TrainingJob;

    fn from_wire(wire: pb::TrainingJob) -> Result<Self, WireError> {
        let moment = |field, at: Option<_>| at.map(|at| time(field, Some(at))).transpose();
        Ok(Self {
            state: JobState::from_wire(wire.state())?,
            id: parse("id", &wire.id)?,
            model: parse("model", &wire.model)?,
            dataset: parse("dataset_digest", &wire.dataset_digest)?,
            spec: required("spec", wire.spec)?,
            failure: Some(wire.failure).filter(|why| !why.is_empty()),
            progress: wire.progress.map(Progress::from_wire).transpose()?,
            version: Version::new(wire.version),
            created_at: time("created_at", wire.created_at)?,
            started_at: moment("started_at", wire.started_at)?,
            ended_at: moment("ended_at", wire.ended_at)?,
        })
    }
}

impl ToWire for JobState {
    type Wire = pb::TrainingJobState;

    fn to_wire(&self) -> pb::TrainingJobState {
        match self {
            Self::Queued => pb::TrainingJobState::Queued,
            Self::Running => pb::TrainingJobState::Running,
            Self::Succeeded => pb::TrainingJobState::Succeeded,
            Self::Failed => pb::TrainingJobState::Failed,
            Self::Cancelled => pb::TrainingJobState::Cancelled,
        }
    }
}

impl FromWire for JobState {
    type Wire = pb::TrainingJobState;

    fn from_wire(wire: pb::TrainingJobState) -> Result<Self, WireError> {
        Ok(match wire {
            pb::TrainingJobState::Queued => Self::Queued,
            pb::TrainingJobState::Running => Self::Running,
            pb::TrainingJobState::Succeeded => Self::Succeeded,
            pb::TrainingJobState::Failed => Self::Failed,
            pb::TrainingJobState::Cancelled => Self::Cancelled,
            pb::TrainingJobState::Unspecified => return Err(WireError::unset("state")),
        })
    }
}

impl ToWire for Progress {
    type Wire = pb::TrainingProgress;

    fn to_wire(&self) -> pb::TrainingProgress {
        pb::TrainingProgress {
            phase: self.phase.to_wire().into(),
            iteration: self.iteration,
            max_iter: self.max_iter,
            loss: self.loss,
            gradient: self.gradient,
            rows_per_second: self.rows_per_second,
            seconds_left: self.seconds_left,
            validation: self.validation.as_ref().map(ToWire::to_wire),
        }
    }
}

impl FromWire for Progress {
    type Wire = pb::TrainingProgress;

    fn from_wire(wire: pb::TrainingProgress) -> Result<Self, WireError> {
        Ok(Self {
            phase: Phase::from_wire(wire.phase())?,
            iteration: wire.iteration,
            max_iter: wire.max_iter,
            loss: wire.loss,
            gradient: wire.gradient,
            rows_per_second: wire.rows_per_second,
            seconds_left: wire.seconds_left,
            validation: optional("validation", wire.validation)?,
        })
    }
}

impl ToWire for Phase {
    type Wire = pb::TrainingPhase;

    fn to_wire(&self) -> pb::TrainingPhase {
        match self {
            Self::Reading => pb::TrainingPhase::Reading,
            Self::Fitting => pb::TrainingPhase::Fitting,
            Self::Scoring => pb::TrainingPhase::Scoring,
            Self::Registering => pb::TrainingPhase::Registering,
        }
    }
}

impl FromWire for Phase {
    type Wire = pb::TrainingPhase;

    fn from_wire(wire: pb::TrainingPhase) -> Result<Self, WireError> {
        Ok(match wire {
            pb::TrainingPhase::Reading => Self::Reading,
            pb::TrainingPhase::Fitting => Self::Fitting,
            pb::TrainingPhase::Scoring => Self::Scoring,
            pb::TrainingPhase::Registering => Self::Registering,
            pb::TrainingPhase::Unspecified => return Err(WireError::unset("phase")),
        })
    }
}
