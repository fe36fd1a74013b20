//! Tells of failures while a load goes on: of each kind the first.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{FutureExt, future::BoxFuture};

use crate::{
    bench::{Caller, Failure},
    output::notice,
};

/// What makes the calls of one load, and tells the first failure of each kind.
pub(super) fn telling(
    caller: &Caller,
) -> impl Fn(usize, u64) -> BoxFuture<'static, Result<(), Failure>> + Clone + Send + 'static {
    let caller = caller.clone();
    let told = Arc::new(Mutex::new(BTreeSet::new()));
    move |worker, n| {
        let (caller, told) = (caller.clone(), told.clone());
        async move {
            let outcome = caller.call(worker, n).await;
            if let Err(failure) = &outcome
                && told.lock().unwrap_or_else(PoisonError::into_inner).insert(failure.label())
            {
                notice(&format!("first failure of its kind: {failure}"));
            }
            outcome
        }
        .boxed()
    }
}
