//! Artifacts on their way in and out.

use std::fs;

use bytes::Bytes;
use futures::{StreamExt, stream};
use millwright_proto::registry::{Artifact, UploadArtifactRequest, upload_artifact_request::Part};
use tonic::Code;

use crate::{
    calls::{digest, download, field, header, parts, send, upload},
    running::{Registry, files},
};

#[tokio::test]
async fn an_artifact_comes_back_as_it_went() {
    let registry = Registry::start().await;
    let large: Vec<u8> = (0..3_000_001_u32).map(|i| (i % 251) as u8).collect();
    for bytes in [&large[..], b"small", b""] {
        let stored = upload(&registry.client, bytes).await.expect("stored");
        assert_eq!(stored, header(bytes));
        assert!(download(&registry.client, stored.digest).await.expect("there") == bytes);
    }
}

#[tokio::test]
async fn an_artifact_is_stored_once_however_often_it_comes() {
    let registry = Registry::start().await;
    let first = upload(&registry.client, b"torque").await.expect("stored");
    assert_eq!(upload(&registry.client, b"torque").await.expect("accepted again"), first);
    assert_eq!(files(&registry.artifacts()), 1);
}

#[tokio::test]
async fn an_upload_that_is_not_what_it_announced_leaves_nothing() {
    let registry = Registry::start().await;
    let announced = header(b"torque");
    let other = Artifact { digest: digest(b"torqve"), ..announced.clone() };
    let damage = "the bytes have another digest";
    for (parts, code, named, why) in [
        (
            parts(announced.clone(), b"torq"),
            Code::InvalidArgument,
            Some("header.size_bytes"),
            "too short",
        ),
        (
            parts(announced.clone(), b""),
            Code::InvalidArgument,
            Some("header.size_bytes"),
            "no bytes",
        ),
        (parts(announced.clone(), b"torques"), Code::InvalidArgument, Some("chunk"), "too long"),
        (parts(other, b"torque"), Code::DataLoss, None, damage),
        (parts(announced, b"torqve"), Code::DataLoss, None, damage),
    ] {
        let refused = send(&registry.client, parts).await.expect_err(why);
        assert_eq!(refused.code(), code, "{why}");
        assert_eq!(field(&refused).as_deref(), named, "{why}");
        assert_eq!(files(&registry.artifacts()), 0, "{why}");
    }
    let missing = download(&registry.client, digest(b"torque")).await.expect_err("not kept");
    assert_eq!(missing.code(), Code::NotFound);
    upload(&registry.client, b"torque").await.expect("the retry succeeds");
}

#[tokio::test]
async fn an_artifact_beyond_the_limit_is_refused_by_its_header() {
    let registry = Registry::start_limited(6).await;
    upload(&registry.client, b"torque").await.expect("as long as the limit");
    let header = Artifact { size_bytes: 7, ..header(b"torques") };
    let unanswered = stream::iter(parts(header, b"")).chain(stream::pending());
    let refused = registry.client.clone().upload_artifact(unanswered).await;
    let refused = refused.expect_err("one byte more");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("6 bytes"), "{refused}");
}

#[tokio::test]
async fn an_upload_keeps_to_its_parts() {
    let registry = Registry::start().await;
    let part = |part| UploadArtifactRequest { offset: 0, part };
    let header = header(b"torque");
    let long = part(Some(Part::Chunk(Bytes::from(vec![0; (1 << 20) + 1]))));
    let large = Artifact { size_bytes: 2 << 20, ..header.clone() };
    let [head, again] = [0, 1].map(|_| part(Some(Part::Header(header.clone()))));
    let untyped = Artifact { media_type: String::new(), ..header.clone() };
    let nameless = Artifact { digest: "sha256:..".to_owned(), ..header.clone() };
    for (parts, named, why) in [
        (vec![], "header", "nothing at all"),
        (vec![part(Some(Part::Chunk("torque".into())))], "header", "no header"),
        (vec![head, again], "header", "two headers"),
        (vec![part(None)], "part", "neither"),
        (vec![part(Some(Part::Header(large))), long], "chunk", "above 1 MiB"),
        (parts(untyped, b"torque"), "header.media_type", "no media type"),
        (parts(nameless, b"torque"), "header.digest", "no digest"),
    ] {
        let refused = send(&registry.client, parts).await.expect_err(why);
        assert_eq!(refused.code(), Code::InvalidArgument, "{why}");
        assert_eq!(field(&refused).as_deref(), Some(named), "{why}");
    }
    assert_eq!(files(&registry.artifacts()), 0);
}

#[tokio::test]
async fn a_damaged_artifact_is_not_given_out_as_whole() {
    let registry = Registry::start().await;
    let stored = upload(&registry.client, b"torque").await.expect("stored");
    let hex = stored.digest.trim_start_matches("sha256:");
    let file = registry.artifacts().join("sha256").join(&hex[..2]).join(hex);
    fs::write(&file, b"uorque").expect("a flipped bit");
    let refused = download(&registry.client, stored.digest.clone()).await.expect_err("damaged");
    assert_eq!(refused.code(), Code::DataLoss);
    upload(&registry.client, b"torque").await.expect("uploaded again");
    let read = download(&registry.client, stored.digest.clone()).await;
    assert_eq!(read.expect("whole again"), b"torque");
    fs::remove_file(&file).expect("removed");
    let refused = download(&registry.client, stored.digest.clone()).await.expect_err("missing");
    assert_eq!(refused.code(), Code::DataLoss);
    upload(&registry.client, b"torque").await.expect("uploaded again");
    assert_eq!(download(&registry.client, stored.digest).await.expect("whole again"), b"torque");
}
