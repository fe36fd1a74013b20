//! Laws of [`JobStore`](millwright_store::JobStore): data sets, and lists by pages.

use std::time::Duration;

use millwright_domain::{Dataset, Digest, PageSize};

use crate::{
    jobs::{JobPlace, datasets, jobs, queue, read_otherwise},
    samples::dataset,
};

macro_rules! dataset_laws {
    ($place:ty) => {
        laws!(datasets on $place:
            a_data_set_is_read_as_it_was_put,
            a_data_set_that_comes_again_is_read_as_now_and_keeps_its_age,
            data_sets_are_listed_newest_first,
            pages_make_the_whole_list,
            a_page_goes_on_where_the_last_one_ended_whatever_came_since,
        );
    };
}

pub(crate) async fn a_data_set_is_read_as_it_was_put(place: impl JobPlace) {
    let store = place.open().await;
    assert_eq!(store.dataset(&Digest::of(b"data")).await.expect("read"), None);
    assert_eq!(store.put_dataset(&dataset("data")).await.expect("put"), dataset("data"));
    assert_eq!(store.dataset(&Digest::of(b"data")).await.expect("read"), Some(dataset("data")));
}

pub(crate) async fn a_data_set_that_comes_again_is_read_as_now_and_keeps_its_age(
    place: impl JobPlace,
) {
    let store = place.open().await;
    store.put_dataset(&dataset("data")).await.expect("put");
    store.put_dataset(&dataset("other")).await.expect("put");
    let later = dataset("data").created_at + Duration::from_secs(60);
    let again = Dataset { created_at: later, ..read_otherwise("data") };
    let stored = store.put_dataset(&again).await.expect("accepted again");
    assert_eq!(stored, read_otherwise("data"), "as old as before");
    assert_eq!(datasets(&*store).await, [dataset("other"), read_otherwise("data")]);
}

pub(crate) async fn data_sets_are_listed_newest_first(place: impl JobPlace) {
    let store = place.open().await;
    for bytes in ["a", "b", "c"] {
        store.put_dataset(&dataset(bytes)).await.expect("put");
    }
    assert_eq!(datasets(&*store).await, [dataset("c"), dataset("b"), dataset("a")]);
}

pub(crate) async fn pages_make_the_whole_list(place: impl JobPlace) {
    let store = place.open().await;
    queue(&*store, 7).await;
    let whole = jobs(&*store).await;
    for size in [1, 2, 6, 7, 8] {
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let page = store.jobs(before, PageSize::of(size)).await.expect("read");
            assert!((1..=size as usize).contains(&page.items.len()), "pages of {size}");
            paged.extend(page.items);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole, "pages of {size}");
    }
    let page = store.datasets(None, PageSize::of(1)).await.expect("read");
    assert_eq!((page.items, page.next), (vec![dataset("data")], None));
}

pub(crate) async fn a_page_goes_on_where_the_last_one_ended_whatever_came_since(
    place: impl JobPlace,
) {
    let store = place.open().await;
    for bytes in ["a", "b", "c"] {
        store.put_dataset(&dataset(bytes)).await.expect("put");
    }
    let first = store.datasets(None, PageSize::of(2)).await.expect("read");
    store.put_dataset(&dataset("d")).await.expect("put");
    let second = store.datasets(first.next, PageSize::of(2)).await.expect("read");
    assert_eq!([first.items, second.items].concat(), ["c", "b", "a"].map(dataset));
    assert_eq!(second.next, None);
}
