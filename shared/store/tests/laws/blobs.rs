//! Laws of [`Blobs`].

use bytes::Bytes;
use futures::{TryStreamExt, future::join_all};
use millwright_domain::{Code, Digest, Fault};
use millwright_store::{BlobEntry, Blobs, StoreError, StoredBlob};

const LARGE: u64 = 64 << 20;

/// Where blobs are kept: opening it again finds what was committed.
pub(crate) trait BlobPlace: Default {
    async fn open(&self, max_size: u64) -> Box<dyn Blobs>;

    /// Puts `bytes` in the place of a blob's, as a failing disk might.
    async fn damage(&self, digest: &Digest, bytes: &[u8]);
}

macro_rules! blob_laws {
    ($place:ty) => {
        laws!(blobs on $place:
            what_was_written_is_read,
            nothing_is_visible_before_its_commit,
            a_dropped_upload_leaves_nothing,
            the_same_bytes_may_come_again,
            the_same_bytes_may_come_at_once,
            other_bytes_than_expected_are_not_kept,
            an_unknown_digest_is_said,
            what_was_committed_survives_reopening,
            what_was_not_committed_is_gone_after_reopening,
            no_object_exceeds_the_limit,
            an_upload_that_failed_never_goes_on,
            damaged_bytes_end_a_read_with_damaged,
            damaged_bytes_are_replaced_by_the_next_upload,
            a_discarded_upload_leaves_nothing,
            a_read_begins_where_it_is_asked_to,
            blobs_are_listed_once_in_order,
            a_removed_blob_is_gone_and_can_come_again,
        );
    };
}

async fn put(blobs: &dyn Blobs, bytes: &[u8]) -> Result<StoredBlob, StoreError> {
    let mut upload = blobs.begin().await?;
    for chunk in bytes.chunks(1 << 20) {
        upload.write(Bytes::copy_from_slice(chunk)).await?;
    }
    upload.commit().await
}

async fn chunks(blobs: &dyn Blobs, digest: &Digest) -> Result<Vec<Bytes>, StoreError> {
    blobs.read(digest).await?.try_collect().await
}

async fn size(blobs: &dyn Blobs, bytes: &[u8]) -> Option<u64> {
    blobs.size(&Digest::of(bytes)).await.expect("the store answers")
}

pub(crate) async fn what_was_written_is_read(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    for length in [0_usize, 1, 131_072, 131_073, 3_000_001] {
        let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let stored = put(&*blobs, &bytes).await.expect("stored");
        let expected = StoredBlob { digest: Digest::of(&bytes), size_bytes: length as u64 };
        assert_eq!(stored, expected, "{length} bytes");
        assert_eq!(size(&*blobs, &bytes).await, Some(length as u64));
        let read = chunks(&*blobs, &stored.digest).await.expect("read");
        assert!(read.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= 1 << 20));
        assert!(read.concat() == bytes, "{length} bytes");
    }
}

pub(crate) async fn nothing_is_visible_before_its_commit(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let mut upload = blobs.begin().await.expect("begun");
    for part in ["tor", "que"] {
        upload.write(part.into()).await.expect("written");
        for seen in ["", "tor", "torque"] {
            assert_eq!(size(&*blobs, seen.as_bytes()).await, None, "{seen}");
        }
    }
    upload.commit().await.expect("committed");
    assert_eq!(size(&*blobs, b"torque").await, Some(6));
    assert_eq!(size(&*blobs, b"tor").await, None);
}

pub(crate) async fn a_dropped_upload_leaves_nothing(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let mut upload = blobs.begin().await.expect("begun");
    upload.write("torque".into()).await.expect("written");
    drop(upload);
    assert_eq!(size(&*blobs, b"torque").await, None);
}

pub(crate) async fn the_same_bytes_may_come_again(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let first = put(&*blobs, b"torque").await.expect("stored");
    assert_eq!(put(&*blobs, b"torque").await.expect("accepted again"), first);
    assert_eq!(chunks(&*blobs, &first.digest).await.expect("read").concat(), b"torque");
}

pub(crate) async fn the_same_bytes_may_come_at_once(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let uploads = join_all((0..16).map(|_| put(&*blobs, b"torque"))).await;
    assert!(uploads.into_iter().all(|stored| stored.is_ok()));
    let read = chunks(&*blobs, &Digest::of(b"torque")).await.expect("read");
    assert_eq!(read.concat(), b"torque");
}

pub(crate) async fn other_bytes_than_expected_are_not_kept(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let mut upload = blobs.begin().await.expect("begun");
    upload.write("torque".into()).await.expect("written");
    let refused = upload.commit_as(Digest::of(b"torqve")).await.expect_err("another digest");
    assert_eq!(refused.code(), Code::DataLoss);
    assert_eq!(size(&*blobs, b"torque").await, None);
    assert_eq!(size(&*blobs, b"torqve").await, None);
}

pub(crate) async fn an_unknown_digest_is_said(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    assert_eq!(size(&*blobs, b"torque").await, None);
    let refused = blobs.read(&Digest::of(b"torque")).await.err().expect("no such object");
    assert_eq!(refused.code(), Code::NotFound);
}

pub(crate) async fn what_was_committed_survives_reopening(place: impl BlobPlace) {
    let stored = put(&*place.open(LARGE).await, b"torque").await.expect("stored");
    let reopened = place.open(LARGE).await;
    assert_eq!(chunks(&*reopened, &stored.digest).await.expect("read").concat(), b"torque");
}

pub(crate) async fn what_was_not_committed_is_gone_after_reopening(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let mut upload = blobs.begin().await.expect("begun");
    upload.write("torque".into()).await.expect("written");
    // As when the process is killed: nothing of it runs any more.
    std::mem::forget(upload);
    drop(blobs);
    let reopened = place.open(LARGE).await;
    assert_eq!(size(&*reopened, b"torque").await, None);
    put(&*reopened, b"torque").await.expect("the retry succeeds");
}

pub(crate) async fn no_object_exceeds_the_limit(place: impl BlobPlace) {
    let blobs = place.open(6).await;
    assert_eq!(blobs.max_size(), 6);
    put(&*blobs, b"torque").await.expect("as large as the limit");
    let refused = put(&*blobs, b"torques").await.expect_err("one byte more");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let mut upload = blobs.begin().await.expect("begun");
    upload.write("torq".into()).await.expect("below the limit");
    let refused = upload.write("ues".into()).await.expect_err("one byte more in all");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(size(&*blobs, b"torques").await, None);
}

pub(crate) async fn an_upload_that_failed_never_goes_on(place: impl BlobPlace) {
    let blobs = place.open(6).await;
    let mut upload = blobs.begin().await.expect("begun");
    upload.write("torques".into()).await.expect_err("beyond the limit");
    upload.write("t".into()).await.expect_err("over");
    upload.commit().await.expect_err("over");
    assert_eq!(size(&*blobs, b"t").await, None);
}

/// A flipped bit, a lost end, a lost everything, something added.
const DAMAGES: [&[u8]; 4] = [b"uorque", b"tor", b"", b"torques"];

pub(crate) async fn damaged_bytes_end_a_read_with_damaged(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let digest = put(&*blobs, b"torque").await.expect("stored").digest;
    for damage in DAMAGES {
        place.damage(&digest, damage).await;
        let refused = chunks(&*blobs, &digest).await.expect_err("damaged");
        assert!(matches!(refused, StoreError::Damaged { .. }), "{damage:?}: {refused}");
    }
}

pub(crate) async fn damaged_bytes_are_replaced_by_the_next_upload(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let stored = put(&*blobs, b"torque").await.expect("stored");
    for damage in DAMAGES {
        place.damage(&stored.digest, damage).await;
        assert_eq!(put(&*blobs, b"torque").await.expect("accepted again"), stored);
        let read = chunks(&*blobs, &stored.digest).await.expect("whole again");
        assert_eq!(read.concat(), b"torque", "{damage:?}");
    }
}

pub(crate) async fn a_discarded_upload_leaves_nothing(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let digest = Digest::of(b"torque");
    for mut upload in
        [blobs.begin().await.expect("begun"), blobs.resume(&digest, 6, 0).await.expect("begun")]
    {
        upload.write("torq".into()).await.expect("written");
        upload.discard().await.expect("discarded");
        assert_eq!(blobs.progress(&digest, 6).await.expect("told"), 0);
        assert_eq!(size(&*blobs, b"torque").await, None);
    }
}

pub(crate) async fn a_read_begins_where_it_is_asked_to(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let digest = put(&*blobs, b"torque").await.expect("stored").digest;
    for offset in 0..=6 {
        let read = blobs.read_from(&digest, offset).await.expect("begun");
        let read: Vec<_> = read.try_collect().await.expect("read");
        assert_eq!(read.concat(), b"torque"[offset as usize..], "{offset}");
    }
    let refused = blobs.read_from(&Digest::of(b"absent"), 1).await.err().expect("no such object");
    assert_eq!(refused.code(), Code::NotFound);
}

pub(crate) async fn blobs_are_listed_once_in_order(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let mut stored = Vec::new();
    for i in 0..40 {
        stored.push(put(&*blobs, format!("blob {i}").as_bytes()).await.expect("stored"));
    }
    // On its way: not there yet.
    let mut upload = blobs.resume(&Digest::of(b"torque"), 6, 0).await.expect("begun");
    upload.write("torq".into()).await.expect("written");
    stored.sort_unstable_by_key(|blob| blob.digest);
    let mut listed = Vec::new();
    loop {
        let last = listed.last().map(|blob: &StoredBlob| blob.digest);
        let page = blobs.list(last.as_ref(), 7).await.expect("listed");
        assert!(page.len() <= 7);
        if page.is_empty() {
            break;
        }
        let stored =
            |entry: &BlobEntry| StoredBlob { digest: entry.digest, size_bytes: entry.size_bytes };
        listed.extend(page.iter().map(stored));
    }
    assert_eq!(listed, stored);
}

pub(crate) async fn a_removed_blob_is_gone_and_can_come_again(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let digest = put(&*blobs, b"torque").await.expect("stored").digest;
    let reading = blobs.read(&digest).await.expect("begun");
    assert_eq!(blobs.remove(&digest).await.expect("removed"), Some(6));
    assert_eq!(blobs.remove(&digest).await.expect("removed before"), None);
    assert_eq!(size(&*blobs, b"torque").await, None);
    let read: Vec<_> = reading.try_collect().await.expect("who reads it keeps it");
    assert_eq!(read.concat(), b"torque");
    put(&*blobs, b"torque").await.expect("it can come again");
    assert_eq!(chunks(&*blobs, &digest).await.expect("read").concat(), b"torque");
}
