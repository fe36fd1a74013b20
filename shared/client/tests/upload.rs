//! Files that are uploaded.

mod double;

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::SystemTime,
};

use futures::{StreamExt, TryStreamExt, stream};
use millwright_client::{ClientError, TrainerClient};
use millwright_domain::{
    ColumnKind, Dataset, DatasetColumn, Digest, Distinct, FormatHints, TableFormat, TableProfile,
};
use millwright_proto::trainer::{UploadDatasetRequest, UploadDatasetResponse};
use millwright_wire::ToWire;
use tokio::{
    io::{AsyncRead, AsyncReadExt, ReadBuf},
    sync::mpsc,
};
use tonic::Streaming;

const UPLOAD: &str = "/millwright.trainer.v1.TrainerService/UploadDataset";

/// An upload's messages; none if it was cut.
type Parts = Option<Vec<UploadDatasetRequest>>;

/// Tells how an upload ended, even if its handler is dropped.
struct Ending {
    parts: Parts,
    told: mpsc::Sender<Parts>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.told.try_send(self.parts.take());
    }
}

/// A trainer that takes anything and tells how each upload ended.
async fn trainer() -> (TrainerClient, mpsc::Receiver<Parts>) {
    let (told, uploads) = mpsc::channel(1);
    let address = double::serve(UPLOAD, move |parts: Streaming<UploadDatasetRequest>| {
        let told = told.clone();
        async move {
            let mut ending = Ending { parts: None, told };
            let parts = parts.try_collect::<Vec<_>>().await?;
            // A cancelled call ends its messages too; here its handler is dropped.
            tokio::task::yield_now().await;
            let length = parts.iter().map(|part| part.chunk.len()).sum::<usize>();
            let dataset = Some(dataset(length as u64).to_wire());
            ending.parts = Some(parts);
            Ok(stream::iter([Ok(UploadDatasetResponse { dataset })]).boxed())
        }
    });
    (TrainerClient::connect_lazy(&address.await).expect("an address"), uploads)
}

fn dataset(size_bytes: u64) -> Dataset {
    let column = DatasetColumn {
        name: "a".to_owned(),
        kind: ColumnKind::Numeric,
        n_missing: 0,
        distinct: Distinct::Exactly(1),
        range: None,
        first_text_line: None,
    };
    let format = TableFormat::default();
    let table = TableProfile { n_rows: 1, columns: vec![column], format, contradictions: vec![] };
    Dataset { digest: Digest::of(b""), size_bytes, table, created_at: SystemTime::now() }
}

#[tokio::test]
async fn a_file_goes_out_in_bounded_chunks_and_tells_its_progress() {
    const LENGTH: u64 = 1_000_000;
    let (trainer, mut uploads) = trainer().await;
    let told = Arc::new(Mutex::new(vec![]));
    let telling = told.clone();
    let progress = move |sent| telling.lock().expect("no panic").push(sent);
    let file = tokio::io::repeat(b'a').take(LENGTH);
    let sent = trainer.upload_dataset(file, FormatHints::default(), progress).await;
    assert_eq!(sent.expect("it is taken").size_bytes, LENGTH);
    let parts = uploads.recv().await.flatten().expect("a whole upload");
    assert!(parts.iter().all(|part| part.chunk.len() <= 256 << 10));
    let told = told.lock().expect("no panic");
    assert!(told.is_sorted() && told.last() == Some(&LENGTH), "{told:?}");
}

#[tokio::test]
async fn hints_go_ahead_of_the_file() {
    let (trainer, mut uploads) = trainer().await;
    let hints = FormatHints { delimiter: Some(';'), ..FormatHints::default() };
    let sent = trainer.upload_dataset(&b"a;b\n1;2\n"[..], hints.clone(), |_| {}).await;
    sent.expect("it is taken");
    let parts = uploads.recv().await.flatten().expect("a whole upload");
    let told = parts.into_iter().map(|part| part.hints).collect::<Vec<_>>();
    assert_eq!(told, [Some(hints.to_wire()), None], "the header, then the file");
}

/// A file whose disk fails after its first bytes.
struct Failing {
    began: bool,
}

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.began {
            return Poll::Ready(Err(io::Error::other("the disk fails")));
        }
        self.began = true;
        into.put_slice(b"a,b\n1,2\n");
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_is_never_a_shorter_file() {
    let (trainer, mut uploads) = trainer().await;
    let failed = trainer.upload_dataset(Failing { began: false }, FormatHints::default(), |_| {});
    let failed = failed.await;
    assert!(matches!(failed, Err(ClientError::Read(_))), "{failed:?}");
    assert_eq!(uploads.recv().await, Some(None), "it was cut");
}
