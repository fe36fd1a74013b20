//! Steps from raw rows to features, learnt from the training rows.

use millwright_domain::{Scale, TextSpec};

use super::{
    Reporter, TrainError,
    inputs::Source,
    layout::{Column, Input, Layout},
    samples::Sample,
};
use crate::{
    Cell, CsvRow, InputParts, NumberFormat, NumericColumn, TermRule, TextParts,
    design::{ChunkStore, Rows, Scratch, Width},
    logistic::Ask,
    reduction::{Problem, Reduction},
    steps::{ColumnFault, Desk, Dictionary, FittedNumbers, NoTerms, TooManyTerms, Vectorizer},
    table::quoted,
};

/// Memory that terms may take.
const MOST_TERM_BYTES: usize = 2 << 30;

/// The steps before a reduction, fitted.
pub(super) struct Steps {
    text: Option<Vectorizer>,
    numbers: Option<FittedNumbers>,
}

impl Steps {
    /// Learns terms, medians, means and scales from the training rows.
    pub(super) fn fit(
        source: Source<'_>,
        reporter: &mut Reporter<'_>,
        scratch: &Scratch,
    ) -> Result<Self, TrainError> {
        let Source { table, layout, samples } = source;
        let mut text = layout.text().map(|(column, spec)| Terms::new(column, spec));
        let mut raw = RawNumbers::new(&layout.input, table.numbers(), scratch);
        samples.for_each(table, reporter, |row, sample| {
            let Sample::Train(_) = sample else { return Ok(()) };
            text.as_mut().map_or(Ok(()), |text| text.add(row))?;
            raw.as_mut().map_or(Ok(()), |raw| raw.add(row))
        })?;
        let text = text.map(Terms::finish).transpose()?;
        let ask = &mut || reporter.ask();
        let numbers = raw.map(|raw| raw.finish(layout, ask)).transpose()?;
        Ok(Self { text, numbers })
    }

    fn width(&self) -> Width {
        Width {
            terms: self.text.as_ref().map_or(0, |text| text.vocabulary.terms().len()),
            numbers: self.numbers.as_ref().map_or(0, |numbers| numbers.scales.len()),
        }
    }

    /// Features of the training rows, and of the validation rows where there are any.
    pub(super) fn transform(
        &self,
        source: Source<'_>,
        reporter: &mut Reporter<'_>,
        scratch: &Scratch,
    ) -> Result<(ChunkStore, Option<ChunkStore>), TrainError> {
        let Source { table, layout, samples } = source;
        let rows = || Rows::new(self.width(), scratch);
        let (mut train, mut validation) = (rows(), layout.spec.validation.map(|_| rows()));
        let mut row_of = RowOf::new(self, &layout.input, table.numbers());
        samples.for_each(table, reporter, |row, sample| match (sample, &mut validation) {
            (Sample::Train(class), _) => row_of.push(row, class, &mut train),
            (Sample::Validation(class), Some(rows)) => row_of.push(row, class, rows),
            _ => Ok(()),
        })?;
        Ok((train.finish()?, validation.map(Rows::finish).transpose()?))
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

/// Terms of the training rows so far.
struct Terms<'a> {
    column: &'a Column,
    spec: &'a TextSpec,
    dictionary: Dictionary,
}

impl<'a> Terms<'a> {
    fn new(column: &'a Column, spec: &'a TextSpec) -> Self {
        let rule = TermRule::of(&spec.vectorizer);
        Self { column, spec, dictionary: Dictionary::new(rule, MOST_TERM_BYTES) }
    }

    fn add(&mut self, row: &CsvRow) -> Result<(), TrainError> {
        let too_many = |TooManyTerms| {
            let column = quoted(&self.column.name);
            TrainError::TooManyTerms { column, limit: MOST_TERM_BYTES }
        };
        self.dictionary.add(row.cell(self.column.place)).map_err(too_many)
    }

    fn finish(self) -> Result<Vectorizer, TrainError> {
        let Self { column, spec, dictionary } = self;
        let vectorizer = dictionary.vectorizer(&spec.vectorizer);
        vectorizer.map_err(|why| no_terms(why, column, TermRule::of(&spec.vectorizer)))
    }
}

fn no_terms(why: NoTerms, column: &Column, rule: TermRule) -> TrainError {
    let column = quoted(&column.name);
    match why {
        NoTerms::AtAll => TrainError::NoTerms { column, rule },
        NoTerms::Contradiction => TrainError::FrequenciesCross { column },
        NoTerms::TooRare => TrainError::NoTermsLeft { column, field: "min_df" },
        NoTerms::TooCommon | NoTerms::Neither => {
            TrainError::NoTermsLeft { column, field: "max_df" }
        }
    }
}

/// Numbers of the training rows so far, NaN where one is missing.
struct RawNumbers<'a> {
    input: &'a Input,
    format: &'a NumberFormat,
    rows: Rows,
    row: Vec<f64>,
}

impl<'a> RawNumbers<'a> {
    fn new(input: &'a Input, format: &'a NumberFormat, scratch: &Scratch) -> Option<Self> {
        let width = Width { terms: 0, numbers: input.numbers().len() };
        let raw = || Self { input, format, rows: Rows::new(width, scratch), row: Vec::new() };
        (width.numbers > 0).then(raw)
    }

    fn add(&mut self, row: &CsvRow) -> Result<(), TrainError> {
        let number = |column: &Column| number_or_nan(self.format, row.cell(column.place));
        self.row.clear();
        self.row.extend(self.input.numbers().iter().map(number));
        self.rows.push(&[], &self.row, 0)
    }

    fn finish(self, layout: &Layout, ask: Ask<'_>) -> Result<FittedNumbers, TrainError> {
        let scale = layout.spec.pipeline.input.numeric().map(|numeric| numeric.scale);
        let fitted = FittedNumbers::fit(&self.rows.finish()?, scale.unwrap_or_default(), ask)?;
        let name = |j: usize| quoted(&layout.input.numbers()[j].name);
        fitted.map_err(|fault| match fault {
            ColumnFault::AllMissing(j) => TrainError::AllMissing { column: name(j) },
            ColumnFault::TooLarge(j) => TrainError::TooLarge { column: name(j) },
        })
    }
}

/// The number in a cell of a column that holds numbers and gaps.
pub(super) fn number_or_nan(format: &NumberFormat, cell: &str) -> f64 {
    match format.read(cell) {
        Cell::Number(number) => number,
        Cell::Missing | Cell::Text => f64::NAN,
    }
}

/// Passes one row after the other through fitted steps.
struct RowOf<'a> {
    steps: &'a Steps,
    input: &'a Input,
    format: &'a NumberFormat,
    desk: Option<Desk>,
    numbers: Vec<f64>,
}

impl<'a> RowOf<'a> {
    fn new(steps: &'a Steps, input: &'a Input, format: &'a NumberFormat) -> Self {
        let desk = steps.text.as_ref().map(Vectorizer::desk);
        Self { steps, input, format, desk, numbers: Vec::new() }
    }

    fn push(&mut self, row: &CsvRow, class: u32, into: &mut Rows) -> Result<(), TrainError> {
        self.numbers.clear();
        if let Some(fitted) = &self.steps.numbers {
            let number = |column: &Column| number_or_nan(self.format, row.cell(column.place));
            let numbers = self.input.numbers().iter().map(number).enumerate();
            self.numbers.extend(numbers.map(|(j, value)| fitted.standardised(j, value)));
        }
        let text = self.input.text().zip(self.steps.text.as_ref()).zip(self.desk.as_mut());
        let terms = text.map_or(&[][..], |((column, vectorizer), desk)| {
            vectorizer.transform(row.cell(column.place), desk)
        });
        into.push(terms, &self.numbers, class)
    }
}
