//! Streams that are not read stop themselves, and nobody else.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use millwright_chassis::Limits;
use millwright_proto::inference::ModelInferRequest;
use tokio::sync::watch;

use crate::plant::{Plant, request, soon};

const MESSAGE: usize = 32 << 10;
/// Messages that fill the window of a stream.
const AHEAD: usize = 8;

/// A message that makes its reader wait, then more without end; `full` counts the streams that were
/// asked for so many as fill a window.
fn endless(full: watch::Sender<usize>) -> impl Stream<Item = ModelInferRequest> + Send + 'static {
    let asked = Arc::new(AtomicUsize::new(0));
    let more = stream::repeat_with(move || {
        if asked.fetch_add(1, Ordering::Relaxed) + 1 == AHEAD {
            full.send_modify(|n| *n += 1);
        }
        let raw_input_contents = vec![Bytes::from_static(&[0; MESSAGE])];
        ModelInferRequest { raw_input_contents, ..Default::default() }
    });
    stream::iter([request("wait")]).chain(more)
}

#[tokio::test]
async fn streams_that_are_not_read_leave_room_for_the_other_calls() {
    let limits = Limits { max_streams: 50, ..Default::default() };
    let unread = limits.max_streams as usize - 1;
    let plant = Plant::start(limits).await;
    let mut client = plant.client().await;
    let (full, mut filled) = watch::channel(0);
    let mut open = Vec::new();
    for _ in 0..unread {
        let begun = soon(client.model_stream_infer(endless(full.clone()))).await;
        open.push(begun.expect("it begins"));
    }
    soon(filled.wait_for(|n| *n == unread)).await.expect("each fills its own window");
    plant.machine.waits(unread).await;
    soon(client.model_infer(request(""))).await.expect("there is room for it");
}
