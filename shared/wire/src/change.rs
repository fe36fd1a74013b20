//! Changes and work that are asked for.

use millwright_domain::{DeleteAlias, Expected, NewJob, NewVersion, SetAlias, SetTags, Version};
use millwright_proto::{
    registry::{CreateModelVersionRequest, DeleteAliasRequest, SetAliasRequest, SetTagsRequest},
    trainer::CreateTrainingJobRequest,
};

use crate::{
    FromWire, ToWire, WireError,
    convert::{parse, required, tags, tags_to_wire, version},
};

/// Longest idempotency key, in characters.
const LONGEST_KEY: usize = 128;

impl ToWire for NewVersion {
    type Wire = CreateModelVersionRequest;

    fn to_wire(&self) -> CreateModelVersionRequest {
        CreateModelVersionRequest {
            model: self.model.to_string(),
            artifact_digest: self.artifact.to_string(),
            signature: Some(self.signature.to_wire()),
            classes: self.classes.clone(),
            evaluation: Some(self.evaluation.to_wire()),
            lineage: Some(self.lineage.to_wire()),
            idempotency_key: self.idempotency_key.clone(),
        }
    }
}

impl FromWire for NewVersion {
    type Wire = CreateModelVersionRequest;

    fn from_wire(wire: CreateModelVersionRequest) -> Result<Self, WireError> {
        let key = key(wire.idempotency_key)?;
        Ok(Self {
            model: parse("model", &wire.model)?,
            artifact: parse("artifact_digest", &wire.artifact_digest)?,
            signature: required("signature", wire.signature)?,
            classes: wire.classes,
            evaluation: required("evaluation", wire.evaluation)?,
            lineage: required("lineage", wire.lineage)?,
            idempotency_key: key.ok_or_else(|| WireError::unset("idempotency_key"))?,
        })
    }
}

impl ToWire for SetAlias {
    type Wire = SetAliasRequest;

    fn to_wire(&self) -> SetAliasRequest {
        SetAliasRequest {
            model: self.model.to_string(),
            alias: self.alias.to_string(),
            version: self.version.get(),
            expected_version: match self.expected {
                Expected::Any => None,
                Expected::Nowhere => Some(0),
                Expected::At(version) => Some(version.get()),
            },
        }
    }
}

impl FromWire for SetAlias {
    type Wire = SetAliasRequest;

    fn from_wire(wire: SetAliasRequest) -> Result<Self, WireError> {
        Ok(Self {
            model: parse("model", &wire.model)?,
            alias: parse("alias", &wire.alias)?,
            version: version("version", wire.version)?,
            expected: match wire.expected_version {
                None => Expected::Any,
                Some(number) => Version::new(number).map_or(Expected::Nowhere, Expected::At),
            },
        })
    }
}

impl ToWire for DeleteAlias {
    type Wire = DeleteAliasRequest;

    fn to_wire(&self) -> DeleteAliasRequest {
        DeleteAliasRequest {
            model: self.model.to_string(),
            alias: self.alias.to_string(),
            expected_version: match self.expected {
                Expected::At(version) => Some(version.get()),
                Expected::Any | Expected::Nowhere => None,
            },
        }
    }
}

impl FromWire for DeleteAlias {
    type Wire = DeleteAliasRequest;

    fn from_wire(wire: DeleteAliasRequest) -> Result<Self, WireError> {
        Ok(Self {
            model: parse("model", &wire.model)?,
            alias: parse("alias", &wire.alias)?,
            expected: match wire.expected_version {
                None => Expected::Any,
                Some(number) => Expected::At(version("expected_version", number)?),
            },
        })
    }
}

impl ToWire for SetTags {
    type Wire = SetTagsRequest;

    fn to_wire(&self) -> SetTagsRequest {
        SetTagsRequest {
            model: self.model.to_string(),
            version: self.version.map_or(0, Version::get),
            set: tags_to_wire(&self.set),
            remove: self.remove.iter().map(ToString::to_string).collect(),
        }
    }
}

impl FromWire for SetTags {
    type Wire = SetTagsRequest;

    fn from_wire(wire: SetTagsRequest) -> Result<Self, WireError> {
        let remove = wire.remove.iter().map(|key| parse("remove", key));
        Ok(Self {
            model: parse("model", &wire.model)?,
            version: Version::new(wire.version),
            set: tags("set", wire.set)?,
            remove: remove.collect::<Result<_, _>>()?,
        })
    }
}

impl ToWire for NewJob {
    type Wire = CreateTrainingJobRequest;

    fn to_wire(&self) -> CreateTrainingJobRequest {
        CreateTrainingJobRequest {
            model: self.model.to_string(),
            dataset_digest: self.dataset.to_string(),
            spec: Some(self.spec.to_wire()),
            idempotency_key: self.idempotency_key.clone().unwrap_or_default(),
        }
    }
}

impl FromWire for NewJob {
    type Wire = CreateTrainingJobRequest;

    fn from_wire(wire: CreateTrainingJobRequest) -> Result<Self, WireError> {
        Ok(Self {
            model: parse("model", &wire.model)?,
            dataset: parse("dataset_digest", &wire.dataset_digest)?,
            spec: required("spec", wire.spec)?,
            idempotency_key: key(wire.idempotency_key)?,
        })
    }
}

/// `None` where the key is empty.
fn key(key: String) -> Result<Option<String>, WireError> {
    if key.chars().count() > LONGEST_KEY {
        let problem = format!("must have {LONGEST_KEY} characters at most");
        return Err(WireError::new("idempotency_key", problem));
    }
    Ok(Some(key).filter(|key| !key.is_empty()))
}
