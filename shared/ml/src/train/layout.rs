//! The columns of a recipe, found in a table.

use std::collections::HashMap;

use millwright_domain::{ColumnKind, InputSpec, Split, TextSpec, TrainingSpec};

use super::TrainError;
use crate::{CsvTable, table::quoted};

/// Most column names that a message lists.
const MOST_NAMES: usize = 8;

/// Where in a row everything is.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) target: Column,
    pub(super) input: Input,
    /// The split column, where one decides.
    pub(super) split: Option<usize>,
    /// The recipe with every input column named.
    pub(super) spec: TrainingSpec,
}

/// A column with its place.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) place: usize,
}

/// The columns that the model sees: in the order of the features, a text first.
#[derive(Debug)]
pub(super) enum Input {
    Text(Column),
    Numeric(Vec<Column>),
    Mixed(Column, Vec<Column>),
}

impl Input {
    /// The text column, where there is one.
    pub(super) fn text(&self) -> Option<&Column> {
        match self {
            Self::Text(text) | Self::Mixed(text, _) => Some(text),
            Self::Numeric(_) => None,
        }
    }

    /// The columns of numbers.
    pub(super) fn numbers(&self) -> &[Column] {
        match self {
            Self::Text(_) => &[],
            Self::Numeric(columns) | Self::Mixed(_, columns) => columns,
        }
    }

    /// All of them.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.text().into_iter().chain(self.numbers())
    }

    /// Finds the columns that `spec` names, and chooses those that it leaves open: none of `others`.
    fn find(
        table: &CsvTable,
        spec: &InputSpec,
        others: [Option<usize>; 2],
    ) -> Result<Self, TrainError> {
        let text = |name: &str| find(table, "input", name);
        match spec {
            InputSpec::Text(spec) => text(&spec.column).map(Self::Text),
            InputSpec::Numeric(spec) if spec.columns.is_empty() => {
                Ok(Self::Numeric(all_but(table, &others)))
            }
            InputSpec::Numeric(spec) => distinct(table, &spec.columns).map(Self::Numeric),
            InputSpec::Mixed(spec) => {
                let text = text(&spec.text.column)?;
                let numbers = match spec.numeric.columns.as_slice() {
                    [] => numeric_but(table, &[others[0], others[1], Some(text.place)]),
                    named => distinct(table, named)?,
                };
                Ok(Self::Mixed(text, numbers))
            }
        }
    }

    /// `spec` with every column named.
    fn resolved(&self, spec: &InputSpec) -> InputSpec {
        let mut resolved = spec.clone();
        if let InputSpec::Numeric(numeric) = &mut resolved {
            numeric.columns = self.names();
        }
        if let InputSpec::Mixed(mixed) = &mut resolved {
            mixed.numeric.columns = self.names();
        }
        resolved
    }

    fn names(&self) -> Vec<String> {
        self.numbers().iter().map(|column| column.name.clone()).collect()
    }
}

impl Layout {
    /// Finds every column that `spec` names in `table`, and chooses those that it leaves open.
    pub(super) fn find(table: &CsvTable, spec: &TrainingSpec) -> Result<Self, TrainError> {
        let target = find(table, "target", &spec.pipeline.target)?;
        let split = match &spec.split {
            Split::Column(name) => Some(find(table, "split", name)?.place),
            Split::Fraction(_) => None,
        };
        let input = Input::find(table, &spec.pipeline.input, [Some(target.place), split])?;
        let mut spec = spec.clone();
        spec.pipeline.input = input.resolved(&spec.pipeline.input);
        let layout = Self { target, input, split, spec };
        layout.check(table)?;
        Ok(layout)
    }

    /// The text column and its part of the recipe, where there is one.
    pub(super) fn text(&self) -> Option<(&Column, &TextSpec)> {
        self.input.text().zip(self.spec.pipeline.input.text())
    }

    fn check(&self, table: &CsvTable) -> Result<(), TrainError> {
        if self.input.columns().next().is_none() {
            return Err(TrainError::NoColumns);
        }
        let is_split = |column: &&Column| Some(column.place) == self.split;
        if let Some(column) = self.input.columns().find(is_split) {
            return Err(TrainError::SplitIsInput { name: quoted(&column.name) });
        }
        if matches!(&self.input, Input::Mixed(_, numbers) if numbers.is_empty()) {
            return Err(TrainError::NoNumbers);
        }
        all_numeric(table, self.input.numbers())
    }
}

fn find(table: &CsvTable, field: &'static str, name: &str) -> Result<Column, TrainError> {
    let unknown = || unknown_column(table, field, name);
    table.column(name).map(|place| Column { name: name.to_owned(), place }).ok_or_else(unknown)
}

fn unknown_column(table: &CsvTable, field: &'static str, name: &str) -> TrainError {
    let all = &table.profile().columns;
    let known = all.iter().take(MOST_NAMES).map(|column| quoted(&column.name));
    let mut known = known.collect::<Vec<_>>().join(", ");
    if all.len() > MOST_NAMES {
        known += &format!(" and {} more", all.len() - MOST_NAMES);
    }
    TrainError::UnknownColumn { field, name: quoted(name), known }
}

fn all_but(table: &CsvTable, others: &[Option<usize>]) -> Vec<Column> {
    let columns = table.profile().columns.iter().enumerate();
    let columns = columns.filter(|(place, _)| !others.contains(&Some(*place)));
    columns.map(|(place, column)| Column { name: column.name.clone(), place }).collect()
}

fn numeric_but(table: &CsvTable, others: &[Option<usize>]) -> Vec<Column> {
    let mut columns = all_but(table, others);
    columns.retain(|column| !is_text(table, column));
    columns
}

fn is_text(table: &CsvTable, column: &Column) -> bool {
    table.profile().columns.get(column.place).map(|c| c.kind) == Some(ColumnKind::Text)
}

fn distinct(table: &CsvTable, names: &[String]) -> Result<Vec<Column>, TrainError> {
    // Tables are as wide as recipes are long: each column is taken out once, and searched by name.
    let columns = table.profile().columns.iter().enumerate();
    let mut places = columns.map(|(place, c)| (&*c.name, Some(place))).collect::<HashMap<_, _>>();
    let column = |name: &String| {
        let Some(place) = places.get_mut(&**name) else {
            return Err(unknown_column(table, "input", name));
        };
        let repeated = || TrainError::RepeatedColumn { name: quoted(name) };
        Ok(Column { name: name.clone(), place: place.take().ok_or_else(repeated)? })
    };
    names.iter().map(column).collect()
}

/// Refuses text columns, and says where the first text is.
fn all_numeric(table: &CsvTable, columns: &[Column]) -> Result<(), TrainError> {
    let text_at = |column: &Column| table.profile().columns.get(column.place)?.first_text_line;
    let text = columns.iter().find_map(|column| text_at(column).zip(Some(column)));
    match text {
        Some((line, column)) => Err(TrainError::NotNumeric { line, column: quoted(&column.name) }),
        None => Ok(()),
    }
}
