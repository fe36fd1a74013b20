//! A predictor that is killed in the middle of a stream and started again.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures::{StreamExt, stream};
use millwright_client::{PredictorClient, RetryPolicy};
use millwright_proto::predictor::{
    PredictStreamRequest, predict_stream_response::Result as Outcome,
};

use crate::{
    registry::{Registry, pipeline},
    serving::{request, soon},
};

/// The predictor as a process. Dropping it kills it.
struct Process(Child);

impl Process {
    fn start(folder: &Path, address: &str, registry: &Registry) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millwright-predictor"));
        command.arg("--data-dir").arg(folder);
        command.args(["--predictor", address, "--registry", &registry.address]);
        command.args(["--rest", "off", "--metrics", "127.0.0.1:0", "--log", "error"]);
        Self(command.stdin(Stdio::null()).spawn().expect("the program runs"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().expect("a child of ours");
        self.0.wait().expect("a child of ours");
    }
}

/// A port that was free a moment ago.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").to_string()
}

fn message(row_index: u64) -> PredictStreamRequest {
    let rows = 1 + (row_index % 7) as usize;
    PredictStreamRequest { row_index, request: Some(request("press", rows)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_outlives_its_predictor_without_a_missing_or_a_double_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start().await;
    registry.point("press", "production", (1, &registry.keep(pipeline(1))));
    let address = free_address();
    let mut process = Process::start(folder.path(), &address, &registry);
    let patient = RetryPolicy {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(100),
        total: Duration::from_secs(60),
    };
    let client = PredictorClient::connect_lazy(&address).expect("an address").with_retry(patient);
    let messages = stream::iter((0..3_000).map(message));
    let mut answers = soon(client.predict_stream(messages)).await.expect("a stream");
    for row_index in 0..3_000 {
        if [500, 1_500].contains(&row_index) {
            drop(process);
            process = Process::start(folder.path(), &address, &registry);
        }
        let answer = soon(answers.next()).await.expect("no end").expect("no error");
        assert_eq!(answer.row_index, row_index);
        let Some(Outcome::Prediction(prediction)) = answer.result else { panic!("{answer:?}") };
        assert_eq!(prediction.predictions.len(), 1 + (row_index % 7) as usize);
    }
    assert!(soon(answers.next()).await.is_none());
    drop(process);
}
