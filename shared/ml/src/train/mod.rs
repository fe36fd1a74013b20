//! From a table and a recipe to an artefact.

mod checkpoint;
mod counted;
mod curve;
mod error;
mod fitting;
mod folding;
mod inputs;
mod layout;
mod observer;
mod pass;
mod progress;
mod samples;
mod score;
mod steps;
mod targets;
mod terms;

use std::path::Path;

use checkpoint::Origin;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use error::TrainError;
use fitting::{Fit, Fitting, Validation};
use inputs::{Fitted, Source};
use layout::Layout;
use millwright_domain::{
    ClassWeight, Digest, Evaluation, LIBRARY, Phase, StopReason, TrainingSpec, TrainingSummary,
};
pub use observer::TrainingObserver;
use progress::Reporter;
use samples::{Sample, Samples};

use crate::{
    CsvTable, Manifest, PipelineParts, artifact, design::Scratch, fitted::assemble,
    logistic::n_outputs, manifest::FORMAT, model::Model, table::quoted,
};

/// Rows of a table, each of which takes 12 bytes of memory whatever it holds: 3 GiB.
const MOST_ROWS: u64 = 1 << 28;
/// Classes, for each of which every row of a chunk has a residual: 1 GiB of them.
const MOST_CLASSES: usize = 1 << 14;
/// Parameters, of which the optimiser holds about 11 vectors of f64: 0.7 GiB.
const MOST_PARAMETERS: usize = 1 << 23;

/// What to train, and where.
#[derive(Clone, Copy, Debug)]
pub struct TrainingInput<'a> {
    /// Name of the table's bytes, for the manifest.
    pub dataset: Digest,
    /// The recipe.
    pub spec: &'a TrainingSpec,
    /// Where to go on, if not at the beginning: a checkpoint of the same data set and recipe.
    pub resume: Option<&'a Checkpoint>,
    /// A folder for the rows that find no room in memory. Files in it have no name and are gone
    /// with the run, however it ends.
    pub scratch: &'a Path,
    /// Bytes of memory for features; the rest of them is read from the scratch folder again at
    /// every pass. No result depends on it.
    pub memory: usize,
}

impl TrainingInput<'_> {
    /// Memory for features where nobody says otherwise: 512 MiB.
    pub const MEMORY: usize = 512 << 20;
}

/// A finished training run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The artefact, to be read by [`crate::FittedPipeline::load`].
    pub artifact: Vec<u8>,
    /// Its manifest.
    pub manifest: Manifest,
}

/// Trains on the rows of `table` that are not held out, and scores those that are, once.
///
/// The same table, recipe and seed give the same artefact, byte for byte: at any number of threads
/// of the rayon pool in which it runs, with any amount of memory, resumed from any checkpoint or
/// not cut off at all.
///
/// # Errors
/// [`TrainError`] names the field of the recipe, or the line and column of the table, that is
/// wrong; it is [`TrainError::Cancelled`] if `observer` said so.
pub fn train(
    table: &CsvTable,
    job: TrainingInput<'_>,
    observer: &mut dyn TrainingObserver,
) -> Result<Trained, TrainError> {
    let spec = job.spec;
    spec.check()?;
    let mut reporter = Reporter::new(observer, spec.pipeline.logistic.max_iter);
    reporter.enter(Phase::Reading)?;
    let layout = Layout::find(table, spec)?;
    check_rows(table)?;
    let samples = Samples::read(table, &layout, spec, &mut reporter)?;
    let source = Source { table, layout: &layout, samples: &samples };
    let mut fitted = inputs::fit(source, &mut reporter, &Scratch::new(job.scratch, job.memory))?;
    check_parameters(&fitted, source)?;

    reporter.enter(Phase::Fitting)?;
    let fit =
        fitting(&fitted, source).run(Origin::new(job.dataset, spec), job.resume, &mut reporter)?;
    let summary = summary(&fitted, &fit, &samples);
    let held_out = fitted.held_out.take();
    let (model, golden) = assemble(parts(fitted, &fit, &samples), spec.seed)?;

    reporter.enter(Phase::Scoring)?;
    let evaluation = score::score((source, held_out), &model, &mut reporter)?;
    let manifest = manifest(job, &layout, &model, (evaluation, summary));
    let mut artifact = Vec::new();
    artifact::write(&manifest, &model, &golden, &mut artifact)?;
    Ok(Trained { artifact, manifest })
}

/// Refuses what would not fit into memory before any of it is read.
fn check_rows(table: &CsvTable) -> Result<(), TrainError> {
    let (n_rows, limit) = (table.profile().n_rows, MOST_ROWS);
    if n_rows <= limit { Ok(()) } else { Err(TrainError::TooManyRows { n_rows, limit }) }
}

fn check_parameters(fitted: &Fitted, source: Source<'_>) -> Result<(), TrainError> {
    let (n_classes, n_features) = (source.samples.classes.len(), fitted.n_features);
    let n_parameters = n_features.checked_mul(n_outputs(n_classes));
    if n_parameters.is_some_and(|n| n <= MOST_PARAMETERS) {
        return Ok(());
    }
    let target = quoted(&source.layout.target.name);
    Err(TrainError::TooMany { n_classes, n_features, target })
}

fn fitting<'a>(fitted: &'a Fitted, source: Source<'a>) -> Fitting<'a> {
    let TrainingSpec { pipeline, validation, seed, .. } = &source.layout.spec;
    let validation = validation.zip(fitted.validation.as_ref());
    Fitting {
        spec: pipeline.logistic,
        seed: *seed,
        train: &fitted.train,
        class_weights: class_weights(pipeline.logistic.class_weight, source.samples),
        validation: validation.map(|(spec, rows)| Validation { spec, rows }),
    }
}

/// What the loss of a row of each class weighs.
///
/// Balanced as scikit-learn's `compute_class_weight("balanced")`: n / (classes · rows of the class).
fn class_weights(class_weight: ClassWeight, samples: &Samples) -> Vec<f64> {
    let counts = samples.counts(Sample::trained);
    match class_weight {
        ClassWeight::Uniform => vec![1.0; counts.len()],
        ClassWeight::Balanced => {
            let (n, classes) = (counts.iter().sum::<u64>() as f64, counts.len() as f64);
            counts.into_iter().map(|count| n / (classes * count as f64)).collect()
        }
    }
}

/// What serving needs, with the linear steps folded into the weights.
fn parts(fitted: Fitted, fit: &Fit, samples: &Samples) -> PipelineParts {
    let (weights, intercept) = (fit.head.weights.clone(), fit.head.intercept.clone());
    let (weights, intercept) = fitted.folding.fold(weights, intercept);
    let (input, hidden, classes) = (fitted.input, vec![], samples.classes.clone());
    PipelineParts { input, hidden, classes, weights, intercept }
}

fn summary(fitted: &Fitted, fit: &Fit, samples: &Samples) -> TrainingSummary {
    let count = |of: fn(Sample) -> Option<u32>| samples.counts(of).into_iter().sum();
    let (n_train, n_test) = (count(Sample::trained), count(Sample::held_out));
    let n_validation = count(Sample::watched);
    TrainingSummary {
        n_train,
        n_test,
        n_validation,
        n_without_target: samples.rows().count() as u64 - n_train - n_test - n_validation,
        n_features: fitted.n_features as u64,
        reduction: fitted.reduction,
        iterations: fit.iterations,
        converged: fit.stopped == StopReason::Tolerance,
        stopped: fit.stopped,
        loss: fit.loss,
        constant_columns: fitted.constant_columns.clone(),
        imputed_cells: fitted.imputed_cells,
        curve: fit.curve.clone(),
    }
}

fn manifest(
    job: TrainingInput<'_>,
    layout: &Layout,
    model: &Model,
    scores: (Evaluation, TrainingSummary),
) -> Manifest {
    let (evaluation, summary) = scores;
    Manifest {
        format: FORMAT,
        library: LIBRARY.to_owned(),
        dataset: job.dataset,
        spec: layout.spec.clone(),
        signature: model.signature.clone(),
        classes: model.classes.clone(),
        evaluation,
        summary,
    }
}

#[cfg(test)]
mod tests {
    use millwright_domain::{
        ColumnKind, DatasetColumn, Distinct, InputSpec, TableFormat, TableProfile,
    };
    use millwright_domain::{LogisticSpec, PipelineSpec, Progress, Split};

    use super::*;

    #[test]
    fn a_table_beyond_memory_is_refused_before_it_is_read() {
        let outcome = |n_rows| {
            let column = |i| DatasetColumn {
                name: format!("x{i}"),
                kind: ColumnKind::Numeric,
                n_missing: 0,
                distinct: Distinct::default(),
                range: None,
                first_text_line: None,
            };
            let columns = (0..2).map(column).collect();
            let (format, contradictions) = (TableFormat::default(), vec![]);
            CsvTable::unread(TableProfile { n_rows, columns, format, contradictions })
        };
        let pipeline = PipelineSpec {
            target: "x0".to_owned(),
            input: InputSpec::numbers(vec![]),
            reduction: None,
            logistic: LogisticSpec::default(),
        };
        let (split, validation) = (Split::Fraction(0.2), None);
        let spec = TrainingSpec { pipeline, split, validation, table: None, seed: 1 };
        let dataset = Digest::of(b"");
        let scratch = Path::new("nowhere");
        let job = TrainingInput { dataset, spec: &spec, resume: None, scratch, memory: 0 };
        let go_on = |_: Progress| std::ops::ControlFlow::Continue(());
        for (n_rows, is_read) in [(MOST_ROWS, true), (MOST_ROWS + 1, false), (u64::MAX, false)] {
            let error = train(&outcome(n_rows), job, &mut { go_on }).expect_err("there is no file");
            assert_eq!(matches!(error, TrainError::Table(_)), is_read, "{error}");
            assert_eq!(matches!(error, TrainError::TooManyRows { .. }), !is_read, "{error}");
        }
    }
}
