//! Taking an artifact in.

use std::time::Duration;

use futures::{Stream, StreamExt};
use millwright_domain::Artifact;
use millwright_proto::registry::{
    Artifact as ArtifactMessage, UploadArtifactRequest, upload_artifact_request::Part,
};
use millwright_store::{BlobUpload, Blobs, StoreError};
use millwright_wire::{WireError, required};
use tokio::time::timeout;
use tonic::{Status, codegen::Bytes};

use crate::error::RegistryError;

/// As the contract says; a longer one is refused.
const MAX_CHUNK: usize = 1 << 20;
const MAX_MEDIA_TYPE: usize = 128;

/// The messages of an upload, none of which lets us wait for longer than `patience`.
pub(crate) struct Parts<S> {
    messages: S,
    patience: Duration,
}

impl<S: Stream<Item = Result<UploadArtifactRequest, Status>> + Unpin> Parts<S> {
    pub(crate) fn new(messages: S, patience: Duration) -> Self {
        Self { messages, patience }
    }

    /// Takes the header and all bytes that it announces. A caller who breaks off may go on later;
    /// of one who says something else than was announced nothing is kept.
    pub(crate) async fn receive(
        mut self,
        blobs: &dyn Blobs,
    ) -> Result<(Artifact, Box<dyn BlobUpload>), RegistryError> {
        let (artifact, offset) = self.header().await?;
        let limit = blobs.max_size();
        if artifact.size_bytes > limit {
            return Err(StoreError::TooLarge { limit }.into());
        }
        let mut upload = blobs.resume(&artifact.digest, artifact.size_bytes, offset).await?;
        match self.fill(&mut *upload, artifact.size_bytes - offset).await {
            Ok(()) => Ok((artifact, upload)),
            Err(error @ RegistryError::Request(_)) => {
                upload.discard().await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes the `left` bytes that must come.
    async fn fill(&mut self, upload: &mut dyn BlobUpload, left: u64) -> Result<(), RegistryError> {
        let mut left = left;
        while let Some(message) = self.next().await? {
            let chunk = chunk(message)?;
            let more = "goes beyond the size that the header announced";
            let rest = left.checked_sub(chunk.len() as u64);
            left = rest.ok_or_else(|| WireError::new("chunk", more))?;
            upload.write(chunk).await?;
        }
        if left > 0 {
            let less = format!("the upload ended {left} bytes before the size that it announces");
            return Err(WireError::new("header.size_bytes", less).into());
        }
        Ok(())
    }

    /// What is announced, and how much of it is left out.
    async fn header(&mut self) -> Result<(Artifact, u64), RegistryError> {
        let first = self.next().await?;
        let Some(UploadArtifactRequest { offset, part: Some(Part::Header(header)) }) = first else {
            return Err(WireError::new("header", "must come first").into());
        };
        let artifact = announced("header", Some(header))?;
        if offset > artifact.size_bytes {
            return Err(WireError::new("offset", "lies beyond the artifact's end").into());
        }
        Ok((artifact, offset))
    }

    async fn next(&mut self) -> Result<Option<UploadArtifactRequest>, RegistryError> {
        let next = timeout(self.patience, self.messages.next()).await;
        let next = next.map_err(|_| RegistryError::Silent(self.patience))?;
        match next.transpose().map_err(RegistryError::Caller)? {
            Some(UploadArtifactRequest { part: None, .. }) => {
                Err(WireError::new("part", "must be a header or a chunk").into())
            }
            message => Ok(message),
        }
    }
}

/// Takes what a message announces in `field`.
pub(crate) fn announced(
    field: &str,
    artifact: Option<ArtifactMessage>,
) -> Result<Artifact, WireError> {
    let artifact: Artifact = required(field, artifact)?;
    let media_type = artifact.media_type.as_bytes();
    let is_text = media_type.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    if !is_text || !(1..=MAX_MEDIA_TYPE).contains(&media_type.len()) {
        let problem = "must be a media type: 1 to 128 printable ASCII characters";
        return Err(WireError::new(format!("{field}.media_type"), problem));
    }
    Ok(artifact)
}

fn chunk(message: UploadArtifactRequest) -> Result<Bytes, WireError> {
    match message.part {
        _ if message.offset > 0 => Err(WireError::new("offset", "must come with the header")),
        Some(Part::Chunk(chunk)) if chunk.len() > MAX_CHUNK => {
            Err(WireError::new("chunk", "must be 1 MiB or less"))
        }
        Some(Part::Chunk(chunk)) => Ok(chunk),
        _ => Err(WireError::new("header", "must come once, at the beginning")),
    }
}
