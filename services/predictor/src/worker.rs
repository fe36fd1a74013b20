//! The task that forms the batches of one version and has them computed.

use std::sync::Arc;

use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, timeout_at},
};

use crate::{
    BatchPolicy,
    batch::Batch,
    executor::Executor,
    job::Job,
    lane::{Lane, SLICE},
    queue::{Age, Queue},
};

/// Rows that a batch is tried without, one after the other, before its jobs are tried alone.
const MAX_EXPELLED: usize = 8;

/// The task behind the handles of one version.
pub(crate) struct Worker {
    pub(crate) executor: Arc<Executor>,
    pub(crate) policy: BatchPolicy,
    pub(crate) lane: Lane,
    pub(crate) queue: Queue,
    pub(crate) age: Arc<Age>,
    /// Told whenever the queue has become shorter.
    pub(crate) drained: Arc<Notify>,
}

impl Worker {
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<Job>) {
        loop {
            if self.queue.is_empty() {
                self.age.rest();
                let Some(job) = inbox.recv().await else { return };
                self.queue.push(job);
            }
            self.queue.tell_age();
            self.linger(&mut inbox).await;
            // While the version waits for its turn the queue grows, and the batch with it.
            let Ok(turn) = self.lane.turn().await else { return };
            self.queue.fill(&mut inbox);
            let batch = self.queue.batch(self.most_rows());
            self.queue.tell_age();
            if let Some(batch) = batch {
                self.serve(batch).await;
            }
            drop(turn);
            self.drained.notify_one();
        }
    }

    /// Most rows of a batch: a version that shares the machine takes short turns.
    fn most_rows(&self) -> usize {
        let most = self.policy.max_batch_size;
        if self.lane.has_company() { self.executor.pace().rows_within(SLICE) } else { most }
    }

    /// Waits until there are rows for a whole batch, or the delay is over.
    async fn linger(&mut self, inbox: &mut mpsc::Receiver<Job>) {
        let delay = self.policy.max_queue_delay;
        if delay.is_zero() {
            return;
        }
        let most = self.most_rows();
        while self.queue.n_rows() < most {
            let patience = self.queue.patience(delay);
            let Ok(Some(job)) = timeout_at(patience, inbox.recv()).await else { return };
            self.queue.push(job);
        }
    }

    /// Answers every job of `batch`. Where it fails as a whole, only the guilty ones do.
    async fn serve(&self, mut batch: Batch) {
        let now = Instant::now();
        // Those too that nobody waits for any more.
        self.executor.metrics().record_waits(batch.waits(now));
        batch.begin(now);
        for _ in 0..MAX_EXPELLED {
            if batch.is_empty() {
                return;
            }
            let Err((failed, error)) = self.executor.attempt(batch).await else { return };
            if failed.is_lone() {
                return failed.refuse(&error);
            }
            let Some(row) = error.row() else { return self.serve_alone(failed).await };
            let (guilty, rest) = failed.without(row);
            self.serve_alone(guilty).await;
            batch = rest;
        }
        self.serve_alone(batch).await;
    }

    /// Answers every job of `batch` by itself.
    async fn serve_alone(&self, batch: Batch) {
        for mut alone in batch.alone() {
            alone.begin(Instant::now());
            if alone.is_empty() {
                continue;
            }
            if let Err((guilty, error)) = self.executor.attempt(alone).await {
                guilty.refuse(&error);
            }
        }
    }
}
