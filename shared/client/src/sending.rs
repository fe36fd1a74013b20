//! An artifact on its way to the registry.

use std::future;

use futures::{Stream, StreamExt, stream};
use millwright_domain::{Artifact, Code, Fault};
use millwright_proto::registry::{
    GetUploadProgressRequest, UploadArtifactRequest,
    registry_service_client::RegistryServiceClient as Grpc, upload_artifact_request::Part,
};
use millwright_wire::{ToWire, WireError, required};
use tokio::{sync::oneshot, time};

use crate::{
    Backoff, ClientError,
    content::Content,
    link::{Link, Transport},
    upload::CHUNK,
};

/// An artifact that is sent until it has arrived: a cut upload goes on where it was cut.
pub(crate) struct Sending {
    pub(crate) link: Link<Grpc<Transport>>,
    pub(crate) header: Artifact,
    pub(crate) content: Content,
}

/// From where an attempt sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// From where the registry says that it has come.
    Progress,
    /// From the beginning: what had arrived was damaged.
    Start,
}

impl From {
    /// From where to try again after `error`; `None` where that would not help.
    fn after(self, error: &ClientError, reached: u64) -> Option<Self> {
        match error.code() {
            // Somebody else sends the same bytes, or less has arrived than was said: ask again.
            Code::Aborted => Some(self),
            Code::DataLoss if self == Self::Progress && reached > 0 => Some(Self::Start),
            _ => error.may_pass().then_some(self),
        }
    }
}

impl Sending {
    /// Tries while the registry is away, and anew whenever more of it has arrived.
    pub(crate) async fn run(self) -> Result<Artifact, ClientError> {
        // What fits into one message is sent sooner than asked about.
        let small = self.header.size_bytes <= CHUNK as u64;
        let mut from = if small { From::Start } else { From::Progress };
        let (mut reached, mut backoff) = (0, None);
        loop {
            let before = reached;
            let error = match self.attempt(from, &mut reached).await {
                Ok(artifact) => return Ok(artifact),
                Err(error) => error,
            };
            let Some(next) = from.after(&error, reached) else { return Err(error) };
            from = next;
            if reached > before {
                backoff = None;
            }
            // Time counts from a failure on, not while bytes go out.
            let backoff = backoff.get_or_insert_with(|| Backoff::new(self.link.retry()));
            let Some(wait) = backoff.next_wait(error.retry_after()) else { return Err(error) };
            time::sleep(wait).await;
        }
    }

    /// Sends what is missing; `reached` is told how much was not.
    async fn attempt(&self, from: From, reached: &mut u64) -> Result<Artifact, ClientError> {
        let offset = match from {
            From::Start => 0,
            From::Progress => self.progress().await?,
        };
        *reached = offset.max(*reached);
        let call = |mut grpc: Grpc<_>, parts| async move { grpc.upload_artifact(parts).await };
        let (parts, failure) = parts(&self.header, self.content.clone(), offset);
        let answer = tokio::select! {
            biased;
            Ok(error) = failure => return Err(error.into()),
            answer = self.link.open(parts, call) => answer?,
        };
        self.link.read(required("artifact", answer.artifact))
    }

    async fn progress(&self) -> Result<u64, ClientError> {
        let request = GetUploadProgressRequest { artifact: Some(self.header.to_wire()) };
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.get_upload_progress(request).await };
        let offset = self.link.once(request, call).await?.offset;
        let beyond = || WireError::new("offset", "lies beyond the artifact's end");
        let within = offset <= self.header.size_bytes;
        self.link.read(within.then_some(offset).ok_or_else(beyond))
    }
}

/// The messages of an upload: what follows the first `offset` bytes of `content`, a chunk at a time.
/// The second part receives what went wrong with reading; then no message follows, since an end
/// would be that of another artifact, and whoever hears of it drops the call.
fn parts(
    header: &Artifact,
    content: Content,
    offset: u64,
) -> (impl Stream<Item = UploadArtifactRequest> + Send + 'static, oneshot::Receiver<std::io::Error>)
{
    let (failed, failure) = oneshot::channel();
    let (size, part) = (header.size_bytes, Some(Part::Header(header.to_wire())));
    let header = UploadArtifactRequest { offset, part };
    let chunks = stream::unfold((offset, failed), move |(at, failed)| {
        let content = content.clone();
        async move {
            let to = size.min(at + CHUNK as u64);
            if at >= to {
                return None;
            }
            match content.chunk(at, to).await {
                Ok(chunk) => Some((Part::Chunk(chunk), (to, failed))),
                Err(error) => {
                    // Nobody listens any more only when the call was dropped already.
                    let _ = failed.send(error);
                    future::pending().await
                }
            }
        }
    });
    let chunks = chunks.map(|part| UploadArtifactRequest { offset: 0, part: Some(part) });
    (stream::iter([header]).chain(chunks), failure)
}
