//! Models that do what no fitted pipeline can be made to do.

use std::sync::{Arc, Mutex, mpsc};

use millwright_ml::{PredictError, Predictor};
use millwright_predictor::{
    Admission, BatchPolicy, Batcher, Compute, Instruments, PredictOptions, Priority,
};
use millwright_tensor::{Column, Rows};

/// A call that is refused when the queue is full.
pub(crate) const CALL: PredictOptions = PredictOptions {
    deadline: None,
    admission: Admission::Refuse,
    priority: Priority::Normal,
    timeout: None,
};
/// A message of a stream, which waits when the queue is full.
pub(crate) const STREAM: PredictOptions = PredictOptions { admission: Admission::Wait, ..CALL };

/// A row in which the model panics.
pub(crate) const PANIC: f64 = -1.0;
/// A row that the model refuses.
pub(crate) const WRONG: f64 = -2.0;

/// Answers each row with itself. Remembers what it saw; waits at the gate, where there is one.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) seen: Mutex<Vec<Vec<f64>>>,
    pub(crate) gate: Option<Mutex<mpsc::Receiver<()>>>,
    /// What a row is said to cost.
    pub(crate) flops: u64,
}

impl Predictor for Echo {
    fn predict(&self, rows: &Rows) -> Result<Rows, PredictError> {
        let values = rows.columns()[0].to_f64().collect::<Vec<_>>();
        self.seen.lock().expect("nobody panics under this lock").push(values.clone());
        if let Some(gate) = &self.gate {
            let gate = gate.lock().expect("nobody panics under this lock");
            gate.recv().expect("the test holds the gate");
        }
        assert!(!values.contains(&PANIC), "asked to");
        if let Some(row) = values.iter().position(|value| *value == WRONG) {
            return Err(PredictError::Overflow { row });
        }
        Ok(Rows::new(rows.len(), rows.columns().to_vec()).expect("the rows that came"))
    }

    fn flops_per_row(&self) -> u64 {
        self.flops
    }
}

impl Echo {
    /// Its rows are said to cost so much that they are queued, and not computed where callers stand.
    pub(crate) fn heavy() -> Self {
        Self { flops: 1_000_000, ..Self::default() }
    }
}

/// An echo behind a gate that lets one batch pass for each `()` sent. Its rows are said to take a
/// millisecond each: a gate may only stop a thread of the pool.
pub(crate) fn gated() -> (Arc<Echo>, mpsc::Sender<()>) {
    gated_at(10_000_000)
}

/// A gated echo whose rows are said to cost `flops` each; 10¹⁰ take a second.
pub(crate) fn gated_at(flops: u64) -> (Arc<Echo>, mpsc::Sender<()>) {
    let (open, gate) = mpsc::channel();
    (Arc::new(Echo { gate: Some(Mutex::new(gate)), flops, ..Default::default() }), open)
}

/// A batcher on one thread.
pub(crate) fn batcher(model: Arc<dyn Predictor>, policy: BatchPolicy) -> Batcher {
    let compute = Compute::new(1).expect("a thread");
    let instruments = Instruments::new(&opentelemetry::global::meter("test"));
    let name = "echo".parse().expect("a name");
    let metrics = instruments.of(&name);
    Batcher::spawn(model, policy, compute, metrics)
}

/// One row for each value.
pub(crate) fn rows(values: &[f64]) -> Rows {
    Rows::new(values.len(), [Column::fp64(1, values)]).expect("a value a row")
}

/// The values of rows made by [`rows`].
pub(crate) fn values(rows: &Rows) -> Vec<f64> {
    rows.columns()[0].to_f64().collect()
}
