//! One model of the demo: its data, how it is trained, and what it has learned.

use std::path::Path;

use millwright_domain::{
    AliasName, Analyzer, Expected, FormatHints, InputSpec, Keep, LogisticSpec, ModelName, ModelRef,
    ModelVersion, NewJob, NgramRange, PipelineSpec, ReductionMethod, ReductionSpec, Selector,
    SetAlias, Split, TextSpec, TrainingSpec, TrainingSummary, ValidationSpec, VectorizerSpec,
    Weighting,
};
use tokio::fs;

use super::notes;
use crate::{
    connection::Addresses,
    error::CliError,
    output::{Answer, say},
    promotion::promote,
    training,
    view::{confusion_table, curves, number},
};

/// Cylinder bands (printing defects): UCI, CC BY 4.0; with fixed folds.
const BANDS: &str = include_str!("../../../../tests/data/bands.csv");

/// Inputs of the bands: the columns before the label and the folds.
const N_BANDS_INPUTS: usize = 19;

/// A model to be trained.
pub(super) struct Lesson {
    pub(super) model: ModelName,
    pub(super) file: &'static str,
    pub(super) csv: String,
    about: &'static str,
    spec: TrainingSpec,
}

impl Lesson {
    /// Its production version.
    pub(super) fn reference(&self) -> ModelRef {
        let selector = Selector::Alias(AliasName::production());
        ModelRef { name: self.model.clone(), selector }
    }
}

pub(super) fn notes() -> Lesson {
    Lesson {
        model: name("demo.notes"),
        file: "notes-synthetic.csv",
        csv: notes::csv(),
        about: "Synthetic notes in English and Chinese, with abbreviations, typing errors and wrong labels.
  Terms are one to three characters, so that Chinese needs no segmenter; TF-IDF weighs them.",
        spec: notes_spec(),
    }
}

pub(super) fn bands() -> Lesson {
    let header = BANDS.lines().next().unwrap_or_default();
    let columns = header.split(',').take(N_BANDS_INPUTS).map(str::to_owned).collect();
    Lesson {
        model: name("demo.bands"),
        file: "bands.csv",
        csv: BANDS.to_owned(),
        about: "Cylinder bands of a printing press: real settings, real defects (UCI, CC BY 4.0).
  Principal components that hold 95 % of the variance stand for the settings.",
        spec: bands_spec(columns),
    }
}

fn name(name: &str) -> ModelName {
    name.parse().expect("a literal of ours is a name")
}

/// `--text note --vectorizer tfidf --analyzer char --ngrams 1,3 --patience 10`.
fn notes_spec() -> TrainingSpec {
    let vectorizer = VectorizerSpec {
        weighting: Weighting::Tfidf,
        analyzer: Analyzer::Char,
        ngrams: NgramRange { min: 1, max: 3 },
        ..VectorizerSpec::default()
    };
    let input = InputSpec::Text(TextSpec { column: "note".to_owned(), vectorizer });
    let logistic = LogisticSpec { l2: 0.1, ..LogisticSpec::default() };
    let pipeline = PipelineSpec { target: "trade".to_owned(), input, reduction: None, logistic };
    let validation = Some(ValidationSpec { share: 0.1, target: None, patience: Some(10) });
    TrainingSpec { pipeline, split: Split::Fraction(0.2), validation, table: None, seed: 42 }
}

/// `--features … --pca 0.95 --split-column fold`.
fn bands_spec(columns: Vec<String>) -> TrainingSpec {
    let reduction = ReductionSpec { method: ReductionMethod::Pca, keep: Keep::Variance(0.95) };
    let pipeline = PipelineSpec {
        target: "label".to_owned(),
        input: InputSpec::numbers(columns),
        reduction: Some(reduction),
        logistic: LogisticSpec::default(),
    };
    let split = Split::Column("fold".to_owned());
    TrainingSpec { pipeline, split, validation: None, table: None, seed: 42 }
}

/// Uploads the data, trains, promotes to production, and tells what was learned.
pub(super) async fn teach(
    lesson: &Lesson,
    addresses: &Addresses,
    folder: &Path,
) -> Result<(), CliError> {
    say(format_args!("  {}", lesson.about))?;
    let path = folder.join(lesson.file);
    let written = fs::write(&path, &lesson.csv).await;
    written.map_err(|source| CliError::Write { path: path.clone(), source })?;

    let trainer = addresses.trainer()?;
    let dataset = training::upload(&trainer, &path, FormatHints::default()).await?;
    say(format_args!("  uploaded {} rows as {}", number(dataset.table.n_rows), dataset.digest))?;
    let (model, spec) = (lesson.model.clone(), lesson.spec.clone());
    let new = NewJob { model, dataset: dataset.digest, spec, idempotency_key: None };
    let job = training::follow(&trainer, trainer.create_job(new).await?).await?;
    let version = training::made_by(&addresses.registry()?, &job).await?;
    report(&version, training::seconds(&job))?;

    let (model, number) = (version.model, version.version);
    let alias = AliasName::production();
    let set = SetAlias { model, alias, version: number, expected: Expected::Any };
    say(format_args!("\n  {}", promote(addresses, set).await?.table()))?;
    Ok(())
}

fn components(summary: &TrainingSummary) -> String {
    let components = |n| format!(" as {n} components");
    summary.reduction.map_or(String::new(), |reduction| components(reduction.n_components))
}

fn report(version: &ModelVersion, seconds: f64) -> Result<(), CliError> {
    let summary = &version.lineage.summary;
    let scores = &version.evaluation;
    say(format_args!(
        "  version {} of {}: {} rows, {} features{}, {} iterations, {seconds:.2} s",
        version.version,
        version.model,
        number(summary.n_train),
        number(summary.n_features),
        components(summary),
        summary.iterations,
    ))?;
    for (name, curve) in curves(&summary.curve) {
        say(format_args!("    {name:<10}  {curve}"))?;
    }
    say(format_args!(
        "  on {} rows that it has not seen: accuracy {:.3}, macro F1 {:.3}, log loss {:.3}",
        scores.n_test, scores.accuracy, scores.macro_f1, scores.log_loss,
    ))?;
    let Some(confusion) = confusion_table(&version.classes, scores) else { return Ok(()) };
    say("")?;
    for line in confusion.lines() {
        say(format_args!("  {line}"))?;
    }
    Ok(())
}
