//! Bytes that go out, a chunk at a time.

use std::{future, io};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use millwright_domain::FormatHints;
use millwright_proto::trainer::UploadDatasetRequest;
use millwright_wire::ToWire;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::oneshot,
};

/// Most bytes in one message.
pub(crate) const CHUNK: usize = 256 << 10;

/// What `file` holds, as messages, the first of which has the `hints`; `progress` is told the bytes
/// read so far. The second part receives what went wrong with reading.
///
/// A stream that ended after a failure would look like a complete, shorter file. This one falls
/// silent instead: whoever hears of the failure drops the call, which cancels it.
pub(crate) fn chunks(
    file: impl AsyncRead + Send + Unpin + 'static,
    hints: &FormatHints,
    progress: impl FnMut(u64) + Send + 'static,
) -> (impl Stream<Item = UploadDatasetRequest> + Send + 'static, oneshot::Receiver<io::Error>) {
    let (failed, failure) = oneshot::channel();
    let state = (file, progress, 0, failed);
    let rest = stream::unfold(state, |(mut file, mut progress, sent, failed)| async move {
        match next_chunk(&mut file).await {
            Ok(chunk) if chunk.is_empty() => None,
            Ok(chunk) => {
                let sent = sent + chunk.len() as u64;
                progress(sent);
                let part = UploadDatasetRequest { chunk, hints: None };
                Some((part, (file, progress, sent, failed)))
            }
            Err(error) => {
                // Nobody listens any more only when the call was dropped already.
                let _ = failed.send(error);
                future::pending().await
            }
        }
    });
    let first = UploadDatasetRequest { chunk: Bytes::new(), hints: Some(hints.to_wire()) };
    let chunks = stream::iter([first]).chain(rest);
    (chunks, failure)
}

async fn next_chunk(file: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    // A buffer that is not full does not grow: at most CHUNK bytes are read.
    let mut chunk = BytesMut::with_capacity(CHUNK);
    file.read_buf(&mut chunk).await?;
    Ok(chunk.freeze())
}
