//! Bytes that come in are the bytes that were named.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use millwright_domain::{Artifact, Digest, Hasher};

use crate::ClientError;

const LONGER: ClientError = ClientError::Damaged { problem: "it is longer than it should be" };
const SHORTER: ClientError = ClientError::Damaged { problem: "it is shorter than it should be" };
const OTHER: ClientError = ClientError::Damaged { problem: "its bytes do not match its digest" };

/// Compares what has come with what shall come.
struct Check {
    digest: Digest,
    left: u64,
    hasher: Hasher,
}

impl Check {
    /// Refuses the first chunk that goes beyond the size: a peer cannot make us hold more.
    fn admit(&mut self, chunk: &[u8]) -> Result<(), ClientError> {
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or(LONGER)?;
        self.hasher.update(chunk);
        Ok(())
    }

    fn finish(self) -> Result<(), ClientError> {
        match self.left {
            0 if self.hasher.finish() == self.digest => Ok(()),
            0 => Err(OTHER),
            _ => Err(SHORTER),
        }
    }
}

/// The chunks; an error follows the last one unless together they are `artifact`.
pub(crate) fn verified(
    artifact: &Artifact,
    chunks: impl Stream<Item = Result<Bytes, ClientError>> + Send + Unpin + 'static,
) -> impl Stream<Item = Result<Bytes, ClientError>> + Send + 'static {
    let Artifact { digest, size_bytes, .. } = *artifact;
    let check = Check { digest, left: size_bytes, hasher: Hasher::default() };
    stream::try_unfold((Some(check), chunks), |(check, mut chunks)| async move {
        let Some(mut check) = check else { return Ok(None) };
        match chunks.next().await {
            Some(chunk) => {
                let chunk = chunk?;
                check.admit(&chunk)?;
                Ok(Some((chunk, (Some(check), chunks))))
            }
            None => check.finish().map(|()| None),
        }
    })
}

/// All chunks as one piece.
pub(crate) async fn joined(
    chunks: impl Stream<Item = Result<Bytes, ClientError>>,
) -> Result<Bytes, ClientError> {
    let join = |mut whole: BytesMut, chunk: Bytes| async move {
        whole.extend_from_slice(&chunk);
        Ok(whole)
    };
    chunks.try_fold(BytesMut::new(), join).await.map(BytesMut::freeze)
}
