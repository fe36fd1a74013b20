//! Predictions of the demo, unary and streaming.

use std::{io::Cursor, time::Instant};

use futures::{StreamExt, stream};
use millwright_client::PredictorClient;
use millwright_domain::{ColumnKind, FormatHints};
use millwright_proto::predictor::{
    PredictRequest, PredictResponse, PredictStreamRequest, Prediction,
    predict_stream_response::Result as Answer,
};

use super::lesson::Lesson;
use crate::{
    error::CliError,
    output::say,
    rows::{self, Cell, Column, to_named},
    served,
    view::number,
};

/// Notes that are not in the data.
const NEW_NOTES: [&str; 4] = [
    "press 9 hyd cylinder drifts, oil on floor",
    "mtr tripped again, loose terminal in ctrl cabinet",
    "5号炉 热电偶 读数偏低，重新标定",
    "leaking",
];

/// Held-out press runs are shown up to this many.
const N_RUNS: usize = 3;

/// One call for a few notes, one for a few press runs.
pub(super) async fn unary(
    predictor: &PredictorClient,
    notes: &Lesson,
    bands: &Lesson,
) -> Result<(), CliError> {
    let columns = columns_of(predictor, notes).await?;
    let rows = NEW_NOTES.map(|note| vec![Cell::Text(note.to_owned())]);
    let answer = predictor.predict(request(notes, &columns, &rows)).await?;
    say("  notes that nobody has labelled, in one call:")?;
    for (note, prediction) in NEW_NOTES.iter().zip(&answer.predictions) {
        say(format_args!("    {:<12} {:.2}   {note}", prediction.label, best(prediction)))?;
    }

    let columns = columns_of(predictor, bands).await?;
    let (rows, labels) = held_out(bands, &columns)?;
    let answer = predictor.predict(request(bands, &columns, &rows)).await?;
    say("  press runs that it was not trained on, in one call:")?;
    for (label, prediction) in labels.iter().zip(&answer.predictions) {
        say(format_args!("    {:<12} {:.2}   was: {label}", prediction.label, best(prediction)))?;
    }
    Ok(())
}

/// All notes in one stream, each in a message of its own.
pub(super) async fn stream(predictor: &PredictorClient, notes: &Lesson) -> Result<(), CliError> {
    let columns = columns_of(predictor, notes).await?;
    let rows = all_rows(notes, columns.clone())?;
    let message = |(row_index, row)| {
        let request = request(notes, &columns, std::slice::from_ref(row));
        PredictStreamRequest { row_index, request: Some(request) }
    };
    let messages: Vec<_> = (0..).zip(&rows).map(message).collect();
    let begun = Instant::now();
    let mut answers = predictor.predict_stream(stream::iter(messages)).await?;
    let mut tally = Tally::default();
    while let Some(answer) = answers.next().await {
        if let Some(Answer::Prediction(answer)) = answer?.result {
            tally.add(&answer);
        }
    }
    say(format_args!(
        "  a stream of {} notes, one a message: {} rows/s, {:.0} computed together, {} at most",
        number(tally.n),
        number((tally.n as f64 / begun.elapsed().as_secs_f64()) as u64),
        tally.batch_rows as f64 / tally.n as f64,
        tally.largest,
    ))?;
    Ok(())
}

/// What the receipts of a stream say.
#[derive(Default)]
struct Tally {
    n: u64,
    batch_rows: u64,
    largest: u32,
}

impl Tally {
    fn add(&mut self, answer: &PredictResponse) {
        let batch_rows = answer.timing.as_ref().map_or(0, |timing| timing.batch_rows);
        self.n += answer.predictions.len() as u64;
        self.batch_rows += u64::from(batch_rows);
        self.largest = self.largest.max(batch_rows);
    }
}

async fn columns_of(predictor: &PredictorClient, lesson: &Lesson) -> Result<Vec<Column>, CliError> {
    served::columns(predictor, &lesson.reference()).await
}

fn request(lesson: &Lesson, columns: &[Column], rows: &[Vec<Cell>]) -> PredictRequest {
    let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
    PredictRequest {
        model_ref: lesson.reference().to_string(),
        columns: to_named(columns, &rows),
        ..PredictRequest::default()
    }
}

/// The rows of the lesson's data, in `columns`.
fn all_rows(lesson: &Lesson, columns: Vec<Column>) -> Result<Vec<Vec<Cell>>, CliError> {
    let input = Cursor::new(lesson.csv.clone());
    let rows = rows::read(input, &FormatHints::default(), columns, Box::new(|_| ()))?;
    let good = rows.filter_map(|row| row.map(Result::ok).transpose());
    Ok(good.collect::<Result<_, _>>()?)
}

/// A few held-out rows in `columns`, and their labels.
fn held_out(
    lesson: &Lesson,
    columns: &[Column],
) -> Result<(Vec<Vec<Cell>>, Vec<String>), CliError> {
    let text = |name: &str| Column { name: name.to_owned(), kind: ColumnKind::Text };
    let all = columns.iter().cloned().chain(["label", "fold"].map(text)).collect();
    let split = |mut row: Vec<Cell>| {
        let (fold, label) = (row.pop()?, row.pop()?);
        let Cell::Text(label) = label else { return None };
        (fold == Cell::Text("test".to_owned())).then_some((row, label))
    };
    Ok(all_rows(lesson, all)?.into_iter().filter_map(split).take(N_RUNS).unzip())
}

/// The probability of the label.
fn best(prediction: &Prediction) -> f32 {
    prediction.probabilities.iter().copied().fold(0.0, f32::max)
}
