//! Writes to the store that are worth waiting for.

use millwright_client::{Backoff, RetryPolicy};
use millwright_domain::{Code, Fault};
use millwright_store::StoreError;
use tokio::time;

/// What `record` gives once the store takes it: a full disk is waited for, since hours of training
/// may hang on it.
///
/// # Errors
/// What waiting does not mend.
pub(crate) async fn recorded<T, F>(record: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut backoff = Backoff::new(RetryPolicy::PATIENT);
    loop {
        match record().await {
            Err(error) if may_pass(&error) => {
                tracing::error!(%error, "the store cannot be written, waiting for it");
                pause(&mut backoff).await;
            }
            outcome => return outcome,
        }
    }
}

fn may_pass(error: &StoreError) -> bool {
    matches!(error.code(), Code::Unavailable | Code::ResourceExhausted)
}

/// Waits as long as `backoff` says.
pub(crate) async fn pause(backoff: &mut Backoff) {
    time::sleep(backoff.next_wait(None).unwrap_or(RetryPolicy::PATIENT.longest)).await;
}
