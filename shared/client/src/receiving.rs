//! An artifact on its way from the registry.

use bytes::Bytes;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use millwright_domain::{Digest, Fault};
use millwright_proto::registry::{
    DownloadArtifactRequest, registry_service_client::RegistryServiceClient as Grpc,
};
use tokio::time;

use crate::{
    Backoff, ClientError,
    link::{Link, Transport},
};

type Chunks = BoxStream<'static, Result<Bytes, ClientError>>;

/// A download that goes on where it was cut.
pub(crate) struct Receiving {
    link: Link<Grpc<Transport>>,
    digest: Digest,
    received: u64,
    chunks: Option<Chunks>,
    /// Of the tries since the last byte.
    backoff: Option<Backoff>,
}

impl Receiving {
    /// Begins the download after the bytes that were `received` before, while the registry is away
    /// too.
    pub(crate) async fn begin(
        link: Link<Grpc<Transport>>,
        digest: Digest,
        received: u64,
    ) -> Result<Self, ClientError> {
        let chunks = link.retry().run(|| open(&link, &digest, received)).await?;
        Ok(Self { link, digest, received, chunks: Some(chunks), backoff: None })
    }

    /// The bytes in order, unchecked.
    pub(crate) fn chunks(self) -> impl Stream<Item = Result<Bytes, ClientError>> + Send + 'static {
        stream::try_unfold(self, |mut receiving| async move {
            let chunk = receiving.next().await?;
            Ok(chunk.map(|chunk| (chunk, receiving)))
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            match self.poll().await {
                Err(error) if error.may_go_on() => {
                    self.chunks = None;
                    let policy = self.link.retry();
                    let backoff = self.backoff.get_or_insert_with(|| Backoff::new(policy));
                    let wait = backoff.next_wait(error.retry_after());
                    time::sleep(wait.ok_or(error)?).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn poll(&mut self) -> Result<Option<Bytes>, ClientError> {
        let mut chunks = match self.chunks.take() {
            Some(chunks) => chunks,
            None => open(&self.link, &self.digest, self.received).await?,
        };
        let Some(chunk) = chunks.next().await.transpose()? else { return Ok(None) };
        self.received += chunk.len() as u64;
        self.chunks = Some(chunks);
        self.backoff = None;
        Ok(Some(chunk))
    }
}

async fn open(
    link: &Link<Grpc<Transport>>,
    digest: &Digest,
    offset: u64,
) -> Result<Chunks, ClientError> {
    let request = DownloadArtifactRequest { digest: digest.to_string(), offset };
    let call = |mut grpc: Grpc<_>, request| async move { grpc.download_artifact(request).await };
    let answers = link.open(request, call).await?;
    let peer = link.peer();
    let chunk = move |answer: Result<_, _>| answer.map_err(|status| peer.failed(status));
    Ok(answers.map(chunk).map(|answer| answer.map(|answer| answer.chunk)).boxed())
}
