//! Real services: a plant with a trained model, two predictors beside its own, and two in trouble.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use millwright_client::PredictorClient;
use millwright_domain::{InputSpec, MixedSpec, NumericSpec, Scale, TextSpec, TrainingSpec};
use millwright_predictor::BatchPolicy;
use millwright_tests::{Plant, data, numeric_spec};
use tempfile::TempDir;

use crate::{
    doors::NAME,
    further::Further,
    table::{NUMBERS, TEXT, Table},
};

/// The model that programs ask for.
pub(crate) const MODEL: &str = "plant2.notes";
/// The file of rows.
pub(crate) const ROWS: &str = "rows.csv";
/// How many it holds.
pub(crate) const N_ROWS: usize = 1000;

/// What a program speaks.
#[derive(Clone, Copy)]
pub(crate) enum Face {
    Grpc,
    Rest,
}

impl Face {
    /// Bytes that a connection sends before it is cut: more than all calls before the stream, and
    /// less than the stream, which REST spreads over several connections.
    pub(crate) fn most_sent(self) -> u64 {
        match self {
            Self::Grpc => 16 << 10,
            Self::Rest => 4 << 10,
        }
    }
}

/// Services, and the files of a program's user.
pub(crate) struct Site {
    /// What the program speaks.
    pub(crate) face: Face,
    /// Of the rows, in order.
    pub(crate) labels: Vec<String>,
    predictors: [Further; 2],
    busy: Further,
    silent: TcpListener,
    files: TempDir,
    _plant: Plant,
}

impl Site {
    /// Starts the services, trains the model and writes the rows.
    pub(crate) async fn start(face: Face) -> Self {
        let plant = Plant::start().await;
        plant.train(MODEL, &data::notes_with_measurements(), spec()).await;
        let first = Further::start(&plant, BatchPolicy::default()).await;
        let second = Further::start(&plant, BatchPolicy::default()).await;
        let rows = Table::of_notes(N_ROWS);
        let answer = plant.predictor().predict(rows.request(MODEL)).await.expect("predicted");
        let site = Self {
            face,
            labels: answer.predictions.into_iter().map(|row| row.label).collect(),
            predictors: [first, second],
            busy: Further::start(&plant, one_call_at_a_time()).await,
            silent: TcpListener::bind("127.0.0.1:0").expect("a free port"),
            files: tempfile::tempdir().expect("a folder"),
            _plant: plant,
        };
        fs::write(site.file(ROWS), rows.csv()).expect("a writable folder");
        site
    }

    /// Where the two predictors listen that serve [`MODEL`].
    pub(crate) fn predictors(&self) -> [SocketAddr; 2] {
        self.predictors.each_ref().map(|predictor| self.address(predictor))
    }

    /// A file of the program's user.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Whom every run calls, and for what.
    pub(crate) fn arguments(&self, predictors: &[SocketAddr; 2]) -> Vec<String> {
        let [first, second] = predictors;
        let mut arguments = flags([("--predictors", &format!("{first},{second}"))]);
        arguments.extend(flags([("--model", MODEL), ("--out", &self.path("out"))]));
        arguments
    }

    /// Which rows to predict.
    pub(crate) fn rows(&self, file: &str) -> Vec<String> {
        flags([("--rows", &self.path(file))])
    }

    /// Whom to call in vain.
    pub(crate) fn trouble(&self) -> Vec<String> {
        let silent = self.silent.local_addr().expect("bound");
        flags([
            ("--busy", &self.address(&self.busy).to_string()),
            ("--silent", &silent.to_string()),
        ])
    }

    /// Whom to believe over TLS.
    pub(crate) fn trusting(&self, file: &str) -> Vec<String> {
        flags([("--ca", &self.path(file)), ("--name", NAME)])
    }

    /// The program wrote every row's own label.
    pub(crate) fn assert_labels(&self) {
        let written = fs::read_to_string(self.file("out")).expect("the program writes it");
        assert!(written.lines().eq(&self.labels), "the labels, in the order of the rows");
        fs::remove_file(self.file("out")).expect("it was written");
    }

    /// Requests that each predictor has answered.
    pub(crate) async fn answered(&self) -> Vec<u64> {
        let model = MODEL.parse().expect("a name");
        let mut answered = Vec::new();
        for predictor in &self.predictors {
            let client = PredictorClient::connect_lazy(&predictor.grpc.to_string());
            let told = client.expect("an address").statistics(Some(&model)).await.expect("told");
            answered.push(told.iter().map(|version| version.succeeded).sum());
        }
        answered
    }

    fn address(&self, predictor: &Further) -> SocketAddr {
        match self.face {
            Face::Grpc => predictor.grpc,
            Face::Rest => predictor.rest,
        }
    }

    fn path(&self, name: &str) -> String {
        self.file(name).into_os_string().into_string().expect("UTF-8")
    }
}

fn flags<const N: usize>(flags: [(&str, &str); N]) -> Vec<String> {
    flags.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]).collect()
}

/// Notes and measurements; the column `fold` says which rows are held out.
fn spec() -> TrainingSpec {
    let mut spec = numeric_spec();
    let text = TextSpec { column: TEXT.to_owned(), vectorizer: Default::default() };
    let columns = NUMBERS.map(str::to_owned).to_vec();
    let numeric = NumericSpec { columns, scale: Scale::Standard };
    spec.pipeline.input = InputSpec::Mixed(MixedSpec { text, numeric });
    spec
}

/// A call of five rows begins a batch, which waits a while for three more; a second one finds no
/// room. So two calls at the same time cannot both be taken, on a fast machine or a slow one.
fn one_call_at_a_time() -> BatchPolicy {
    BatchPolicy {
        max_batch_size: 8,
        max_queued_rows: 8,
        max_queue_delay: Duration::from_millis(300),
        max_queue_wait: Duration::ZERO,
    }
}
