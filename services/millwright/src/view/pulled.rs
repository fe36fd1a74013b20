//! An artifact that is now a file.

use std::path::PathBuf;

use millwright_domain::{ModelVersion, Version};
use serde::Serialize;

use super::number;
use crate::output::Answer;

/// What was pulled, and where to.
#[derive(Serialize)]
pub(crate) struct PulledView {
    model: String,
    version: Version,
    digest: String,
    size_bytes: u64,
    file: PathBuf,
}

impl PulledView {
    pub(crate) fn new(version: &ModelVersion, file: PathBuf) -> Self {
        Self {
            model: version.model.to_string(),
            version: version.version,
            digest: version.artifact.digest.to_string(),
            size_bytes: version.artifact.size_bytes,
            file,
        }
    }
}

impl Answer for PulledView {
    fn table(&self) -> String {
        let Self { model, version, digest, size_bytes, file } = self;
        let bytes = number(*size_bytes);
        format!("{model}@{version} is in {}: {bytes} bytes, {digest}", file.display())
    }
}
