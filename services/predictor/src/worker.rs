//! The task that forms the batches of one version and has them computed.

use std::sync::Arc;

use millwright_ml::Predictor;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, timeout_at},
};

use crate::{
    BatchPolicy, Compute, ServingError,
    batch::{Batch, Computed},
    job::Job,
    lane::{Lane, SLICE},
    pace::Pace,
    queue::{Age, Queue},
    statistics::Statistics,
    strikes::Strikes,
    telemetry::ModelMetrics,
};

/// Rows that a batch is tried without, one after the other, before its jobs are tried alone.
const MAX_EXPELLED: usize = 8;

/// The task behind the handles of one version.
pub(crate) struct Worker {
    pub(crate) model: Arc<dyn Predictor>,
    pub(crate) policy: BatchPolicy,
    pub(crate) lane: Lane,
    pub(crate) compute: Compute,
    pub(crate) metrics: ModelMetrics,
    pub(crate) pace: Arc<Pace>,
    pub(crate) queue: Queue,
    pub(crate) age: Arc<Age>,
    pub(crate) statistics: Arc<Statistics>,
    /// Told whenever the queue has become shorter.
    pub(crate) drained: Arc<Notify>,
    pub(crate) strikes: Strikes,
    /// Told once the kernel has panicked too often.
    pub(crate) condemn: watch::Sender<bool>,
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
        if self.lane.has_company() { self.pace.rows_within(SLICE) } else { most }
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
    async fn serve(&mut self, mut batch: Batch) {
        let now = Instant::now();
        self.metrics.record_waits(&batch, now);
        batch.begin(now);
        for _ in 0..MAX_EXPELLED {
            if batch.is_empty() {
                return;
            }
            let Err((failed, error)) = self.attempt(batch).await else { return };
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
    async fn serve_alone(&mut self, batch: Batch) {
        for mut alone in batch.alone() {
            alone.begin(Instant::now());
            if alone.is_empty() {
                continue;
            }
            if let Err((guilty, error)) = self.attempt(alone).await {
                guilty.refuse(&error);
            }
        }
    }

    /// Computes `batch` and answers its jobs, or gives it back with what went wrong.
    async fn attempt(&mut self, batch: Batch) -> Result<(), (Batch, ServingError)> {
        let traced = self.metrics.spans().compute(&batch);
        let began = Instant::now();
        let rows = batch.gather();
        let gather = began.elapsed();
        let outcome = match rows {
            Ok(rows) => {
                let _kernel = traced.kernel();
                self.compute.run(&self.model, rows).await
            }
            Err(_) => Err(ServingError::Miscounted),
        };
        let computed = Computed { began, gather, kernel: began.elapsed() - gather };
        if let Err(error) = &outcome {
            traced.fail(error);
        }
        drop(traced);
        match outcome {
            Ok(answer) => {
                let n_rows = batch.n_rows();
                self.metrics.record_compute(&batch, computed);
                self.pace.learn(n_rows, computed.kernel);
                self.strikes.forgive(n_rows);
                // Whoever has its answer finds the batch counted.
                self.statistics.computed(n_rows, computed);
                batch.scatter(&answer, computed);
                self.statistics.scattered(n_rows, computed.ended().elapsed());
                Ok(())
            }
            Err(error) => {
                // Of a batch that fails as a whole, each job is tried alone and counted then.
                if batch.is_lone() && error.is_defect() && self.strikes.strike() {
                    self.condemn.send_replace(true);
                }
                Err((batch, error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use millwright_ml::PredictError;
    use millwright_tensor::{Column, Rows};

    use super::*;
    use crate::{Batcher, Instruments, PredictOptions, strikes::MOST_STRIKES};

    /// Panics at negative numbers.
    struct Fragile;

    impl Predictor for Fragile {
        fn predict(&self, rows: &Rows) -> Result<Rows, PredictError> {
            assert!(rows.columns()[0].to_f64().all(|value| value >= 0.0), "asked to");
            Ok(rows.clone())
        }

        fn flops_per_row(&self) -> u64 {
            0
        }
    }

    fn batcher() -> Batcher {
        let instruments = Instruments::new(&opentelemetry::global::meter("test"));
        let metrics = instruments.of(&"fragile".parse().expect("a name"));
        let compute = Compute::new(1).expect("a thread");
        Batcher::spawn(Arc::new(Fragile), BatchPolicy::default(), compute, metrics)
    }

    async fn predicts(batcher: &Batcher, value: f64) -> bool {
        let rows = Rows::new(1, [Column::fp64(1, &[value])]).expect("a row");
        batcher.predict(rows, PredictOptions::default()).await.is_ok()
    }

    #[tokio::test]
    async fn a_kernel_that_keeps_panicking_is_condemned() {
        let batcher = batcher();
        for _ in 0..MOST_STRIKES {
            assert!(!predicts(&batcher, -1.0).await);
        }
        assert!(batcher.condemned().await);
    }

    #[tokio::test]
    async fn a_kernel_that_panics_now_and_then_is_not() {
        let batcher = batcher();
        for _ in 1..MOST_STRIKES {
            assert!(!predicts(&batcher, -1.0).await && predicts(&batcher, 1.0).await);
        }
        let condemned = batcher.condemned();
        drop(batcher);
        assert!(!condemned.await, "the task has ended");
    }
}
