//! Half of an upload.

use std::{fs::File, os::unix::fs::FileExt};

use bytes::Bytes;
use futures::{StreamExt, stream};
use millwright_domain::{Artifact, Hasher};
use millwright_ml::MEDIA_TYPE;
use millwright_proto::registry::{
    UploadArtifactRequest, registry_service_client::RegistryServiceClient,
    upload_artifact_request::Part,
};
use millwright_wire::ToWire;
use tonic::{Status, transport::Channel};

/// Bytes of a message.
const CHUNK: u64 = 256 << 10;

/// The first half of an artifact, and a caller who then falls silent.
pub(crate) struct Half {
    file: File,
    artifact: Artifact,
    /// Bytes that are sent.
    pub(crate) size: u64,
}

impl Half {
    pub(crate) fn of(file: File) -> Self {
        let (mut hasher, size_bytes) = (Hasher::default(), file.metadata().expect("a file").len());
        let starts = (0..size_bytes).step_by(CHUNK as usize);
        starts.for_each(|at| hasher.update(&chunk(&file, at, size_bytes)));
        let (digest, media_type) = (hasher.finish(), MEDIA_TYPE.to_owned());
        let artifact = Artifact { digest, size_bytes, media_type };
        Self { file, artifact, size: size_bytes / 2 }
    }

    /// The whole.
    pub(crate) fn artifact(&self) -> Artifact {
        self.artifact.clone()
    }

    /// Sends it to the registry at `address`, and waits for an answer that does not come.
    pub(crate) async fn send(self, address: &str) -> Result<(), Status> {
        let Self { file, artifact, size } = self;
        let channel = Channel::from_shared(format!("http://{address}")).expect("an address");
        let mut grpc = RegistryServiceClient::new(channel.connect_lazy());
        let header = Part::Header(artifact.to_wire());
        let starts = (0..size).step_by(CHUNK as usize);
        let chunks = starts.map(move |at| Part::Chunk(chunk(&file, at, size)));
        let parts = std::iter::once(header).chain(chunks);
        let messages = parts.map(|part| UploadArtifactRequest { offset: 0, part: Some(part) });
        let messages = stream::iter(messages).chain(stream::pending());
        grpc.upload_artifact(messages).await.map(drop)
    }
}

/// What `file` holds at `at`, not beyond `end`.
fn chunk(file: &File, at: u64, end: u64) -> Bytes {
    let mut chunk = vec![0; CHUNK.min(end - at) as usize];
    file.read_exact_at(&mut chunk, at).expect("it is so long");
    chunk.into()
}
