//! Trains once and prints as JSON how long each part took: Millwright's side of `compare.py`.
//!
//! ```sh
//! cargo run --profile dist -p millwright-ml --example train -- TABLE words|pca MAX_ITER [MEMORY]
//! ```
//!
//! `words` counts the words of the column `text`; `pca` imputes, standardises and reduces every
//! other column to 95 % of its variance. MEMORY is in bytes. Both tables have the columns `label`
//! and `fold`.

use std::{ops::ControlFlow, path::Path, process::ExitCode, time::Instant};

use millwright_domain::{
    Digest, FormatHints, InputSpec, Keep, LogisticSpec, Phase, PipelineSpec, Progress,
    ReductionMethod, ReductionSpec, Split, TrainingSpec,
};
use millwright_ml::{CsvTable, Trained, TrainingInput, TrainingObserver, train};
use serde_json::json;

type Error = Box<dyn std::error::Error>;

/// That of the program which trains in a plant.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Notes when each phase began and what each iteration reached.
struct Stopwatch {
    start: Instant,
    fitting: Option<f64>,
    scoring: Option<f64>,
    /// Seconds since the start and mean loss, an iteration each.
    curve: Vec<(f64, f64)>,
}

impl Stopwatch {
    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

impl TrainingObserver for Stopwatch {
    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        let now = self.seconds();
        match progress.phase {
            Phase::Fitting => _ = self.fitting.get_or_insert(now),
            Phase::Scoring => _ = self.scoring.get_or_insert(now),
            Phase::Reading | Phase::Registering => {}
        }
        if progress.iteration as usize > self.curve.len() {
            self.curve.push((now, progress.loss));
        }
        ControlFlow::Continue(())
    }
}

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    match run(&arguments) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("train: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<serde_json::Value, Error> {
    let [table, input, max_iter, memory @ ..] = arguments else {
        return Err("expected TABLE words|pca MAX_ITER [MEMORY]".into());
    };
    let spec = recipe(input, max_iter.parse()?)?;
    let memory = memory.first().map_or(Ok(TrainingInput::MEMORY), |memory| memory.parse())?;
    let scratch = std::env::temp_dir();
    let start = Instant::now();
    let mut stopwatch = Stopwatch { start, fitting: None, scoring: None, curve: Vec::new() };
    let table = CsvTable::open(Path::new(table), &FormatHints::default())?;
    let opened = stopwatch.seconds();
    let dataset = Digest::of(b"the data set of a comparison");
    let job = TrainingInput { dataset, spec: &spec, resume: None, scratch: &scratch, memory };
    let trained = train(&table, job, &mut stopwatch)?;
    Ok(report(&trained, opened, &stopwatch))
}

fn recipe(input: &str, max_iter: u32) -> Result<TrainingSpec, Error> {
    let keep = Keep::Variance(0.95);
    let (input, reduction) = match input {
        "words" => (InputSpec::words("text"), None),
        "pca" => {
            let pca = ReductionSpec { method: ReductionMethod::Pca, keep };
            (InputSpec::numbers(vec![]), Some(pca))
        }
        other => return Err(format!("no recipe called {other:?}").into()),
    };
    let logistic = LogisticSpec { max_iter, tolerance: 1e-7, ..LogisticSpec::default() };
    let pipeline = PipelineSpec { target: "label".to_owned(), input, reduction, logistic };
    let split = Split::Column("fold".to_owned());
    Ok(TrainingSpec { pipeline, split, validation: None, table: None, seed: 42 })
}

fn report(trained: &Trained, opened: f64, stopwatch: &Stopwatch) -> serde_json::Value {
    let (summary, scores) = (&trained.manifest.summary, &trained.manifest.evaluation);
    let fitting = stopwatch.fitting.unwrap_or_default();
    let curve = stopwatch.curve.iter().map(|(at, loss)| (at - fitting, loss));
    json!({
        "open": opened,
        "features": fitting - opened,
        "fit": stopwatch.scoring.unwrap_or_default() - fitting,
        "total": stopwatch.seconds(),
        "n_features": summary.n_features,
        "iterations": summary.iterations,
        "objective": summary.loss,
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "log_loss": scores.log_loss,
        "digest": Digest::of(&trained.artifact).to_string(),
        "curve": curve.collect::<Vec<_>>(),
    })
}
