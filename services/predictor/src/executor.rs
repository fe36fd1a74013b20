//! Has the rows of one version computed, and keeps the books of it.

use std::{sync::Arc, time::Duration};

use millwright_ml::Predictor;
use millwright_tensor::Rows;
use tokio::{sync::watch, time::Instant};

use crate::{
    Compute, ServingError,
    batch::{Batch, Computed},
    job::{Answer, Receipt},
    pace::Pace,
    statistics::Statistics,
    strikes::Strikes,
    telemetry::ModelMetrics,
};

/// Has the rows of one version computed, and keeps the books of it.
pub(crate) struct Executor {
    model: Arc<dyn Predictor>,
    compute: Compute,
    metrics: ModelMetrics,
    pace: Pace,
    statistics: Statistics,
    strikes: Strikes,
    /// Told once the kernel has panicked too often.
    condemn: watch::Sender<bool>,
}

impl Executor {
    /// `most` rows are computed together at most.
    pub(crate) fn new(
        model: Arc<dyn Predictor>,
        compute: Compute,
        metrics: ModelMetrics,
        most: usize,
    ) -> Self {
        let pace = Pace::estimated(model.flops_per_row(), most);
        let (statistics, strikes) = (Statistics::default(), Strikes::default());
        let (condemn, _) = watch::channel(false);
        Self { model, compute, metrics, pace, statistics, strikes, condemn }
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(crate) fn metrics(&self) -> &ModelMetrics {
        &self.metrics
    }

    /// What the version has done.
    pub(crate) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Told whether the kernel has panicked too often.
    pub(crate) fn condemned(&self) -> watch::Receiver<bool> {
        self.condemn.subscribe()
    }

    /// Whether `rows` are computed sooner than another thread would begin to.
    pub(crate) fn is_light(&self, rows: &Rows) -> bool {
        Compute::is_light(self.model.as_ref(), rows)
    }

    /// Computes light `rows` of a lone caller where it stands, from `began` on.
    pub(crate) fn run_here(&self, rows: &Rows, began: Instant) -> Result<Answer, ServingError> {
        let traced = self.metrics.spans().compute_here(rows.len());
        let outcome = {
            let _kernel = traced.kernel();
            Compute::run_here(self.model.as_ref(), rows)
        };
        let computed = Computed { began, gather: Duration::ZERO, kernel: began.elapsed() };
        if let Err(error) = &outcome {
            traced.fail(error);
        }
        drop(traced);
        self.metrics.record_waits([Duration::ZERO]);
        match outcome {
            Ok(rows) => {
                self.note(rows.len(), computed);
                Ok(Answer { receipt: Receipt::of(computed, rows.len()), rows })
            }
            Err(error) => {
                self.blame(&error);
                Err(error)
            }
        }
    }

    /// Computes `batch` and answers its jobs, or gives it back with what went wrong.
    pub(crate) async fn attempt(&self, batch: Batch) -> Result<(), (Batch, ServingError)> {
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
                // Whoever has its answer finds the batch counted.
                self.note(n_rows, computed);
                batch.scatter(&answer, computed);
                self.statistics.scattered(n_rows, computed.ended().elapsed());
                Ok(())
            }
            Err(error) => {
                // Of a batch that fails as a whole, each job is tried alone and counted then.
                if batch.is_lone() {
                    self.blame(&error);
                }
                Err((batch, error))
            }
        }
    }

    /// Takes note of `n_rows` that were computed.
    fn note(&self, n_rows: usize, computed: Computed) {
        self.metrics.record_compute(n_rows, computed);
        self.pace.learn(n_rows, computed.kernel);
        self.strikes.forgive(n_rows);
        self.statistics.computed(n_rows, computed);
    }

    /// Takes note of an error that one caller's rows are to blame for.
    fn blame(&self, error: &ServingError) {
        if error.is_defect() && self.strikes.strike() {
            self.condemn.send_replace(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use millwright_ml::PredictError;
    use millwright_tensor::{Column, Rows};

    use super::*;
    use crate::{BatchPolicy, Batcher, Instruments, PredictOptions, strikes::MOST_STRIKES};

    /// Panics at negative numbers; a row is said to cost so much.
    struct Fragile(u64);

    impl Predictor for Fragile {
        fn predict(&self, rows: &Rows) -> Result<Rows, PredictError> {
            assert!(rows.columns()[0].to_f64().all(|value| value >= 0.0), "asked to");
            Ok(rows.clone())
        }

        fn flops_per_row(&self) -> u64 {
            self.0
        }
    }

    /// Where it computes light rows at once, and where it queues heavy ones.
    fn batchers() -> [Batcher; 2] {
        [0, 10_000_000].map(|flops| {
            let instruments = Instruments::new(&opentelemetry::global::meter("test"));
            let metrics = instruments.of(&"fragile".parse().expect("a name"));
            let compute = Compute::new(1).expect("a thread");
            Batcher::spawn(Arc::new(Fragile(flops)), BatchPolicy::default(), compute, metrics)
        })
    }

    async fn predicts(batcher: &Batcher, value: f64) -> bool {
        let rows = Rows::new(1, [Column::fp64(1, &[value])]).expect("a row");
        batcher.predict(rows, PredictOptions::default()).await.is_ok()
    }

    #[tokio::test]
    async fn a_kernel_that_keeps_panicking_is_condemned() {
        for batcher in batchers() {
            for _ in 0..MOST_STRIKES {
                assert!(!predicts(&batcher, -1.0).await);
            }
            assert!(batcher.condemned().await);
        }
    }

    #[tokio::test]
    async fn a_kernel_that_panics_now_and_then_is_not() {
        for batcher in batchers() {
            for _ in 1..MOST_STRIKES {
                assert!(!predicts(&batcher, -1.0).await && predicts(&batcher, 1.0).await);
            }
            let condemned = batcher.condemned();
            drop(batcher);
            assert!(!condemned.await, "the task has ended");
        }
    }
}
