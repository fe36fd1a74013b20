//! The body of a request, within bounds.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, HeaderName},
};
use http_body_util::BodyExt;
use millwright_wire::WireError;
use tokio::time::timeout;

use super::refusal::Refusal;

/// How many bytes of a body are JSON, where binary tensors follow them.
pub(super) const JSON_BYTES: HeaderName =
    HeaderName::from_static("inference-header-content-length");

/// Longest pause in a body.
const PAUSE: Duration = Duration::from_secs(10);

/// All of `body`; nothing is kept of one that is longer than `limit` bytes, or that stops coming.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<Bytes, Refusal> {
    let is_encoded =
        |value: &http::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(is_encoded) {
        return Err(Refusal::Encoded);
    }
    // What the caller announces is refused before the first byte of it is taken.
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::TooLong { limit });
    }
    let mut read = BytesMut::new();
    loop {
        let frame = timeout(PAUSE, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Refusal::TooSlow { seconds: PAUSE.as_secs() })? else {
            return Ok(read.freeze());
        };
        let Ok(data) = frame.map_err(|_| Refusal::Cut)?.into_data() else { continue };
        if data.len() > limit - read.len() {
            return Err(Refusal::TooLong { limit });
        }
        read.extend_from_slice(&data);
    }
}

/// What the header says of the body, if it is there.
pub(super) fn json_bytes(headers: &HeaderMap) -> Result<Option<usize>, WireError> {
    let Some(value) = headers.get(JSON_BYTES) else {
        return Ok(None);
    };
    let bytes = value.to_str().ok().and_then(|text| text.parse().ok());
    let wrong = || WireError::new("Inference-Header-Content-Length", "must be a number of bytes");
    bytes.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_given_up() {
        let begun = stream::iter([Ok::<_, std::io::Error>("{\"inputs\": [")]);
        let body = Body::from_stream(begun.chain(stream::pending()));
        let headers = HeaderMap::new();
        let outcome = timeout(10 * PAUSE, read(&headers, body, 1 << 20)).await;
        let outcome = outcome.expect("long before");
        assert!(matches!(outcome, Err(Refusal::TooSlow { .. })), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_a_whole_one() {
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let body = Body::from_stream(stream::iter([Ok("{}"), Err(reset)]));
        let outcome = read(&HeaderMap::new(), body, 9).await;
        assert!(matches!(outcome, Err(Refusal::Cut)), "{outcome:?}");
    }
}
