//! Uploading data sets.

use std::{
    fs, io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::stream;
use millwright_client::{ClientError, PageRequest};
use millwright_domain::{Code, ColumnKind, Dataset, Digest, Fault, FormatHints, PageSize};
use millwright_proto::trainer::{
    UploadDatasetRequest, trainer_service_client::TrainerServiceClient,
};
use millwright_wire::ToWire;
use tokio::io::{AsyncRead, ReadBuf};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};

use crate::plant::{Plant, SMALL, datasets, put, upload};

#[tokio::test]
async fn the_same_bytes_are_the_same_data_set() {
    let plant = Plant::start().await;
    let first = put(&plant.trainer(), SMALL).await.expect("a table");
    let second = put(&plant.trainer(), SMALL).await.expect("a table");
    assert_eq!(first, second);
    assert_eq!(first.digest, Digest::of(SMALL));
    assert_eq!(datasets(&plant.trainer()).await, [second]);
    assert_eq!(plant.trainer().dataset(&first.digest).await.expect("it is there"), first);
}

#[tokio::test]
async fn a_data_set_says_what_it_holds() {
    let plant = Plant::start().await;
    let dataset = put(&plant.trainer(), SMALL).await.expect("a table");
    let columns = dataset.table.columns.iter();
    let columns = columns.map(|c| (&*c.name, c.kind, c.n_missing)).collect::<Vec<_>>();
    let (numeric, text) = (ColumnKind::Numeric, ColumnKind::Text);
    assert_eq!(columns, [("pressure", numeric, 1), ("note", text, 1), ("class", text, 0)]);
    assert_eq!((dataset.table.n_rows, dataset.table.format.delimiter), (10, ','));
    assert_eq!(dataset.size_bytes, SMALL.len() as u64);
}

#[tokio::test]
async fn bytes_that_are_no_table_are_refused_and_kept_from_sight() {
    let plant = Plant::start().await;
    let tables: [(&'static [u8], &str, &str); 6] = [
        (b"", "empty", "empty file"),
        (b"a,b\n", "no rows", "a header alone"),
        (b"a,b\n1,2\n3\n", "line 3", "a ragged row"),
        (b"a,b\n1,\"2\n3,4\n", "line 2", "a quote that is never closed"),
        (b"a,b\n1,x\"y\"\n", "line 2", "a quote in the wrong place"),
        (b"a,a\n1,2\n", "twice", "two columns of one name"),
    ];
    for (table, says, why) in tables {
        let error = put(&plant.trainer(), table).await.expect_err(why);
        assert_eq!(error.code(), Code::InvalidArgument, "{why}: {error}");
        assert!(error.to_string().contains(says), "{why}: {error}");
        let unknown = plant.trainer().dataset(&Digest::of(table)).await.expect_err(why);
        assert_eq!(unknown.code(), Code::NotFound, "{why}");
        assert_eq!(kept(&plant), 0, "{why}");
    }
    assert_eq!(datasets(&plant.trainer()).await, []);
}

/// Three columns under commas, one under semicolons.
const COMMAS: &[u8] = b"speed,fill,class\n1,5,ok\n2,7,ok\n3,9,bad\n";

fn semicolons() -> FormatHints {
    FormatHints { delimiter: Some(';'), ..FormatHints::default() }
}

async fn put_as(plant: &Plant, table: &'static [u8], hints: FormatHints) -> Dataset {
    plant.trainer().upload_dataset(table, hints, |_| {}).await.expect("a table")
}

#[tokio::test]
async fn the_same_bytes_read_in_another_way_replace_the_profile() {
    let plant = Plant::start().await;
    let first = put(&plant.trainer(), COMMAS).await.expect("a table");
    let second = put_as(&plant, COMMAS, semicolons()).await;
    assert_eq!((first.digest, first.created_at), (second.digest, second.created_at));
    assert_eq!((first.table.columns.len(), second.table.columns.len()), (3, 1));
    assert_ne!(second.table.contradictions, Vec::<String>::new(), "commas were seen");
    assert_eq!(plant.trainer().dataset(&first.digest).await.expect("it is there"), second);
    assert_eq!(datasets(&plant.trainer()).await, [second]);
    assert_eq!(put(&plant.trainer(), COMMAS).await.expect("a table"), first, "detected again");
}

#[tokio::test]
async fn bytes_that_are_no_table_in_another_way_stay_a_data_set_in_the_first() {
    let plant = Plant::start().await;
    let first = put(&plant.trainer(), b"a;b\n\"1\";2\n\"3\";4\n").await.expect("a table");
    let hints = FormatHints { delimiter: Some(','), ..FormatHints::default() };
    let ragged = &b"a;b\n\"1\";2\n\"3\";4\n"[..];
    let error = plant.trainer().upload_dataset(ragged, hints, |_| {}).await;
    assert_eq!(error.expect_err("a quote in the wrong place").code(), Code::InvalidArgument);
    assert_eq!(datasets(&plant.trainer()).await, [first]);
    assert_eq!(kept(&plant), 1);
}

#[tokio::test]
async fn uploads_of_the_same_bytes_at_once_do_not_take_them_from_each_other() {
    let plant = Plant::start().await;
    let table = &b"a;b\n\"1\";2\n\"3\";4\n"[..];
    let comma = || FormatHints { delimiter: Some(','), ..FormatHints::default() };
    for round in 0..3 {
        let trainer = plant.trainer();
        let right = trainer.upload_dataset(table, FormatHints::default(), |_| {});
        let [wrong, too] = [(); 2].map(|()| trainer.upload_dataset(table, comma(), |_| {}));
        let (wrong, right, too) = tokio::join!(wrong, right, too);
        assert!(wrong.is_err() && too.is_err(), "round {round}");
        right.expect("a table");
        assert_eq!(kept(&plant), 1, "round {round}");
    }
}

#[tokio::test]
async fn a_wrong_hint_is_refused_by_its_name() {
    let plant = Plant::start().await;
    let hints = FormatHints { delimiter: Some('x'), ..FormatHints::default() };
    let refused = plant.trainer().upload_dataset(COMMAS, hints, |_| {}).await;
    let violation = refused.expect_err("no delimiter").violation().expect("a field is named");
    assert_eq!(violation.field, "hints.delimiter");
    assert_eq!(kept(&plant), 0);
}

#[tokio::test]
async fn hints_that_come_late_are_refused() {
    let plant = Plant::start().await;
    let chunk = |chunk: &'static [u8], hints: Option<FormatHints>| UploadDatasetRequest {
        chunk: chunk.into(),
        hints: hints.map(|hints| hints.to_wire()),
    };
    let late = [chunk(b"a;b\n", None), chunk(b"1;2\n", Some(semicolons()))];
    let refused = grpc(&plant).upload_dataset(stream::iter(late)).await.expect_err("late");
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused}");
    assert!(refused.message().starts_with("hints: "), "{refused}");
    assert_eq!(kept(&plant), 0);
    let first = [chunk(b"a,b;c\n", Some(semicolons())), chunk(b"1,2;3\n", None)];
    let taken = grpc(&plant).upload_dataset(stream::iter(first)).await.expect("a table");
    let columns = taken.into_inner().dataset.expect("a data set").columns;
    assert_eq!(columns.into_iter().map(|column| column.name).collect::<Vec<_>>(), ["a,b", "c"]);
}

#[tokio::test]
async fn bytes_that_a_kill_left_are_removed_at_the_next_start() {
    let plant = Plant::start().await;
    let known = upload(&plant.trainer(), SMALL).await;
    let plant = plant
        .after_a_kill(|folder| {
            let stray = folder.join("trainer/datasets/sha256/ab");
            fs::create_dir_all(&stray).expect("a folder");
            fs::write(stray.join(format!("ab{}", "0".repeat(62))), "a,b\n1,2\n").expect("a file");
        })
        .await;
    let listed = datasets(&plant.trainer()).await;
    assert_eq!(listed.into_iter().map(|dataset| dataset.digest).collect::<Vec<_>>(), [known]);
    assert_eq!(kept(&plant), 1);
}

#[tokio::test]
async fn lists_come_by_pages() {
    let plant = Plant::start().await;
    for table in [&b"a,b\n1,2\n"[..], b"a,b\n3,4\n", b"a,b\n5,6\n"] {
        upload(&plant.trainer(), table).await;
    }
    let asked = PageRequest { size: PageSize::of(2), after: None };
    let first = plant.trainer().datasets(&asked).await.expect("a page");
    let asked = PageRequest { size: PageSize::of(2), after: first.next };
    let second = plant.trainer().datasets(&asked).await.expect("a page");
    assert_eq!((first.items.len(), second.items.len(), second.next), (2, 1, None));
    assert_eq!([first.items, second.items].concat(), datasets(&plant.trainer()).await);
    let asked = PageRequest { size: PageSize::of(2), after: Some("yesterday".to_owned()) };
    let refused = plant.trainer().jobs(&asked).await.expect_err("no such page");
    assert_eq!(refused.violation().map(|v| v.field).as_deref(), Some("page_token"));
}

/// A table whose disk fails after some whole rows.
struct Cut(&'static [u8]);

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rows = std::mem::take(&mut self.0);
        if rows.is_empty() {
            return Poll::Ready(Err(io::Error::other("the disk fails")));
        }
        into.put_slice(rows);
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn an_upload_that_is_cut_leaves_nothing() {
    let plant = Plant::start().await;
    let rows = b"pressure,class\n1.0,ok\n9.0,bad\n";
    let cut = plant.trainer().upload_dataset(Cut(rows), FormatHints::default(), |_| {}).await;
    assert!(matches!(cut, Err(ClientError::Read(_))), "{cut:?}");
    let whole = upload(&plant.trainer(), SMALL).await;
    let datasets = datasets(&plant.trainer()).await;
    assert_eq!(datasets.iter().map(|dataset| dataset.digest).collect::<Vec<_>>(), [whole]);
    assert_eq!(kept(&plant), 1, "not even its bytes are kept");
}

/// Files of data sets.
fn kept(plant: &Plant) -> usize {
    let folders = fs::read_dir(plant.folder.path().join("trainer/datasets/sha256"));
    let files = |folder: io::Result<fs::DirEntry>| {
        let files = fs::read_dir(folder.expect("an entry").path());
        files.expect("a folder").count()
    };
    folders.expect("a folder").map(files).sum()
}

async fn put_owned(plant: &Plant, table: Vec<u8>) -> Result<Dataset, ClientError> {
    let table = io::Cursor::new(table);
    plant.trainer().upload_dataset(table, FormatHints::default(), |_| {}).await
}

fn grpc(plant: &Plant) -> TrainerServiceClient<Channel> {
    let address = format!("http://{}", plant.trainer.address);
    let channel = Endpoint::from_shared(address).expect("an address").connect_lazy();
    TrainerServiceClient::new(channel)
}

#[tokio::test]
async fn a_data_set_beyond_the_limit_is_refused_and_not_kept() {
    let limit = SMALL.len() as u64;
    let plant = Plant::limited(|_, trainer| trainer.max_dataset_bytes = limit).await;
    let longer = [SMALL, b"1,x,ok\n"].concat();
    let error = put_owned(&plant, longer).await;
    let error = error.expect_err("it is too long");
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert!(error.to_string().contains(&format!("{limit} bytes")), "{error}");
    assert_eq!(datasets(&plant.trainer()).await, []);
    assert_eq!(kept(&plant), 0);
    upload(&plant.trainer(), SMALL).await;
}

#[tokio::test]
async fn a_field_beyond_the_limit_is_refused_with_its_line() {
    let plant = Plant::start().await;
    let table = [b"note,class\n", &*vec![b'x'; (16 << 20) + 1], b",ok\n"].concat();
    let error = put_owned(&plant, table).await;
    let error = error.expect_err("the field is too long");
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    assert!(error.to_string().contains("line 2") && error.to_string().len() < 200, "{error}");
}

/// The status that an upload of one chunk of this size is refused with.
async fn refusal(plant: &Plant, size: usize) -> Status {
    let chunk = UploadDatasetRequest { chunk: vec![b'x'; size].into(), hints: None };
    let refused =
        grpc(plant).upload_dataset(stream::iter([chunk])).await.expect_err("it is too long");
    assert_eq!(kept(plant), 0);
    refused
}

#[tokio::test]
async fn a_long_chunk_is_refused_by_its_name() {
    let plant = Plant::start().await;
    let refused = refusal(&plant, (1 << 20) + 1).await;
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused}");
    assert!(refused.message().contains("chunk"), "{refused}");
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_told_the_limit() {
    let limit = 1 << 16;
    let plant = Plant::limited(|_, trainer| trainer.limits.max_message_bytes = limit).await;
    let refused = refusal(&plant, limit).await;
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted, "{refused}");
    assert!(refused.message().contains("65536 bytes"), "{refused}");
}
