//! Calls about artifacts.

use std::time::Instant;

use futures::StreamExt;
use millwright_proto::registry::{
    DownloadArtifactRequest, DownloadArtifactResponse, GetUploadProgressRequest,
    GetUploadProgressResponse, UploadArtifactRequest, UploadArtifactResponse,
};
use millwright_wire::{ToWire, parse};
use tonic::Streaming;

use super::{Answers, Service};
use crate::{
    download,
    error::RegistryError,
    upload::{Parts, announced},
};

impl Service {
    pub(super) async fn upload_progress(
        &self,
        asked: GetUploadProgressRequest,
    ) -> Result<GetUploadProgressResponse, RegistryError> {
        let artifact = announced("artifact", asked.artifact)?;
        let blobs = self.artifacts.blobs();
        let offset = blobs.progress(&artifact.digest, artifact.size_bytes).await?;
        Ok(GetUploadProgressResponse { offset })
    }

    pub(super) async fn upload(
        &self,
        messages: Streaming<UploadArtifactRequest>,
    ) -> Result<UploadArtifactResponse, RegistryError> {
        let began = Instant::now();
        let parts = Parts::new(messages, self.patience);
        let (artifact, upload) = parts.receive(self.artifacts.blobs()).await?;
        let artifact = self.artifacts.store(artifact, upload).await?;
        self.uploads.kept(began.elapsed(), artifact.size_bytes);
        Ok(UploadArtifactResponse { artifact: Some(artifact.to_wire()) })
    }

    pub(super) async fn download(
        &self,
        asked: DownloadArtifactRequest,
    ) -> Result<Answers<DownloadArtifactResponse>, RegistryError> {
        let digest = parse("digest", &asked.digest)?;
        let (store, blobs) = (self.ledger().store(), self.artifacts.blobs());
        let bytes = download::send(&digest, asked.offset, &**store, blobs).await?;
        Ok(bytes.map(|part| part.map_err(RegistryError::status)).boxed())
    }
}
