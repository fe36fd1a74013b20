//! Laws of the uploads of [`Blobs`] that go on.

use std::time::{Duration, SystemTime};

use futures::TryStreamExt;
use millwright_domain::{Code, Digest, Fault};
use millwright_store::{BlobUpload, Blobs, StoredBlob};

use crate::blobs::BlobPlace;

const LARGE: u64 = 64 << 20;

macro_rules! upload_laws {
    ($place:ty) => {
        laws!(uploads on $place:
            an_upload_goes_on_after_a_cut_or_a_kill,
            an_upload_goes_on_from_before_where_it_was_cut,
            an_upload_is_told_from_another_of_the_same_digest,
            an_offset_beyond_what_arrived_is_refused,
            what_arrived_damaged_is_found_out_and_forgotten,
            what_is_there_already_need_not_come,
            what_was_damaged_since_is_found_out,
            an_upload_that_goes_on_ends_the_one_before,
            uploads_that_begin_leave_each_other_alone,
            an_upload_beyond_the_limit_never_begins,
            abandoned_uploads_are_removed_and_live_ones_are_not,
        );
    };
}

fn torque() -> Digest {
    Digest::of(b"torque")
}

async fn resume(blobs: &dyn Blobs, offset: u64) -> Box<dyn BlobUpload> {
    blobs.resume(&torque(), 6, offset).await.expect("it begins")
}

async fn progress(blobs: &dyn Blobs) -> u64 {
    blobs.progress(&torque(), 6).await.expect("told")
}

/// Uploads `part` of `torque` and is cut.
async fn cut(blobs: &dyn Blobs, part: &'static str) {
    let mut upload = resume(blobs, 0).await;
    upload.write(part.into()).await.expect("written");
}

async fn finish(blobs: &dyn Blobs, offset: u64, rest: &'static str) {
    let mut upload = resume(blobs, offset).await;
    upload.write(rest.into()).await.expect("written");
    let stored = upload.commit_as(torque()).await.expect("whole");
    assert_eq!(stored, StoredBlob { digest: torque(), size_bytes: 6 });
    let read = blobs.read(&torque()).await.expect("there");
    assert_eq!(read.try_collect::<Vec<_>>().await.expect("whole").concat(), b"torque");
}

pub(crate) async fn an_upload_goes_on_after_a_cut_or_a_kill(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    assert_eq!(progress(&*blobs).await, 0);
    cut(&*blobs, "to").await;
    assert_eq!(progress(&*blobs).await, 2);
    let mut upload = resume(&*blobs, 2).await;
    upload.write("rq".into()).await.expect("written");
    // As when the process is killed: nothing of it runs any more.
    std::mem::forget(upload);
    drop(blobs);
    let blobs = place.open(LARGE).await;
    assert_eq!(progress(&*blobs).await, 4);
    assert_eq!(blobs.size(&torque()).await.expect("looked up"), None, "invisible so far");
    finish(&*blobs, 4, "ue").await;
    assert_eq!(progress(&*blobs).await, 6);
}

pub(crate) async fn an_upload_goes_on_from_before_where_it_was_cut(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    cut(&*blobs, "tor").await;
    finish(&*blobs, 1, "orque").await;
}

pub(crate) async fn an_upload_is_told_from_another_of_the_same_digest(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    cut(&*blobs, "tor").await;
    assert_eq!(blobs.progress(&torque(), 7).await.expect("told"), 0, "another size");
    assert_eq!(blobs.progress(&Digest::of(b"oil"), 6).await.expect("told"), 0);
    finish(&*blobs, 3, "que").await;
    assert_eq!(blobs.progress(&torque(), 7).await.expect("told"), 0, "another size");
}

pub(crate) async fn an_offset_beyond_what_arrived_is_refused(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    for arrived in [0, 3] {
        for offset in [arrived + 1, 6, 7, u64::MAX] {
            let refused = blobs.resume(&torque(), 6, offset).await.err().expect("refused");
            assert_eq!(refused.code(), Code::Aborted, "{offset} of {arrived}");
        }
        cut(&*blobs, "tor").await;
    }
    finish(&*blobs, 3, "que").await;
}

pub(crate) async fn what_arrived_damaged_is_found_out_and_forgotten(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    cut(&*blobs, "tox").await;
    let mut upload = resume(&*blobs, 3).await;
    upload.write("que".into()).await.expect("written");
    let refused = upload.commit_as(torque()).await.expect_err("another digest");
    assert_eq!(refused.code(), Code::DataLoss);
    assert_eq!(progress(&*blobs).await, 0);
    finish(&*blobs, 0, "torque").await;
}

pub(crate) async fn what_is_there_already_need_not_come(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    finish(&*blobs, 0, "torque").await;
    let mut upload = resume(&*blobs, 6).await;
    upload.write("more".into()).await.expect_err("it is whole");
    let upload = resume(&*blobs, 6).await;
    assert_eq!(upload.commit_as(torque()).await.expect("there").size_bytes, 6);
    // All of it had arrived, and was not committed.
    blobs.remove(&torque()).await.expect("removed");
    cut(&*blobs, "torque").await;
    let upload = resume(&*blobs, 6).await;
    assert_eq!(upload.commit_as(torque()).await.expect("whole").size_bytes, 6);
}

pub(crate) async fn what_was_damaged_since_is_found_out(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    finish(&*blobs, 0, "torque").await;
    place.damage(&torque(), b"uorque").await;
    let refused = resume(&*blobs, 6).await.commit_as(torque()).await.expect_err("damaged");
    assert_eq!(refused.code(), Code::DataLoss);
    finish(&*blobs, 0, "torque").await;
}

pub(crate) async fn an_upload_that_goes_on_ends_the_one_before(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let mut hangs = resume(&*blobs, 0).await;
    hangs.write("tor".into()).await.expect("written");
    let mut goes_on = resume(&*blobs, 3).await;
    let ended = hangs.write("XXX".into()).await.expect_err("its place is taken");
    assert_eq!(ended.code(), Code::Aborted);
    goes_on.write("q".into()).await.expect("written");
    drop(hangs);
    goes_on.write("ue".into()).await.expect("written");
    goes_on.commit_as(torque()).await.expect("whole");
}

pub(crate) async fn uploads_that_begin_leave_each_other_alone(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let (mut one, mut other) = (resume(&*blobs, 0).await, resume(&*blobs, 0).await);
    one.write("tor".into()).await.expect("written");
    other.write("torq".into()).await.expect("written");
    one.write("que".into()).await.expect("written");
    other.write("ue".into()).await.expect("written");
    one.commit_as(torque()).await.expect("whole");
    other.commit_as(torque()).await.expect("whole");
}

pub(crate) async fn an_upload_beyond_the_limit_never_begins(place: impl BlobPlace) {
    let blobs = place.open(6).await;
    let refused = blobs.resume(&torque(), 7, 0).await.err().expect("one byte more");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    finish(&*blobs, 0, "torque").await;
}

pub(crate) async fn abandoned_uploads_are_removed_and_live_ones_are_not(place: impl BlobPlace) {
    let blobs = place.open(LARGE).await;
    let later = SystemTime::now() + Duration::from_secs(3600);
    let earlier = SystemTime::now() - Duration::from_secs(3600);
    let mut live = resume(&*blobs, 0).await;
    live.write("tor".into()).await.expect("written");
    assert_eq!(blobs.remove_abandoned(later).await.expect("looked up"), 0, "it is live");
    drop(live);
    assert_eq!(blobs.remove_abandoned(earlier).await.expect("looked up"), 0, "it may go on");
    assert_eq!(blobs.remove_abandoned(later).await.expect("removed"), 3);
    assert_eq!(progress(&*blobs).await, 0);
    finish(&*blobs, 0, "torque").await;
    assert_eq!(blobs.remove_abandoned(later).await.expect("looked up"), 0, "it is whole");
}
