//! Blocking work away from the threads that serve.

use std::panic;

use crate::StoreError;

/// Runs `work` where it may block. Dropping the future does not interrupt work that has begun.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
        // The runtime is going down.
        Err(_) => Err(StoreError::Busy),
    }
}
