//! Data sets, recipes and models that tests begin with.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    fs::File,
    io::BufReader,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use millwright_domain::{
    Digest, FormatHints, InputSpec, LogisticSpec, PipelineSpec, Progress, Split, TrainingSpec,
};
use millwright_ml::{
    CsvTable, FittedPipeline, Predictor, TrainError, Trained, TrainingInput, TrainingObserver,
    train,
};
use millwright_tensor::{Column, Rows};
use tempfile::TempDir;

/// A file below `tests/data`.
pub fn data(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(file)
}

/// A JSON file below `tests/data`.
pub fn json(file: &str) -> serde_json::Value {
    let file = File::open(data(file)).expect("the file is there");
    serde_json::from_reader(BufReader::new(file)).expect("a JSON file")
}

/// A table with this text, in a folder of its own that stands until the second part is dropped.
pub fn table(csv: impl AsRef<[u8]>) -> (CsvTable, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, csv).expect("a file");
    (open(&path), folder)
}

/// The table in a file.
pub fn open(path: &Path) -> CsvTable {
    CsvTable::open(path, &FormatHints::default()).expect("a sound table")
}

/// The recipe for a column `label`, split by the column `fold`.
pub fn recipe(input: InputSpec) -> TrainingSpec {
    let (target, logistic) = ("label".to_owned(), LogisticSpec::default());
    let pipeline = PipelineSpec { target, input, reduction: None, logistic };
    let split = Split::Column("fold".to_owned());
    TrainingSpec { pipeline, split, validation: None, table: None, seed: 42 }
}

/// The words of a column.
pub fn text(column: &str) -> InputSpec {
    InputSpec::words(column)
}

/// Numeric columns; none means all.
pub fn numeric(columns: &[&str]) -> InputSpec {
    InputSpec::numbers(columns.iter().map(|name| (*name).to_owned()).collect())
}

/// The features of a table of `tests/data`: neither the label nor a fold (bands has `r0` to `r9`).
pub fn features(table: &CsvTable) -> InputSpec {
    let names = table.profile().columns.iter().map(|column| column.name.as_str());
    if names.clone().any(|name| name == "text") {
        return text("text");
    }
    let is_fold = |name: &str| name.len() == 2 && name.starts_with('r');
    numeric(&names.filter(|n| !["label", "fold"].contains(n) && !is_fold(n)).collect::<Vec<_>>())
}

/// Trains from the beginning, with memory for all features.
pub fn job(spec: &TrainingSpec) -> TrainingInput<'_> {
    TrainingInput {
        dataset: Digest::of(b"a table"),
        spec,
        resume: None,
        scratch: Path::new(env!("CARGO_TARGET_TMPDIR")),
        memory: TrainingInput::MEMORY,
    }
}

/// Trains and listens to nothing.
pub fn fit(table: &CsvTable, spec: &TrainingSpec) -> Result<Trained, TrainError> {
    train(table, job(spec), &mut Nobody)
}

/// Wants to hear nothing, and never cancels.
pub struct Nobody;

impl TrainingObserver for Nobody {
    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// A batch of numbers, row-major.
pub fn numbers(width: usize, values: &[f64]) -> Rows {
    Rows::new(values.len() / width, [Column::fp64(width, values)]).expect("complete rows")
}

/// A batch of texts.
pub fn texts<T: AsRef<[u8]>>(texts: &[T]) -> Rows {
    Rows::new(texts.len(), [Column::var(texts).expect("a few texts")]).expect("one text a row")
}

/// Probabilities of `rows`, row-major.
pub fn ask(pipeline: &FittedPipeline, rows: &Rows) -> Vec<f32> {
    let answer = pipeline.predict(rows).expect("rows that can be answered");
    answer.columns()[1].to_f32().collect()
}

/// Numbers that look random and are the same every time.
pub fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}
