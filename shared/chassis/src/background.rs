//! Work that stands back behind those who answer.
//!
//! On a processor that batches, files, loads and training share with the transport, a request for a
//! small model waited up to 4 ms for its turn. The system gives a lower priority to whoever asks for
//! it, and to nobody a higher one.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
};

/// Batches and files, which somebody waits for: a quarter of a processor that the transport takes all
/// of, or what it leaves.
pub const BEHIND: i32 = 5;
/// Loads and training, for which nobody waits call by call: a tenth.
pub const LAST: i32 = 10;

/// Gives this thread a priority so many levels (nice(2)) below the process's first thread, for as long
/// as it lives. Nothing happens where the system knows no priorities of threads.
pub fn stand_back(levels: i32) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpid, getpriority_process, setpriority_process};

        const LOWEST: i32 = 19;
        // Not below the thread's own, which it has from the thread that started it, and which may stand
        // back already. To have less is never refused; were it, the thread would be as before.
        let lowered = getpriority_process(Some(getpid()))
            .and_then(|first| setpriority_process(None, (first + levels).min(LOWEST)));
        if let Err(error) = lowered {
            tracing::debug!(%error, "a thread keeps its priority");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = levels;
}

/// A runtime whose workers go before its other threads, which read, write and check files.
///
/// # Errors
/// The system has no more threads.
pub fn runtime() -> io::Result<Runtime> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let started = Arc::new(AtomicUsize::new(0));
    let so_far = started.clone();
    let stand = move || {
        if so_far.fetch_add(1, Ordering::Relaxed) >= workers {
            stand_back(BEHIND);
        }
    };
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).enable_all().on_thread_start(stand).build()?;
    // The first threads are the workers: who is asked for before they have begun would pass for one.
    while started.load(Ordering::Relaxed) < workers {
        thread::yield_now();
    }
    Ok(runtime)
}

/// A runtime of one thread that stands back, with the threads that its tasks block on. It ends, and its
/// tasks with it, when this is dropped.
pub struct Background {
    tasks: Handle,
    _end: oneshot::Sender<()>,
}

impl Background {
    /// Starts its thread.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let ((end, ended), tasks) = (oneshot::channel(), runtime.handle().clone());
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Threads that it starts inherit this.
            stand_back(LAST);
            // Nothing is ever sent.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { tasks, _end: end })
    }

    /// Where its tasks are started.
    pub fn tasks(&self) -> &Handle {
        &self.tasks
    }

    /// What comes of `make`, which may start tasks: they are this runtime's.
    pub fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        let _entered = self.tasks.enter();
        make()
    }
}

/// What comes of `work` on a thread of its own that stands back; nothing if it panics.
///
/// # Errors
/// The system has no more threads.
pub async fn in_background<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (reply, outcome) = oneshot::channel();
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        stand_back(LAST);
        // Nobody may be waiting any more.
        let _ = reply.send(work());
    })?;
    Ok(outcome.await.ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    fn niceness() -> i32 {
        rustix::process::getpriority_process(None).expect("every thread has one")
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_thread_itself_stands_back() {
        let own = niceness();
        let lowered = in_background("test", niceness).await.expect("a thread");
        assert_eq!(lowered, Some((own + LAST).min(19)));
        assert_eq!(niceness(), own);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn workers_go_before_threads_that_block() {
        let (own, runtime) = (niceness(), runtime().expect("threads"));
        let (worker, other) = runtime.block_on(async {
            let blocking = || tokio::task::spawn_blocking(niceness);
            let worker = tokio::spawn(async { niceness() });
            (worker.await.expect("no panic"), blocking().await.expect("no panic"))
        });
        assert_eq!((worker, other), (own, (own + BEHIND).min(19)));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn tasks_of_the_background_stand_back_and_so_does_what_they_block_on() {
        let (own, background) = (niceness(), Background::start("test").expect("a thread"));
        let both = async { (niceness(), tokio::task::spawn_blocking(niceness).await) };
        let (task, blocking) = background.tasks().spawn(both).await.expect("no panic");
        let last = (own + LAST).min(19);
        assert_eq!((task, blocking.expect("no panic")), (last, last));
    }

    #[tokio::test]
    async fn tasks_end_with_the_background() {
        let background = Background::start("test").expect("a thread");
        let task = background.tasks().spawn(std::future::pending::<()>());
        drop(background);
        assert!(task.await.expect_err("it never ends by itself").is_cancelled());
    }

    #[tokio::test]
    async fn what_panics_comes_to_nothing() {
        let outcome = in_background("test", || panic!("meant to")).await.expect("a thread");
        assert_eq!(outcome, None::<()>);
    }
}
