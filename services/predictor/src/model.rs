//! A version that is being served.

use std::sync::Arc;

use millwright_domain::{Artifact, ModelName, ModelSignature, Version};
use millwright_ml::{ArtifactError, FittedPipeline, Predictor};
use millwright_proto::predictor::ServedVersion;
use tokio::runtime::Handle;

use crate::{
    BatchPolicy, Batcher, Compute, cache::Content, catalog::Wanted, index::Target,
    telemetry::Instruments,
};

/// A version that is being served. The last holder to go ends its queue.
pub(crate) struct ServedModel {
    pub(crate) name: ModelName,
    pub(crate) version: Version,
    pub(crate) artifact: Artifact,
    pub(crate) signature: ModelSignature,
    pub(crate) classes: Vec<String>,
    pub(crate) batcher: Batcher,
    /// As answers name it; every one of them does.
    told: ServedVersion,
}

impl ServedModel {
    pub(crate) fn target(&self) -> Target {
        Target { version: self.version, artifact: self.artifact.clone() }
    }

    /// Whether it is the version that `target` names.
    pub(crate) fn is(&self, target: &Target) -> bool {
        (self.version, &self.artifact) == (target.version, &target.artifact)
    }

    /// As answers name it.
    pub(crate) fn to_wire(&self) -> ServedVersion {
        self.told.clone()
    }

    /// Digest of its artifact, as answers name it.
    pub(crate) fn digest(&self) -> String {
        self.told.digest.clone()
    }
}

/// What all served versions share.
#[derive(Clone)]
pub(crate) struct Workshop {
    pub(crate) policy: BatchPolicy,
    pub(crate) compute: Compute,
    pub(crate) instruments: Instruments,
    /// The runtime that serves: it has the queues, whoever opens a version.
    pub(crate) serving: Handle,
}

impl Workshop {
    /// Checks an artifact, replays its golden rows and starts its queue.
    ///
    /// Takes as long as the artifact is large: not for a thread that serves.
    pub(crate) fn open(
        &self,
        wanted: Wanted,
        content: &Content,
    ) -> Result<ServedModel, ArtifactError> {
        let Wanted { name, target: Target { version, artifact } } = wanted;
        let pipeline = match content {
            Content::Held(bytes) => FittedPipeline::load(bytes)?,
            Content::File(file) => FittedPipeline::open(file)?,
        };
        let manifest = pipeline.manifest();
        let (signature, classes) = (manifest.signature.clone(), manifest.classes.clone());
        let metrics = self.instruments.of(&name).with_version(version);
        let pipeline: Arc<dyn Predictor> = Arc::new(pipeline);
        let _serving = self.serving.enter();
        let batcher = Batcher::spawn(pipeline, self.policy, self.compute.clone(), metrics);
        let told = ServedVersion {
            model: name.to_string(),
            version: version.get(),
            digest: artifact.digest.to_string(),
        };
        Ok(ServedModel { name, version, artifact, signature, classes, batcher, told })
    }
}
