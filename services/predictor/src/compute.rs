//! Where models run: one pool of threads for all versions.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use millwright_chassis::background::{BEHIND, stand_back};
use millwright_ml::Predictor;
use millwright_tensor::Rows;
use rayon::ThreadPool;
use tokio::sync::oneshot;

use crate::{
    ServingError,
    lane::{Lane, Places},
};

/// Work below this runs where it stands: a hop to the pool costs some 18 µs, and so do 0.3 MFLOP at
/// 17 GFLOP/s. An estimate, which no benchmark of ours has set yet.
const HOP_FLOPS: u64 = 300_000;

/// Nor does more than this stay, whatever it computes: a text of megabytes takes milliseconds.
const HOP_BYTES: usize = 64 << 10;

/// The pool, and the turns that versions take at it. Clones share both.
#[derive(Clone)]
pub struct Compute {
    pool: Arc<ThreadPool>,
    places: Arc<Places>,
}

/// A pool that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the compute threads")]
pub struct PoolError(#[from] rayon::ThreadPoolBuildError);

impl Compute {
    /// A pool of `threads` threads, and as many batches at a time.
    ///
    /// # Errors
    /// [`PoolError`] if the system gives no more threads.
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let builder = builder.start_handler(|_| stand_back(BEHIND));
        let pool = builder.thread_name(|i| format!("compute-{i}")).build()?;
        Ok(Self { pool: Arc::new(pool), places: Arc::new(Places::new(threads.max(1))) })
    }

    /// A version's way to the pool, on which its turns are counted.
    pub(crate) fn lane(&self) -> Lane {
        self.places.lane()
    }

    /// Whether `model` computes `rows` sooner than a thread of the pool would begin to.
    pub(crate) fn is_light(model: &dyn Predictor, rows: &Rows) -> bool {
        let flops = model.flops_per_row().saturating_mul(rows.len() as u64);
        flops < HOP_FLOPS && rows.byte_len() < HOP_BYTES
    }

    /// Runs `model` on light `rows`, where the caller stands. A panic is an error, and an answer has
    /// one row for each of `rows`.
    pub(crate) fn run_here(model: &dyn Predictor, rows: &Rows) -> Result<Rows, ServingError> {
        // A model is immutable: there is no state that a panic could leave half-changed.
        let answer = catch_unwind(AssertUnwindSafe(|| model.predict(rows)))
            .map_err(|_| ServingError::Panicked)??;
        if answer.len() == rows.len() { Ok(answer) } else { Err(ServingError::Miscounted) }
    }

    /// The same of any rows, which need not be light: those run on the pool.
    pub(crate) async fn run(
        &self,
        model: &Arc<dyn Predictor>,
        rows: Rows,
    ) -> Result<Rows, ServingError> {
        if Self::is_light(model.as_ref(), &rows) {
            return Self::run_here(model.as_ref(), &rows);
        }
        let (reply, outcome) = oneshot::channel();
        let model = model.clone();
        self.pool.spawn(move || {
            let _gone = reply.send(Self::run_here(model.as_ref(), &rows));
        });
        outcome.await.map_err(|_| ServingError::Stopping)?
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    /// The 19th field of proc_pid_stat(5), of which the second may hold anything.
    fn niceness() -> i32 {
        let stat = fs::read_to_string("/proc/thread-self/stat").expect("Linux has it");
        let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
        let nice = fields.split_ascii_whitespace().nth(16).expect("as many fields");
        nice.parse().expect("a number")
    }

    #[test]
    fn computing_stands_back_behind_those_who_answer() {
        let compute = Compute::new(1).expect("a thread");
        assert_eq!(compute.pool.install(niceness), (niceness() + BEHIND).min(19));
    }
}
