//! Predicting endless rows: a bounded window of chunks is in flight, answers come in order.
//!
//! A thread reads rows into chunks; a chunk leaves as soon as there is room for it, so that a slow
//! input is answered row by row and a fast one in large messages. A chunk that the predictor refuses
//! is halved until the rows that are to blame stand alone.

use std::{
    future::ready,
    pin::{Pin, pin},
    thread,
};

use futures::{Stream, StreamExt, stream, stream::Peekable};
use millwright_client::{ClientError, PredictorClient};
use millwright_domain::{Code, Fault, ModelRef};
use millwright_proto::predictor::{
    PredictRequest, PredictResponse, PredictStreamRequest, PredictStreamResponse, Prediction,
    predict_stream_response::Result as Answer,
};
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::{
    error::{CliError, told},
    rows::{self, Cell, Column, InputError, Row, Rows},
};

const CHUNK_ROWS: usize = 256;
const CHUNK_BYTES: usize = 1 << 20;

/// Chunks that were sent, or are about to be, and are not answered.
const WINDOW: usize = 8;

/// Predicts rows of some columns with one model.
pub(crate) struct Predicting {
    predictor: PredictorClient,
    model: ModelRef,
    columns: Vec<Column>,
}

/// The answer to one row; the reason where there is none.
pub(crate) type Outcome = Result<Predicted, String>;

/// A prediction, with what its probabilities mean.
pub(crate) struct Predicted {
    pub(crate) label: String,
    /// Every class and its probability, in the model's order.
    pub(crate) probabilities: Vec<(String, f32)>,
    /// Number of the version that answered.
    pub(crate) version: u64,
}

impl Predicting {
    pub(crate) fn new(predictor: PredictorClient, model: ModelRef, columns: Vec<Column>) -> Self {
        Self { predictor, model, columns }
    }

    /// Predicts all `rows`; `each` is given the answers, chunk by chunk, one a row, in order.
    pub(crate) async fn run(
        &self,
        rows: Rows,
        mut each: impl FnMut(Vec<Outcome>) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let (in_flight, mut sent) = mpsc::channel(WINDOW);
        let requests = self.requests(read(rows), in_flight);
        let mut answers = pin!(self.predictor.predict_stream(requests).await?.peekable());
        while let Some(chunk) = next_sent(&mut sent, answers.as_mut()).await {
            let chunk = chunk?;
            let good = chunk.good();
            let settled = if good.is_empty() {
                Vec::new()
            } else {
                let answer = answers.next().await.ok_or(CliError::CutShort)??;
                if answer.row_index != chunk.first {
                    return Err(CliError::Mismatch);
                }
                self.settle(&good, answer).await?
            };
            each(chunk.with(settled))?;
            if chunk.is_last {
                // The call is heard out, or it would count as given up; all is answered by now.
                let _ = answers.next().await;
                return Ok(());
            }
        }
        // The input has not ended, but nobody takes its rows: the answers' end says why.
        match answers.next().await {
            Some(Err(error)) => Err(error.into()),
            Some(Ok(_)) => Err(CliError::Mismatch),
            None => Err(CliError::CutShort),
        }
    }

    /// A request for each chunk that has rows to predict. Every chunk, in order, goes `in_flight`
    /// first, which waits while the window is full.
    fn requests(
        &self,
        chunks: mpsc::Receiver<Result<Chunk, InputError>>,
        in_flight: mpsc::Sender<Result<Chunk, InputError>>,
    ) -> impl Stream<Item = PredictStreamRequest> + Send + 'static {
        let (model, columns) = (self.model.clone(), self.columns.clone());
        let message = move |chunk: &Chunk| {
            let good = chunk.good();
            let request = (!good.is_empty()).then(|| request(&model, &columns, &good))?;
            Some(PredictStreamRequest { row_index: chunk.first, request: Some(request) })
        };
        let state = (chunks, in_flight, message);
        let messages = stream::unfold(state, |(mut chunks, in_flight, message)| async move {
            let chunk = chunks.recv().await?;
            let request = chunk.as_ref().ok().and_then(&message);
            in_flight.send(chunk).await.ok()?;
            Some((request, (chunks, in_flight, message)))
        });
        messages.filter_map(ready)
    }

    /// The answers to the rows of one message.
    async fn settle(
        &self,
        rows: &[&[Cell]],
        answer: PredictStreamResponse,
    ) -> Result<Vec<Outcome>, CliError> {
        match answer.result {
            Some(Answer::Prediction(answer)) => outcomes(rows.len(), answer),
            // Asked again: an overloaded predictor is then waited for, and other errors come alike.
            Some(Answer::Error(_)) => self.halve(rows).await,
            None => Err(CliError::Mismatch),
        }
    }

    /// Predicts `rows` again in ever smaller parts, until those that are refused stand alone.
    async fn halve(&self, rows: &[&[Cell]]) -> Result<Vec<Outcome>, CliError> {
        let mut settled = Vec::with_capacity(rows.len());
        let mut parts = vec![rows];
        while let Some(part) = parts.pop() {
            let request = request(&self.model, &self.columns, part);
            match self.predictor.predict(request).await {
                Ok(answer) => settled.extend(outcomes(part.len(), answer)?),
                Err(error) if !is_about_rows(&error) => return Err(error.into()),
                Err(error) if part.len() == 1 => settled.push(Err(of_one_row(&error))),
                Err(_) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
            }
        }
        Ok(settled)
    }
}

/// The next chunk that was sent. The answers are watched meanwhile: that the predictor has gone is
/// known though nothing is asked of it.
async fn next_sent(
    sent: &mut mpsc::Receiver<Result<Chunk, InputError>>,
    mut answers: Pin<&mut Peekable<impl Stream<Item = Result<PredictStreamResponse, ClientError>>>>,
) -> Option<Result<Chunk, InputError>> {
    let has_gone = tokio::select! {
        biased;
        chunk = sent.recv() => return chunk,
        next = answers.as_mut().peek() => !matches!(next, Some(Ok(_))),
    };
    if has_gone { None } else { sent.recv().await }
}

/// Rows that travel together, the good and the bad.
#[derive(Default)]
struct Chunk {
    /// Position of its first row in the input.
    first: u64,
    rows: Vec<Row>,
    bytes: usize,
    /// Whether the input has ended after it. Without this, rows that nobody takes any more because
    /// the predictor is gone would look like the end of the input.
    is_last: bool,
}

impl Chunk {
    /// The chunk that comes after this one.
    fn after(&self) -> Self {
        Self { first: self.first + self.rows.len() as u64, ..Self::default() }
    }

    fn push(&mut self, row: Row) {
        self.bytes += row.iter().flatten().map(Cell::size).sum::<usize>();
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= CHUNK_ROWS || self.bytes >= CHUNK_BYTES
    }

    fn good(&self) -> Vec<&[Cell]> {
        self.rows.iter().flatten().map(Vec::as_slice).collect()
    }

    /// An answer to every row: to the good ones those that were `settled`, in order.
    fn with(&self, settled: Vec<Outcome>) -> Vec<Outcome> {
        let mut settled = settled.into_iter();
        let outcome = |row: &Row| match row {
            Ok(_) => settled.next(),
            Err(error) => Some(Err(error.to_string())),
        };
        self.rows.iter().filter_map(outcome).collect()
    }
}

/// Reads `rows` on a thread of its own: reading blocks, and standard input cannot be interrupted.
fn read(rows: Rows) -> mpsc::Receiver<Result<Chunk, InputError>> {
    let (sender, chunks) = mpsc::channel(1);
    thread::spawn(move || send_chunks(rows, &sender));
    chunks
}

/// Sends all rows in chunks, the last one marked; `None` when nobody takes them any more.
fn send_chunks(rows: Rows, to: &mpsc::Sender<Result<Chunk, InputError>>) -> Option<()> {
    let mut chunk = Chunk::default();
    for row in rows {
        match row {
            Ok(row) => chunk.push(row),
            Err(error) => {
                to.blocking_send(Ok(chunk)).ok()?;
                return to.blocking_send(Err(error)).ok();
            }
        }
        let next = chunk.after();
        chunk = if chunk.is_full() {
            to.blocking_send(Ok(chunk)).ok()?;
            next
        } else {
            match to.try_send(Ok(chunk)) {
                Ok(()) => next,
                Err(TrySendError::Full(unsent)) => unsent.ok()?,
                Err(TrySendError::Closed(_)) => return None,
            }
        };
    }
    to.blocking_send(Ok(Chunk { is_last: true, ..chunk })).ok()
}

fn request(model: &ModelRef, columns: &[Column], rows: &[&[Cell]]) -> PredictRequest {
    PredictRequest {
        model_ref: model.to_string(),
        columns: rows::to_named(columns, rows),
        ..PredictRequest::default()
    }
}

/// The answers to `n` rows: never fewer or more, or the rows after them got a neighbour's.
fn outcomes(n: usize, answer: PredictResponse) -> Result<Vec<Outcome>, CliError> {
    if answer.predictions.len() != n {
        return Err(CliError::Mismatch);
    }
    let version = answer.version.map_or(0, |version| version.version);
    let classes = answer.classes;
    let predicted = |Prediction { label, probabilities, .. }| {
        let probabilities = classes.iter().cloned().zip(probabilities).collect();
        Ok(Predicted { label, probabilities, version })
    };
    Ok(answer.predictions.into_iter().map(predicted).collect())
}

/// What is wrong with the only row of a request: it needs no number, and has another one here.
fn of_one_row(error: &ClientError) -> String {
    let text = told(error);
    text.strip_prefix("row 0, ").map_or(text.clone(), str::to_owned)
}

fn is_about_rows(error: &ClientError) -> bool {
    match error.code() {
        Code::InvalidArgument => true,
        // Without a time to retry after, the message is too large: half of it may not be.
        Code::ResourceExhausted => error.retry_after().is_none(),
        _ => false,
    }
}
