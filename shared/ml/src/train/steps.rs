//! Steps from raw rows to features, learnt from the training rows.

use millwright_domain::Scale;
use rayon::prelude::*;

use super::{
    Reporter, TrainError,
    counted::{Counted, CountedRows, Places},
    inputs::Source,
    layout::{Column, Input, Layout},
    pass::pass,
    samples::Sample,
    terms::{Counter, Terms},
};
use crate::{
    Cell, InputParts, NumberFormat, NumericColumn, TextParts,
    design::{ChunkStore, Rows, Scratch, Width},
    logistic::Ask,
    reduction::{Problem, Reduction},
    rounds::in_order,
    steps::{ColumnFault, FittedNumbers, Vectorizer},
    table::{Block, quoted},
};

/// Rows that one task standardises; results do not depend on it.
const ROWS: usize = 64;

/// The steps before a reduction, fitted.
pub(super) struct Steps {
    text: Option<Vectorizer>,
    numbers: Option<FittedNumbers>,
    /// The training rows as they were read, where they are all numbers and none is watched: they
    /// need not be read again.
    raw: Option<ChunkStore>,
    /// The held-out rows as they were read, where they are all numbers.
    held_out: Option<ChunkStore>,
    /// The training rows as they were counted, where they are all terms and none is watched.
    counted: Option<(CountedRows, Places)>,
}

impl Steps {
    /// Learns terms, medians, means and scales from the training rows.
    pub(super) fn fit(
        source: Source<'_>,
        reporter: &mut Reporter<'_>,
        scratch: &Scratch,
    ) -> Result<Self, TrainError> {
        let Source { table, layout, .. } = source;
        let text = layout.text().map(|(column, spec)| Terms::new(column, spec));
        let mut raw = RawNumbers::new(&layout.input, scratch);
        let are_counted = layout.input.numbers().is_empty() && layout.spec.validation.is_none();
        let mut counted = are_counted.then(|| CountedRows::new(scratch));
        let part = |block: Block<'_>| Raw::of(source, text.as_ref(), block);
        pass(table, reporter, part, |part| {
            text.as_ref().map_or(Ok(()), |text| text.count_aside(&part.counted.aside))?;
            raw.as_mut().map_or(Ok(()), |raw| raw.add(&part))?;
            if let Some(rows) = &mut counted {
                rows.push(part.counted, part.samples);
            }
            Ok(())
        })?;
        let (text, places) = text.map(Terms::finish).transpose()?.unzip();
        let ask = &mut || reporter.ask();
        let (raw, held_out) = raw.map(RawNumbers::finish).transpose()?.unzip();
        let numbers = raw.as_ref().map(|raw| fit_numbers(raw, layout, ask)).transpose()?;
        let raw = raw.filter(|_| text.is_none() && layout.spec.validation.is_none());
        let held_out = held_out.filter(|_| text.is_none());
        let counted = counted.and_then(CountedRows::complete).zip(places);
        Ok(Self { text, numbers, raw, held_out, counted })
    }

    fn width(&self) -> Width {
        Width {
            terms: self.text.as_ref().map_or(0, |text| text.vocabulary.terms().len()),
            numbers: self.numbers.as_ref().map_or(0, |numbers| numbers.scales.len()),
        }
    }

    /// Features of the training rows, and of the validation rows where there are any.
    pub(super) fn transform(
        &mut self,
        source: Source<'_>,
        reporter: &mut Reporter<'_>,
        scratch: &Scratch,
    ) -> Result<(ChunkStore, Option<ChunkStore>), TrainError> {
        let Source { table, layout, .. } = source;
        if let Some((raw, numbers)) = self.raw.take().zip(self.numbers.as_ref()) {
            return Ok((standardised(raw, numbers, (reporter, scratch))?, None));
        }
        if let Some(counted) = self.counted.take() {
            return Ok((self.transform_counted(&counted, reporter, scratch)?, None));
        }
        let rows = || Rows::new(self.width(), scratch);
        let (mut train, mut validation) = (rows(), layout.spec.validation.map(|_| rows()));
        let part = |block: Block<'_>| Finished::of(self, source, block);
        pass(table, reporter, part, |part| {
            part.rows().try_for_each(|(terms, numbers, sample)| match (sample, &mut validation) {
                (Sample::Train(class), _) => train.push(terms, numbers, class),
                (Sample::Validation(class), Some(rows)) => rows.push(terms, numbers, class),
                _ => Ok(()),
            })
        })?;
        Ok((train.finish()?, validation.map(Rows::finish).transpose()?))
    }

    /// Features of training rows whose terms are known by their numbers.
    fn transform_counted(
        &self,
        (rows, places): &(CountedRows, Places),
        reporter: &mut Reporter<'_>,
        scratch: &Scratch,
    ) -> Result<ChunkStore, TrainError> {
        let mut train = Rows::new(self.width(), scratch);
        let part = |i| Ok(Finished::counted(self, rows.rows(i, places)));
        in_order(rows.n_blocks(), part, |part| {
            reporter.ask()?;
            part.rows().try_for_each(|(terms, numbers, sample)| match sample {
                Sample::Train(class) => train.push(terms, numbers, class),
                _ => Ok(()),
            })
        })?;
        train.finish()
    }

    /// The numbers of the held-out rows, NaN where one is missing, if these are all that a row has.
    pub(super) fn held_out(&mut self) -> Option<ChunkStore> {
        self.held_out.take()
    }

    /// The reduction of the training rows that the recipe asks for.
    pub(super) fn reduction(
        &self,
        layout: &Layout,
        train: &ChunkStore,
        ask: Ask<'_>,
    ) -> Result<Option<Reduction>, TrainError> {
        let scale = layout.spec.pipeline.input.numeric().map(|numeric| numeric.scale);
        let means = match (&self.numbers, scale) {
            (Some(numbers), Some(Scale::None)) => numbers.steps.means.as_slice(),
            _ => &[],
        };
        let Some(spec) = layout.spec.pipeline.reduction else { return Ok(None) };
        let problem = Problem { spec, seed: layout.spec.seed, means };
        Reduction::fit(train, &problem, ask).map(Some)
    }

    /// What every number was divided by.
    pub(super) fn scales(&self) -> &[f64] {
        self.numbers.as_ref().map_or(&[], |numbers| &numbers.scales)
    }

    /// Names of the columns that hold one value only.
    pub(super) fn constant_columns(&self, input: &Input) -> Vec<String> {
        let constant = self.numbers.iter().flat_map(|numbers| &numbers.constant);
        constant.map(|j| input.numbers()[*j].name.clone()).collect()
    }

    /// Missing numbers of the training rows.
    pub(super) fn imputed_cells(&self) -> u64 {
        self.numbers.as_ref().map_or(0, |numbers| numbers.imputed)
    }

    /// What serving needs of the steps.
    pub(super) fn parts(self, input: &Input) -> InputParts {
        let columns = self.numbers.map(|numbers| numeric_columns(input.numbers(), &numbers));
        let text = input.text().zip(self.text);
        let text = text.map(|(column, vectorizer)| TextParts::of(&column.name, vectorizer));
        match (text, columns.unwrap_or_default()) {
            (None, columns) => InputParts::Numeric { columns },
            (Some(text), columns) if columns.is_empty() => InputParts::Text(text),
            (Some(text), columns) => InputParts::Mixed { text, columns },
        }
    }
}

fn numeric_columns(columns: &[Column], fitted: &FittedNumbers) -> Vec<NumericColumn> {
    let of = |(j, column): (usize, &Column)| NumericColumn {
        name: column.name.clone(),
        median: fitted.steps.medians[j],
        mean: fitted.steps.means[j],
        range: fitted.ranges[j],
    };
    columns.iter().enumerate().map(of).collect()
}

/// Numbers of the training rows and of the held-out rows so far, NaN where one is missing.
struct RawNumbers {
    width: usize,
    train: Rows,
    held_out: Rows,
}

impl RawNumbers {
    fn new(input: &Input, scratch: &Scratch) -> Option<Self> {
        let width = input.numbers().len();
        let rows = || Rows::new(Width { terms: 0, numbers: width }, scratch);
        (width > 0).then(|| Self { width, train: rows(), held_out: rows() })
    }

    fn add(&mut self, part: &Raw) -> Result<(), TrainError> {
        let mut rows = part.numbers.chunks_exact(self.width).zip(&part.samples);
        rows.try_for_each(|(row, sample)| match sample {
            Sample::Train(class) => self.train.push(&[], row, *class),
            Sample::HeldOut(class) => self.held_out.push(&[], row, *class),
            Sample::Validation(_) | Sample::WithoutTarget => Ok(()),
        })
    }

    fn finish(self) -> Result<(ChunkStore, ChunkStore), TrainError> {
        Ok((self.train.finish()?, self.held_out.finish()?))
    }
}

fn fit_numbers(
    raw: &ChunkStore,
    layout: &Layout,
    ask: Ask<'_>,
) -> Result<FittedNumbers, TrainError> {
    let scale = layout.spec.pipeline.input.numeric().map(|numeric| numeric.scale);
    let fitted = FittedNumbers::fit(raw, scale.unwrap_or_default(), ask)?;
    let name = |j: usize| quoted(&layout.input.numbers()[j].name);
    fitted.map_err(|fault| match fault {
        ColumnFault::AllMissing(j) => TrainError::AllMissing { column: name(j) },
        ColumnFault::TooLarge(j) => TrainError::TooLarge { column: name(j) },
    })
}

/// Rows of numbers after the steps, cut as they were.
fn standardised(
    raw: ChunkStore,
    fitted: &FittedNumbers,
    (reporter, scratch): (&mut Reporter<'_>, &Scratch),
) -> Result<ChunkStore, TrainError> {
    let numbers = fitted.scales.len();
    let mut store = ChunkStore::new(Width { terms: 0, numbers }, scratch);
    raw.into_each(|mut chunk| {
        reporter.ask()?;
        if let Some(values) = chunk.features.numbers_mut() {
            values.par_chunks_mut(numbers * ROWS).for_each(|rows| {
                rows.chunks_exact_mut(numbers).for_each(|row| fitted.standardise(row));
            });
        }
        Ok(store.push(chunk)?)
    })?;
    Ok(store)
}

/// The training rows of a block: their numbers, once their terms are counted. Where there are no
/// terms, the held-out rows too.
struct Raw {
    samples: Vec<Sample>,
    numbers: Vec<f64>,
    counted: Counted,
}

impl Raw {
    fn of(
        source: Source<'_>,
        text: Option<&Terms<'_>>,
        block: Block<'_>,
    ) -> Result<Self, TrainError> {
        let Source { table, layout, samples } = source;
        let mut counter = text.map(Terms::counter);
        let width = layout.input.numbers().len();
        let mut taken = Vec::with_capacity(block.n_rows());
        let mut numbers = Vec::with_capacity(block.n_rows() * width);
        samples.for_each(block, |row, sample| {
            match sample {
                Sample::Train(_) => {}
                Sample::HeldOut(_) if text.is_none() => {}
                _ => return Ok(()),
            }
            taken.push(sample);
            let number = |column: &Column| number_or_nan(table.numbers(), row.cell(column.place));
            numbers.extend(layout.input.numbers().iter().map(number));
            if let Some(counter) = &mut counter {
                counter.count(row);
            }
            Ok(())
        })?;
        let counted = counter.map(Counter::finish).unwrap_or_default();
        Ok(Self { samples: taken, numbers, counted })
    }
}

/// The number in a cell of a column that holds numbers and gaps.
pub(super) fn number_or_nan(format: &NumberFormat, cell: &str) -> f64 {
    match format.read(cell) {
        Cell::Number(number) => number,
        Cell::Missing | Cell::Text => f64::NAN,
    }
}

/// The training and validation rows of a block after the steps.
#[derive(Default)]
struct Finished {
    samples: Vec<Sample>,
    /// Of all rows, and where those of each row end.
    terms: Vec<(u32, f32)>,
    ends: Vec<usize>,
    numbers: Vec<f64>,
}

impl Finished {
    fn of(steps: &Steps, source: Source<'_>, block: Block<'_>) -> Result<Self, TrainError> {
        let Source { table, layout, samples } = source;
        let mut desk = steps.text.as_ref().map(Vectorizer::desk);
        let mut finished = Self::default();
        samples.for_each(block, |row, sample| {
            if matches!(sample, Sample::HeldOut(_) | Sample::WithoutTarget) {
                return Ok(());
            }
            finished.samples.push(sample);
            let text = layout.input.text().zip(steps.text.as_ref()).zip(desk.as_mut());
            if let Some(((column, vectorizer), desk)) = text {
                finished.terms.extend(vectorizer.transform(row.cell(column.place), desk));
            }
            finished.ends.push(finished.terms.len());
            if let Some(fitted) = &steps.numbers {
                let number = |c: &Column| number_or_nan(table.numbers(), row.cell(c.place));
                let numbers = layout.input.numbers().iter().map(number).enumerate();
                finished.numbers.extend(numbers.map(|(j, value)| fitted.standardised(j, value)));
            }
            Ok(())
        })?;
        Ok(finished)
    }

    /// Of rows that are all terms, whose places are known.
    fn counted(
        steps: &Steps,
        rows: impl Iterator<Item = (Sample, impl Iterator<Item = u32>)>,
    ) -> Self {
        let mut finished = Self::default();
        let Some(vectorizer) = &steps.text else { return finished };
        let mut desk = vectorizer.desk();
        for (sample, places) in rows {
            finished.samples.push(sample);
            finished.terms.extend(vectorizer.transform_places(places, &mut desk));
            finished.ends.push(finished.terms.len());
        }
        finished
    }

    fn rows(&self) -> impl Iterator<Item = (&[(u32, f32)], &[f64], Sample)> {
        let width = self.numbers.len() / self.samples.len().max(1);
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let terms = starts.zip(&self.ends).map(|(from, to)| &self.terms[from..*to]);
        let rows = terms.zip(&self.samples).enumerate();
        rows.map(move |(i, (terms, sample))| {
            (terms, &self.numbers[i * width..(i + 1) * width], *sample)
        })
    }
}
