//! Giving an artifact out.

use futures::{Stream, TryStreamExt};
use millwright_domain::Digest;
use millwright_proto::registry::DownloadArtifactResponse;
use millwright_store::{Blobs, RegistryStore, StoreError};
use millwright_wire::WireError;

use crate::error::RegistryError;

/// The bytes of an artifact from `offset` on, no faster than the caller takes them.
pub(crate) async fn send(
    digest: &Digest,
    offset: u64,
    store: &dyn RegistryStore,
    blobs: &dyn Blobs,
) -> Result<
    impl Stream<Item = Result<DownloadArtifactResponse, RegistryError>> + use<>,
    RegistryError,
> {
    let artifact = store.artifact(digest).await?;
    if offset > artifact.size_bytes {
        return Err(WireError::new("offset", "lies beyond the artifact's end").into());
    }
    let chunks = blobs.read_from(digest, offset).await.map_err(|error| match error {
        // It was durable before it was recorded: somebody removed it.
        StoreError::NotFound { .. } => StoreError::Damaged { what: "the artifact" },
        error => error,
    })?;
    Ok(chunks.map_ok(|chunk| DownloadArtifactResponse { chunk }).map_err(RegistryError::from))
}
