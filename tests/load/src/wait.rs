//! Where the tool waits for calls: it is a program without tasks.

use std::{future::Future, io};

/// What `future` comes to.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}
