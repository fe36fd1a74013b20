//! A version that costs much beside one that costs little, on one thread.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use futures::FutureExt;
use millwright_ml::{PredictError, Predictor};
use millwright_predictor::{BatchPolicy, Batcher, Compute, Instruments};
use millwright_tensor::Rows;
use tokio::task::yield_now;

use crate::fakes::{CALL, rows};

/// Writes down its name and the rows of each turn, and waits for leave to end it.
struct Turn {
    name: &'static str,
    flops: u64,
    log: Arc<Mutex<Vec<(&'static str, usize)>>>,
    leave: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl Predictor for Turn {
    fn predict(&self, rows: &Rows) -> Result<Rows, PredictError> {
        self.log.lock().expect("nobody panics under this lock").push((self.name, rows.len()));
        let leave = self.leave.lock().expect("nobody panics under this lock");
        leave.recv().expect("the test gives leave");
        Ok(rows.clone())
    }

    fn flops_per_row(&self) -> u64 {
        self.flops
    }
}

/// Two versions that share a machine of one thread.
struct Machine {
    heavy: Batcher,
    light: Batcher,
    log: Arc<Mutex<Vec<(&'static str, usize)>>>,
    leave: mpsc::Sender<()>,
}

impl Machine {
    /// A row of the heavy version is estimated to take 10 s, one of the light version 1 ms.
    fn new() -> Self {
        let compute = Compute::new(1).expect("a thread");
        let (leave, granted) = mpsc::channel();
        let (log, granted) = (Arc::default(), Arc::new(Mutex::new(granted)));
        let policy = BatchPolicy { max_queue_wait: Duration::ZERO, ..Default::default() };
        let batcher = |name: &'static str, flops| {
            let instruments = Instruments::new(&opentelemetry::global::meter("test"));
            let metrics = instruments.of(&name.parse().expect("a name"));
            let (log, leave) = (Arc::clone(&log), granted.clone());
            let model = Arc::new(Turn { name, flops, log, leave });
            Batcher::spawn(model, policy, compute.clone(), metrics)
        };
        let heavy = batcher("heavy", 100_000_000_000);
        let light = batcher("light", 10_000_000);
        Self { heavy, light, log, leave }
    }

    async fn until_turns(&self, n: usize) {
        while self.log.lock().expect("nobody panics under this lock").len() < n {
            yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_light_version_waits_for_one_slice_of_a_heavy_one() {
    let machine = Machine::new();
    machine.leave.send(()).unwrap();
    machine.light.predict(rows(&[0.0]), CALL).await.unwrap();

    let mut flood = machine.heavy.predict(rows(&[0.0; 20]), CALL).boxed();
    assert!((&mut flood).now_or_never().is_none());
    machine.until_turns(2).await;
    let mut light = machine.light.predict(rows(&[0.0]), CALL).boxed();
    assert!((&mut light).now_or_never().is_none());
    for _ in 0..3 {
        machine.leave.send(()).unwrap();
    }
    light.await.unwrap();
    let log = machine.log.lock().unwrap().clone();
    let before = log[1..].iter().take_while(|(name, _)| *name == "heavy").collect::<Vec<_>>();
    assert!(before.len() <= 2, "the turn under way, and one more at most: {log:?}");
    assert!(before.iter().all(|(_, rows)| *rows == 1), "each a slice: {log:?}");
}

#[tokio::test(start_paused = true)]
async fn a_heavy_version_that_is_alone_fills_its_batches() {
    let machine = Machine::new();
    machine.leave.send(()).unwrap();
    machine.leave.send(()).unwrap();
    let first = machine.heavy.predict(rows(&[0.0]), CALL);
    let rest = machine.heavy.predict(rows(&[0.0; 20]), CALL);
    let (first, rest) = tokio::join!(first, rest);
    first.unwrap();
    rest.unwrap();
    let batches = machine.log.lock().unwrap().len();
    assert!(batches <= 2, "21 rows in {batches} batches");
}
