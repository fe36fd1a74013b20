//! The held-out rows, asked as a caller would ask them.

use millwright_domain::Evaluation;
use millwright_tensor::{Column, Rows};
use rayon::prelude::*;

use super::{
    Reporter, TrainError, inputs::Source, layout::Input, pass::pass, samples::Sample,
    steps::number_or_nan,
};
use crate::{
    CsvRow, NumberFormat, PredictError,
    design::{Chunk, ChunkStore},
    metrics::{Outcome, Tally},
    model::Model,
    table,
};

/// Most rows and bytes that are asked at once.
const MOST_ROWS: usize = 4096;
const MOST_BYTES: usize = 16 << 20;
/// Rows of a chunk that one task asks; no answer depends on it.
const TOGETHER: usize = 1024;

/// Scores of `model` on every held-out row, once; rows that were kept are not read again.
pub(super) fn score(
    (source, kept): (Source<'_>, Option<ChunkStore>),
    model: &Model,
    reporter: &mut Reporter<'_>,
) -> Result<Evaluation, TrainError> {
    let mut tally = Tally::new(model.classes.len());
    if let Some(kept) = kept {
        kept.into_each(|chunk| {
            reporter.ask()?;
            let outcomes = of_chunk(source, model, &chunk)?;
            outcomes.into_iter().flatten().for_each(|outcome| tally.add(outcome));
            Ok(())
        })?;
        return Ok(tally.finish());
    }
    let part = |block: table::Block<'_>| outcomes(source, model, block);
    pass(source.table, reporter, part, |outcomes| {
        outcomes.into_iter().for_each(|outcome| tally.add(outcome));
        Ok(())
    })?;
    Ok(tally.finish())
}

/// What becomes of the rows of a chunk, some at a time.
fn of_chunk(
    source: Source<'_>,
    model: &Model,
    chunk: &Chunk,
) -> Result<Vec<Vec<Outcome>>, TrainError> {
    let Source { table, layout, .. } = source;
    let width = layout.input.numbers().len();
    let numbers = chunk.features.numbers().and_then(|numbers| numbers.as_slice());
    let rows = numbers.unwrap_or_default().par_chunks(TOGETHER * width);
    let rows = rows.zip(chunk.labels.par_chunks(TOGETHER)).map(|(numbers, truths)| {
        let (mut outcomes, mut block) = (Vec::new(), Block::new(&layout.input, table.numbers()));
        (block.numbers, block.truths) = (numbers.to_vec(), truths.to_vec());
        block.answer(model, &mut outcomes)?;
        Ok(outcomes)
    });
    rows.collect()
}

/// What becomes of the held-out rows of a block of the table.
fn outcomes(
    source: Source<'_>,
    model: &Model,
    rows: table::Block<'_>,
) -> Result<Vec<Outcome>, TrainError> {
    let Source { table, layout, samples } = source;
    let (mut outcomes, mut block) = (Vec::new(), Block::new(&layout.input, table.numbers()));
    samples.for_each(rows, |row, sample| {
        let Sample::HeldOut(class) = sample else { return Ok(()) };
        block.add(row, class);
        if block.is_full() {
            block.answer(model, &mut outcomes)?;
        }
        Ok(())
    })?;
    block.answer(model, &mut outcomes)?;
    Ok(outcomes)
}

/// Rows that wait to be asked together.
struct Block<'a> {
    input: &'a Input,
    format: &'a NumberFormat,
    numbers: Vec<f64>,
    texts: Vec<String>,
    truths: Vec<u32>,
    bytes: usize,
}

impl<'a> Block<'a> {
    fn new(input: &'a Input, format: &'a NumberFormat) -> Self {
        Self { input, format, numbers: vec![], texts: vec![], truths: vec![], bytes: 0 }
    }

    fn add(&mut self, row: &CsvRow, class: u32) {
        self.truths.push(class);
        if let Some(text) = self.input.text() {
            let text = row.cell(text.place);
            self.bytes += text.len();
            self.texts.push(text.to_owned());
        }
        let numbers = self.input.numbers().iter();
        self.numbers.extend(numbers.map(|c| number_or_nan(self.format, row.cell(c.place))));
        self.bytes += size_of::<f64>() * self.input.numbers().len();
    }

    fn is_full(&self) -> bool {
        self.truths.len() >= MOST_ROWS || self.bytes >= MOST_BYTES
    }

    /// Asks the model for the rows so far and lets go of them.
    fn answer(&mut self, model: &Model, into: &mut Vec<Outcome>) -> Result<(), PredictError> {
        let rows = self.columns().and_then(|columns| Rows::new(self.truths.len(), columns).ok());
        let answers = model.probabilities(&rows.ok_or(PredictError::TooMany)?)?;
        let answers = self.truths.iter().zip(answers.chunks_exact(model.classes.len()));
        into.extend(answers.map(|(truth, answer)| Outcome::of(*truth, answer)));
        *self = Self::new(self.input, self.format);
        Ok(())
    }

    /// The rows so far, under the signature of the model.
    fn columns(&self) -> Option<Vec<Column>> {
        let width = self.input.numbers().len();
        let all = || Column::fp64(width, &self.numbers);
        let one = |j| {
            let values = self.numbers.iter().skip(j).step_by(width);
            Column::fp64(1, &values.copied().collect::<Vec<_>>())
        };
        match self.input {
            Input::Text(_) => Some(vec![Column::var(&self.texts)?]),
            Input::Numeric(_) => Some(vec![all()]),
            Input::Mixed(..) => {
                let texts = Column::var(&self.texts)?;
                Some(std::iter::once(texts).chain((0..width).map(one)).collect())
            }
        }
    }
}
