//! Laws of [`JobStore`].

use std::{collections::HashSet, sync::Arc, time::SystemTime};

use futures::future::{join, join_all};
use millwright_domain::{
    Code, Dataset, Digest, Fault, JobId, JobState, PageSize, TraceContext, TrainingJob,
    TrainingSpec, Version,
};
use millwright_store::{JobOutcome, JobStore, JobTotals};

use crate::samples::{dataset, job};

/// Where data sets and jobs are kept: opening it again finds what was committed.
pub(crate) trait JobPlace: Default {
    async fn open(&self) -> Arc<dyn JobStore>;
}

macro_rules! job_laws {
    ($place:ty) => {
        laws!(jobs on $place:
            a_job_begins_queued,
            a_job_reads_its_data_set_as_it_was_read_when_it_was_queued,
            a_job_that_says_how_it_reads_is_believed,
            a_job_needs_its_data_set,
            a_job_keeps_the_trace_that_it_was_created_in,
            the_same_key_gives_the_same_job,
            the_same_key_at_once_gives_one_job,
            a_key_is_not_for_another_request,
            without_a_key_each_request_is_a_new_job,
            the_oldest_job_is_claimed_first,
            a_job_is_claimed_once_under_concurrency,
            an_ended_job_says_how,
            an_ended_job_never_changes,
            only_a_running_job_ends,
            only_a_running_job_waits_again_in_its_old_place,
            running_jobs_are_told_oldest_first,
            totals_count_jobs_by_state_and_the_bytes_of_data_sets,
            a_job_that_waits_or_runs_is_called_off_once,
            an_ended_job_is_not_called_off,
            a_sealed_job_is_not_called_off,
            a_job_is_called_off_or_sealed_never_both,
            everything_survives_reopening,
        );
    };
}

pub(crate) type Store = dyn JobStore;

pub(crate) async fn queue(store: &Store, n: u64) -> Vec<JobId> {
    store.put_dataset(&dataset("data")).await.expect("put");
    let mut ids = Vec::new();
    for seed in 0..n {
        ids.push(store.create_job(job("data", seed, None), None).await.expect("created").id);
    }
    ids
}

async fn claim(store: &Store) -> Option<TrainingJob> {
    store.claim().await.expect("the store answers")
}

pub(crate) async fn jobs(store: &Store) -> Vec<TrainingJob> {
    store.jobs(None, PageSize::MOST).await.expect("read").items
}

pub(crate) async fn datasets(store: &Store) -> Vec<Dataset> {
    store.datasets(None, PageSize::MOST).await.expect("read").items
}

/// The data set `bytes`, read with another delimiter.
pub(crate) fn read_otherwise(bytes: &str) -> Dataset {
    let mut dataset = dataset(bytes);
    dataset.table.format.delimiter = ';';
    dataset
}

fn succeeded() -> JobOutcome {
    JobOutcome::Succeeded(Version::FIRST)
}

fn failed() -> JobOutcome {
    JobOutcome::Failed("one class only".to_owned())
}

pub(crate) async fn a_job_begins_queued(place: impl JobPlace) {
    let store = place.open().await;
    store.put_dataset(&dataset("data")).await.expect("put");
    let new = job("data", u64::MAX, Some("k"));
    let created = store.create_job(new.clone(), None).await.expect("created");
    assert_eq!(created.state, JobState::Queued);
    let spec = TrainingSpec { table: Some(dataset("data").table.format), ..new.spec };
    assert_eq!((&created.model, &created.spec), (&new.model, &spec));
    assert_eq!(created.dataset, new.dataset);
    assert_eq!((created.version, &created.failure), (None, &None));
    assert_eq!((created.started_at, created.ended_at), (None, None));
    assert!(created.created_at <= SystemTime::now());
    assert_eq!(store.job(&created.id).await.expect("read"), Some(created));
}

pub(crate) async fn a_job_reads_its_data_set_as_it_was_read_when_it_was_queued(
    place: impl JobPlace,
) {
    let store = place.open().await;
    let queued = queue(&*store, 1).await;
    store.put_dataset(&read_otherwise("data")).await.expect("put");
    let later = store.create_job(job("data", 1, None), None).await.expect("created");
    for (id, read) in [(&queued[0], dataset("data")), (&later.id, read_otherwise("data"))] {
        let job = store.job(id).await.expect("read").expect("there");
        assert_eq!(job.spec.table, Some(read.table.format));
    }
}

pub(crate) async fn a_job_that_says_how_it_reads_is_believed(place: impl JobPlace) {
    let store = place.open().await;
    store.put_dataset(&dataset("data")).await.expect("put");
    let format = Some(read_otherwise("data").table.format);
    let mut new = job("data", 1, None);
    new.spec.table.clone_from(&format);
    assert_eq!(store.create_job(new, None).await.expect("created").spec.table, format);
}

pub(crate) async fn a_job_needs_its_data_set(place: impl JobPlace) {
    let store = place.open().await;
    let refused =
        store.create_job(job("data", 1, Some("k")), None).await.expect_err("no such data");
    assert_eq!(refused.code(), Code::NotFound);
    assert!(refused.to_string().contains(&Digest::of(b"data").to_string()));
    assert_eq!(jobs(&*store).await, vec![]);
}

pub(crate) async fn a_job_keeps_the_trace_that_it_was_created_in(place: impl JobPlace) {
    let store = place.open().await;
    store.put_dataset(&dataset("data")).await.expect("put");
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned();
    let trace = TraceContext { traceparent, tracestate: "plant=2".to_owned() };
    let traced = store.create_job(job("data", 1, Some("k")), Some(trace.clone())).await;
    let traced = traced.expect("created");
    let again = store.create_job(job("data", 1, Some("k")), None).await.expect("answered again");
    let untraced = store.create_job(job("data", 2, None), None).await.expect("created");
    drop(store);
    let store = place.open().await;
    assert_eq!(again, traced);
    assert_eq!(store.trace_of(&traced.id).await.expect("read"), Some(trace), "of who came first");
    assert_eq!(store.trace_of(&untraced.id).await.expect("read"), None);
}

pub(crate) async fn the_same_key_gives_the_same_job(place: impl JobPlace) {
    let store = place.open().await;
    store.put_dataset(&dataset("data")).await.expect("put");
    let first = store.create_job(job("data", 1, Some("k")), None).await.expect("created");
    let claimed = claim(&*store).await;
    assert_eq!(claimed.as_ref().map(|claimed| &claimed.id), Some(&first.id));
    let again = store.create_job(job("data", 1, Some("k")), None).await.expect("answered again");
    assert_eq!(Some(again), claimed, "as it is now");
    store.put_dataset(&read_otherwise("data")).await.expect("put");
    store.create_job(job("data", 1, Some("k")), None).await.expect("it is the same request still");
    assert_eq!(jobs(&*store).await.len(), 1);
}

pub(crate) async fn the_same_key_at_once_gives_one_job(place: impl JobPlace) {
    let store = place.open().await;
    store.put_dataset(&dataset("data")).await.expect("put");
    let created =
        join_all((0..12).map(|_| store.create_job(job("data", 1, Some("k")), None))).await;
    assert!(created.iter().all(|one| one.is_ok()));
    assert_eq!(jobs(&*store).await.len(), 1);
}

pub(crate) async fn a_key_is_not_for_another_request(place: impl JobPlace) {
    let store = place.open().await;
    store.put_dataset(&dataset("data")).await.expect("put");
    store.put_dataset(&dataset("other")).await.expect("put");
    store.create_job(job("data", 1, Some("k")), None).await.expect("created");
    let mut format = job("data", 1, Some("k"));
    format.spec.table = Some(dataset("data").table.format);
    for (other, why) in [
        (job("data", 2, Some("k")), "another seed"),
        (job("other", 1, Some("k")), "other data"),
        (format, "a format that was not said"),
    ] {
        let refused = store.create_job(other, None).await.expect_err(why);
        assert_eq!(refused.code(), Code::AlreadyExists, "{why}");
    }
    assert_eq!(jobs(&*store).await.len(), 1);
}

pub(crate) async fn without_a_key_each_request_is_a_new_job(place: impl JobPlace) {
    let store = place.open().await;
    store.put_dataset(&dataset("data")).await.expect("put");
    let first = store.create_job(job("data", 1, None), None).await.expect("created");
    let second = store.create_job(job("data", 1, None), None).await.expect("created");
    assert_ne!(first.id, second.id);
    assert_eq!(jobs(&*store).await, [second, first], "newest first");
}

pub(crate) async fn the_oldest_job_is_claimed_first(place: impl JobPlace) {
    let store = place.open().await;
    for id in queue(&*store, 3).await {
        let claimed = claim(&*store).await.expect("one waits");
        assert_eq!((claimed.id, claimed.state), (id, JobState::Running));
        assert!(claimed.started_at >= Some(claimed.created_at));
    }
    assert_eq!(claim(&*store).await, None);
}

pub(crate) async fn a_job_is_claimed_once_under_concurrency(place: impl JobPlace) {
    let store = place.open().await;
    let ids: HashSet<_> = queue(&*store, 8).await.into_iter().collect();
    let claimed = join_all((0..24).map(|_| claim(&*store))).await;
    let claimed: Vec<_> = claimed.into_iter().flatten().map(|claimed| claimed.id).collect();
    assert_eq!(claimed.len(), 8);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>(), ids);
}

pub(crate) async fn an_ended_job_says_how(place: impl JobPlace) {
    let store = place.open().await;
    queue(&*store, 2).await;
    for (outcome, state) in [(succeeded(), JobState::Succeeded), (failed(), JobState::Failed)] {
        let id = claim(&*store).await.expect("one waits").id;
        let ended = store.finish(&id, outcome.clone()).await.expect("ended");
        assert_eq!(ended.state, state);
        assert_eq!(
            ended
                .version
                .map(JobOutcome::Succeeded)
                .or(ended.failure.clone().map(JobOutcome::Failed)),
            Some(outcome)
        );
        assert!(ended.ended_at >= ended.started_at);
        assert_eq!(store.job(&id).await.expect("read"), Some(ended));
    }
}

pub(crate) async fn an_ended_job_never_changes(place: impl JobPlace) {
    let store = place.open().await;
    queue(&*store, 1).await;
    let id = claim(&*store).await.expect("one waits").id;
    let ended = store.finish(&id, succeeded()).await.expect("ended");
    assert_eq!(store.finish(&id, succeeded()).await.expect("the same again"), ended);
    let refused = store.finish(&id, failed()).await.expect_err("it succeeded");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    for refused in [store.requeue(&id).await.err(), store.seal(&id).await.err()] {
        assert_eq!(refused.map(|error| error.code()), Some(Code::FailedPrecondition));
    }
    assert_eq!(claim(&*store).await, None);
    assert_eq!(store.job(&id).await.expect("read"), Some(ended));
}

pub(crate) async fn only_a_running_job_ends(place: impl JobPlace) {
    let store = place.open().await;
    let ids = queue(&*store, 1).await;
    let refused = store.finish(&ids[0], succeeded()).await.expect_err("it waits");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let refused = store.finish(&JobId::random(), succeeded()).await.expect_err("no such job");
    assert_eq!(refused.code(), Code::NotFound);
}

pub(crate) async fn only_a_running_job_waits_again_in_its_old_place(place: impl JobPlace) {
    let store = place.open().await;
    let ids = queue(&*store, 2).await;
    let refused = store.requeue(&ids[0]).await.expect_err("it waits");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let refused = store.requeue(&JobId::random()).await.expect_err("no such job");
    assert_eq!(refused.code(), Code::NotFound);
    claim(&*store).await.expect("one waits");
    drop(store);
    let reopened = place.open().await;
    let waiting = reopened.requeue(&ids[0]).await.expect("requeued");
    assert_eq!((waiting.state, waiting.started_at), (JobState::Queued, None));
    assert_eq!(claim(&*reopened).await.map(|next| next.id), Some(ids[0].clone()));
}

pub(crate) async fn running_jobs_are_told_oldest_first(place: impl JobPlace) {
    let store = place.open().await;
    let ids = queue(&*store, 4).await;
    for _ in 0..3 {
        claim(&*store).await.expect("one waits");
    }
    store.finish(&ids[1], failed()).await.expect("ended");
    let running = store.running().await.expect("read");
    assert_eq!(
        running.into_iter().map(|job| job.id).collect::<Vec<_>>(),
        [&ids[0], &ids[2]].map(Clone::clone)
    );
}

pub(crate) async fn totals_count_jobs_by_state_and_the_bytes_of_data_sets(place: impl JobPlace) {
    let store = place.open().await;
    assert_eq!(store.totals().await.expect("read"), JobTotals::default());
    let ids = queue(&*store, 5).await;
    for _ in 0..2 {
        claim(&*store).await.expect("one waits");
    }
    store.finish(&ids[0], failed()).await.expect("ended");
    store.put_dataset(&dataset("more")).await.expect("put");
    let totals = store.totals().await.expect("read");
    let bytes = dataset("data").size_bytes + dataset("more").size_bytes;
    assert_eq!((totals.datasets, totals.dataset_bytes), (2, bytes));
    let jobs = [(JobState::Failed, 1), (JobState::Queued, 3), (JobState::Running, 1)];
    assert_eq!(totals.jobs, jobs);
}

pub(crate) async fn a_job_that_waits_or_runs_is_called_off_once(place: impl JobPlace) {
    let store = place.open().await;
    let ids = queue(&*store, 2).await;
    claim(&*store).await.expect("one waits");
    for id in &ids {
        let cancelled = store.cancel(id).await.expect("called off");
        assert_eq!((cancelled.state, cancelled.version), (JobState::Cancelled, None));
        assert!(cancelled.ended_at.is_some());
        assert_eq!(store.cancel(id).await.expect("called off again"), cancelled);
        assert_eq!(store.job(id).await.expect("read"), Some(cancelled));
        for refused in [
            store.finish(id, succeeded()).await.err(),
            store.seal(id).await.err(),
            store.requeue(id).await.err(),
        ] {
            assert_eq!(refused.map(|error| error.code()), Some(Code::FailedPrecondition));
        }
    }
    assert_eq!(claim(&*store).await, None);
    assert_eq!(store.running().await.expect("read"), []);
    let refused = store.cancel(&JobId::random()).await.expect_err("no such job");
    assert_eq!(refused.code(), Code::NotFound);
}

pub(crate) async fn an_ended_job_is_not_called_off(place: impl JobPlace) {
    let store = place.open().await;
    for (id, outcome) in queue(&*store, 2).await.into_iter().zip([succeeded(), failed()]) {
        claim(&*store).await.expect("one waits");
        let ended = store.finish(&id, outcome).await.expect("ended");
        let refused = store.cancel(&id).await.expect_err("it has ended");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(store.job(&id).await.expect("read"), Some(ended));
    }
}

pub(crate) async fn a_sealed_job_is_not_called_off(place: impl JobPlace) {
    let store = place.open().await;
    let ids = queue(&*store, 1).await;
    let refused = store.seal(&ids[0]).await.expect_err("it waits");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    claim(&*store).await.expect("one waits");
    store.seal(&ids[0]).await.expect("sealed");
    store.seal(&ids[0]).await.expect("sealed again");
    let running = store.cancel(&ids[0]).await.expect_err("its version may be registered");
    // The version may be there although a process was killed before it could say so.
    store.requeue(&ids[0]).await.expect("requeued");
    let waiting = store.cancel(&ids[0]).await.expect_err("its version may be registered");
    for refused in [running, waiting] {
        assert_eq!(refused.code(), Code::FailedPrecondition);
    }
    claim(&*store).await.expect("one waits");
    store.finish(&ids[0], succeeded()).await.expect("it goes on to its end");
}

pub(crate) async fn a_job_is_called_off_or_sealed_never_both(place: impl JobPlace) {
    let store = place.open().await;
    for id in queue(&*store, 8).await {
        claim(&*store).await.expect("one waits");
        let (sealed, cancelled) = join(store.seal(&id), store.cancel(&id)).await;
        assert_ne!(sealed.is_ok(), cancelled.is_ok());
        let state = store.job(&id).await.expect("read").expect("there").state;
        assert_eq!(state == JobState::Cancelled, cancelled.is_ok());
    }
}

pub(crate) async fn everything_survives_reopening(place: impl JobPlace) {
    let store = place.open().await;
    queue(&*store, 3).await;
    let done = claim(&*store).await.expect("one waits");
    store.finish(&done.id, succeeded()).await.expect("ended");
    claim(&*store).await.expect("one waits");
    let before = jobs(&*store).await;
    drop(store);
    let reopened = place.open().await;
    assert_eq!(jobs(&*reopened).await, before);
    assert_eq!(datasets(&*reopened).await, [dataset("data")]);
}
