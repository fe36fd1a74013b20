//! What is downloaded is what was named, or it is refused.

mod double;

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use millwright_client::{ClientError, RegistryClient, RetryPolicy};
use millwright_domain::{Artifact, Code, Digest, Fault};
use millwright_proto::registry::{DownloadArtifactRequest, DownloadArtifactResponse};
use tonic::Status;

const DOWNLOAD: &str = "/millwright.registry.v1.RegistryService/DownloadArtifact";

/// A registry that answers every download with `chunks`.
async fn registry(chunks: &[&'static [u8]]) -> RegistryClient {
    let chunks = chunks.iter().map(|chunk| Bytes::from_static(chunk)).collect::<Vec<_>>();
    let address = double::serve(DOWNLOAD, move |_: tonic::Streaming<DownloadArtifactRequest>| {
        let chunks = chunks.clone().into_iter();
        let answers = stream::iter(chunks.map(|chunk| Ok(DownloadArtifactResponse { chunk })));
        async { Ok(answers.boxed()) }
    });
    RegistryClient::connect_lazy(&address.await).expect("an address")
}

fn artifact(bytes: &[u8]) -> Artifact {
    let media_type = "text/plain".to_owned();
    Artifact { digest: Digest::of(bytes), size_bytes: bytes.len() as u64, media_type }
}

#[tokio::test]
async fn chunks_are_joined() {
    let registry = registry(&[b"some ", b"bytes"]).await;
    let bytes = registry.download_artifact(&artifact(b"some bytes")).await;
    assert_eq!(bytes.expect("undamaged"), "some bytes");
}

#[tokio::test]
async fn damaged_bytes_are_refused() {
    for (chunks, why) in [
        (&[b"some ".as_slice(), b"bytez"][..], "a bit is flipped"),
        (&[b"some "], "the end is missing"),
        (&[], "nothing came"),
        (&[b"some ", b"bytes", b"!"], "more than there is"),
    ] {
        let registry = registry(chunks).await;
        let error = registry.download_artifact(&artifact(b"some bytes")).await.expect_err(why);
        assert!(matches!(error, ClientError::Damaged { .. }), "{why}: {error}");
        assert_eq!(error.code(), Code::DataLoss, "{why}");
    }
}

#[tokio::test]
async fn a_stream_that_is_too_long_is_refused_before_its_end() {
    let registry = registry(&[b"some bytes", b"and more", b"and more"]).await;
    let chunks = registry.stream_artifact(&artifact(b"some bytes")).await.expect("it begins");
    let taken = chunks.try_fold(0, |taken, chunk| async move { Ok(taken + chunk.len()) }).await;
    assert!(taken.is_err(), "{taken:?} bytes were taken");
}

#[tokio::test]
async fn a_download_that_is_cut_goes_on_with_the_next_byte() {
    const BYTES: &[u8] = b"some bytes";
    let address = double::serve(
        DOWNLOAD,
        |mut asked: tonic::Streaming<DownloadArtifactRequest>| async move {
            let offset = asked.message().await?.expect("a request").offset as usize;
            let chunk = BYTES.get(offset..BYTES.len().min(offset + 3)).unwrap_or_default();
            let cut = match offset {
                0 => Some(Err(Status::unavailable("cut"))),
                3 | 6 => Some(Err(Status::cancelled("reset"))),
                _ => None,
            };
            let chunk = Ok(DownloadArtifactResponse { chunk: Bytes::from_static(chunk) });
            Ok(stream::iter([chunk].into_iter().chain(cut)).boxed())
        },
    );
    let registry = RegistryClient::connect_lazy(&address.await).expect("an address");
    let quick = RetryPolicy { first: Duration::ZERO, ..RetryPolicy::default() };
    let bytes = registry.clone().with_retry(quick).download_artifact(&artifact(BYTES)).await;
    assert_eq!(bytes.expect("four parts"), BYTES);
    let registry = registry.with_retry(RetryPolicy::NEVER);
    let error = registry.download_artifact(&artifact(BYTES)).await.expect_err("cut");
    assert_eq!(error.code(), Code::Unavailable);
}
