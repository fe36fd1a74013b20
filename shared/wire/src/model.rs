//! Models, versions and aliases.

use millwright_domain::{
    AliasEntry, AliasMove, Evaluation, Lineage, MOST_CURVE_POINTS, Model, ModelVersion, Principal,
    ReductionSummary, StopReason, TrainingSummary, Version,
};
use millwright_proto::registry as pb;

use crate::{
    FromWire, ToWire, WireError,
    convert::{finite, optional, parse, repeated, required, tags, tags_to_wire, time, version},
};

impl ToWire for Model {
    type Wire = pb::Model;

    fn to_wire(&self) -> pb::Model {
        pb::Model {
            name: self.name.to_string(),
            aliases: self.aliases.iter().map(ToWire::to_wire).collect(),
            latest_version: self.latest.get(),
            tags: tags_to_wire(&self.tags),
            created_at: Some(self.created_at.into()),
        }
    }
}

impl FromWire for Model {
    type Wire = pb::Model;

    fn from_wire(wire: pb::Model) -> Result<Self, WireError> {
        Ok(Self {
            name: parse("name", &wire.name)?,
            aliases: repeated("aliases", wire.aliases)?,
            latest: version("latest_version", wire.latest_version)?,
            tags: tags("tags", wire.tags)?,
            created_at: time("created_at", wire.created_at)?,
        })
    }
}

impl ToWire for AliasEntry {
    type Wire = pb::Alias;

    fn to_wire(&self) -> pb::Alias {
        pb::Alias {
            name: self.name.to_string(),
            version: self.version.get(),
            artifact: Some(self.artifact.to_wire()),
            updated_at: Some(self.updated_at.into()),
        }
    }
}

impl FromWire for AliasEntry {
    type Wire = pb::Alias;

    fn from_wire(wire: pb::Alias) -> Result<Self, WireError> {
        Ok(Self {
            name: parse("name", &wire.name)?,
            version: version("version", wire.version)?,
            artifact: required("artifact", wire.artifact)?,
            updated_at: time("updated_at", wire.updated_at)?,
        })
    }
}

impl ToWire for AliasMove {
    type Wire = pb::AliasMove;

    fn to_wire(&self) -> pb::AliasMove {
        pb::AliasMove {
            revision: self.revision,
            alias: self.alias.to_string(),
            from_version: self.from.map_or(0, Version::get),
            to_version: self.to.map_or(0, Version::get),
            moved_at: Some(self.at.into()),
            moved_by: self.by.to_string(),
        }
    }
}

impl FromWire for AliasMove {
    type Wire = pb::AliasMove;

    fn from_wire(wire: pb::AliasMove) -> Result<Self, WireError> {
        Ok(Self {
            revision: wire.revision,
            alias: parse("alias", &wire.alias)?,
            from: Version::new(wire.from_version),
            to: Version::new(wire.to_version),
            at: time("moved_at", wire.moved_at)?,
            by: Principal::from(wire.moved_by),
        })
    }
}

impl ToWire for ModelVersion {
    type Wire = pb::ModelVersion;

    fn to_wire(&self) -> pb::ModelVersion {
        pb::ModelVersion {
            model: self.model.to_string(),
            version: self.version.get(),
            artifact: Some(self.artifact.to_wire()),
            signature: Some(self.signature.to_wire()),
            classes: self.classes.clone(),
            evaluation: Some(self.evaluation.to_wire()),
            lineage: Some(self.lineage.to_wire()),
            created_at: Some(self.created_at.into()),
            created_by: self.created_by.to_string(),
            tags: tags_to_wire(&self.tags),
        }
    }
}

impl FromWire for ModelVersion {
    type Wire = pb::ModelVersion;

    fn from_wire(wire: pb::ModelVersion) -> Result<Self, WireError> {
        Ok(Self {
            model: parse("model", &wire.model)?,
            version: version("version", wire.version)?,
            artifact: required("artifact", wire.artifact)?,
            signature: required("signature", wire.signature)?,
            classes: wire.classes,
            evaluation: required("evaluation", wire.evaluation)?,
            lineage: required("lineage", wire.lineage)?,
            created_at: time("created_at", wire.created_at)?,
            created_by: Principal::from(wire.created_by),
            tags: tags("tags", wire.tags)?,
        })
    }
}

impl ToWire for Evaluation {
    type Wire = pb::Evaluation;

    fn to_wire(&self) -> pb::Evaluation {
        pb::Evaluation {
            n_test: self.n_test,
            accuracy: self.accuracy,
            macro_f1: self.macro_f1,
            log_loss: self.log_loss,
            confusion: self.confusion.clone(),
        }
    }
}

impl FromWire for Evaluation {
    type Wire = pb::Evaluation;

    fn from_wire(wire: pb::Evaluation) -> Result<Self, WireError> {
        Ok(Self {
            n_test: wire.n_test,
            accuracy: finite("accuracy", wire.accuracy)?,
            macro_f1: finite("macro_f1", wire.macro_f1)?,
            log_loss: finite("log_loss", wire.log_loss)?,
            confusion: wire.confusion,
        })
    }
}

impl ToWire for Lineage {
    type Wire = pb::Lineage;

    fn to_wire(&self) -> pb::Lineage {
        pb::Lineage {
            dataset_digest: self.dataset.to_string(),
            spec: Some(self.spec.to_wire()),
            job_id: self.job.to_string(),
            library: self.library.clone(),
            summary: Some(self.summary.to_wire()),
        }
    }
}

impl FromWire for Lineage {
    type Wire = pb::Lineage;

    fn from_wire(wire: pb::Lineage) -> Result<Self, WireError> {
        Ok(Self {
            dataset: parse("dataset_digest", &wire.dataset_digest)?,
            spec: required("spec", wire.spec)?,
            job: parse("job_id", &wire.job_id)?,
            library: wire.library,
            summary: required("summary", wire.summary)?,
        })
    }
}

impl ToWire for TrainingSummary {
    type Wire = pb::TrainingSummary;

    fn to_wire(&self) -> pb::TrainingSummary {
        pb::TrainingSummary {
            n_train: self.n_train,
            n_test: self.n_test,
            n_without_target: self.n_without_target,
            n_features: self.n_features,
            iterations: self.iterations,
            converged: self.converged,
            loss: self.loss,
            constant_columns: self.constant_columns.clone(),
            imputed_cells: self.imputed_cells,
            n_validation: self.n_validation,
            reduction: self.reduction.as_ref().map(ToWire::to_wire),
            stopped: self.stopped.to_wire().into(),
            curve: self.curve.iter().map(ToWire::to_wire).collect(),
        }
    }
}

impl FromWire for TrainingSummary {
    type Wire = pb::TrainingSummary;

    fn from_wire(wire: pb::TrainingSummary) -> Result<Self, WireError> {
        if wire.curve.len() > MOST_CURVE_POINTS {
            let problem = format!("{MOST_CURVE_POINTS} points at most");
            return Err(WireError::new("curve", problem));
        }
        Ok(Self {
            stopped: StopReason::from_wire(wire.stopped())?,
            n_train: wire.n_train,
            n_test: wire.n_test,
            n_without_target: wire.n_without_target,
            n_features: wire.n_features,
            iterations: wire.iterations,
            converged: wire.converged,
            loss: finite("loss", wire.loss)?,
            constant_columns: wire.constant_columns,
            imputed_cells: wire.imputed_cells,
            n_validation: wire.n_validation,
            reduction: optional("reduction", wire.reduction)?,
            curve: repeated("curve", wire.curve)?,
        })
    }
}

impl ToWire for ReductionSummary {
    type Wire = pb::ReductionSummary;

    fn to_wire(&self) -> pb::ReductionSummary {
        let Self { n_components, explained_variance } = *self;
        pb::ReductionSummary { n_components, explained_variance }
    }
}

impl FromWire for ReductionSummary {
    type Wire = pb::ReductionSummary;

    fn from_wire(wire: pb::ReductionSummary) -> Result<Self, WireError> {
        let explained_variance = finite("explained_variance", wire.explained_variance)?;
        Ok(Self { n_components: wire.n_components, explained_variance })
    }
}
