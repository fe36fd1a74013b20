//! Whether a recipe fits a table, before a job is queued for it.

use std::collections::{HashMap, HashSet};

use millwright_domain::{
    ColumnKind, DatasetColumn, InputSpec, Keep, MixedSpec, NumericSpec, Split, TableProfile,
    TextSpec, TrainingSpec,
};
use millwright_wire::WireError;

/// Checks that every column that `spec` names is in `table` and can be what it shall be.
///
/// # Errors
/// [`WireError`] names the field of the request that names the column.
pub(crate) fn check(spec: &TrainingSpec, table: &TableProfile) -> Result<(), WireError> {
    let door = Door { spec, table };
    door.filled("spec.pipeline.target", door.find("spec.pipeline.target", &spec.pipeline.target)?)?;
    if let Split::Column(name) = &spec.split {
        door.find("spec.split.column", name)?;
    }
    match &spec.pipeline.input {
        InputSpec::Text(text) => door.text("spec.pipeline.text", text)?,
        InputSpec::Numeric(numbers) => door.numbers("spec.pipeline.numeric", numbers)?,
        InputSpec::Mixed(MixedSpec { text, numeric }) => {
            door.text("spec.pipeline.mixed.text", text)?;
            door.numbers("spec.pipeline.mixed.numeric", numeric)?;
        }
    }
    door.components()
}

/// A recipe beside the table that it is for.
struct Door<'a> {
    spec: &'a TrainingSpec,
    table: &'a TableProfile,
}

impl<'a> Door<'a> {
    fn text(&self, input: &str, text: &TextSpec) -> Result<(), WireError> {
        let field = format!("{input}.column");
        self.apart_from_split(&field, &text.column)?;
        self.filled(&field, self.find(&field, &text.column)?)
    }

    fn numbers(&self, input: &str, numbers: &NumericSpec) -> Result<(), WireError> {
        let field = format!("{input}.columns");
        if numbers.columns.is_empty() {
            return self.all_others(&field);
        }
        let known = self.table.columns.iter().map(|column| (&*column.name, column));
        let known = known.collect::<HashMap<_, _>>();
        let mut seen = HashSet::with_capacity(numbers.columns.len());
        for (i, name) in numbers.columns.iter().enumerate() {
            let field = format!("{field}[{i}]");
            if !seen.insert(name) {
                return Err(WireError::new(field, format!("{name:?} is named twice")));
            }
            self.apart_from_split(&field, name)?;
            let column = known.get(&**name).ok_or_else(|| unknown(&field, name))?;
            numeric(&field, column)?;
            self.filled(&field, column)?;
        }
        Ok(())
    }

    /// Without names, every column is a feature that is neither the target nor the split; beside a
    /// text, every column of numbers among these.
    fn all_others(&self, field: &str) -> Result<(), WireError> {
        let mut features = self.open_columns().peekable();
        if features.peek().is_none() {
            return Err(WireError::new(field, "no column is left beside the target and the split"));
        }
        features.try_for_each(|column| {
            numeric(field, column)?;
            self.filled(field, column)
        })
    }

    fn open_columns(&self) -> impl Iterator<Item = &'a DatasetColumn> {
        let Self { spec, table } = *self;
        let text = spec.pipeline.input.text().map(|text| &text.column);
        table.columns.iter().filter(move |column| {
            let splits = matches!(&spec.split, Split::Column(name) if *name == column.name);
            let is_open = column.name != spec.pipeline.target && !splits;
            is_open && text.is_none_or(|text| *text != column.name && is_numeric(column))
        })
    }

    /// Components are combinations of features, seen in rows: there are no more of them.
    fn components(&self) -> Result<(), WireError> {
        let Some(reduction) = &self.spec.pipeline.reduction else { return Ok(()) };
        let Keep::Components(n) = reduction.keep else { return Ok(()) };
        let features = match &self.spec.pipeline.input {
            InputSpec::Numeric(numbers) if numbers.columns.is_empty() => {
                self.open_columns().count()
            }
            InputSpec::Numeric(numbers) => numbers.columns.len(),
            // Terms are known when they were counted.
            InputSpec::Text(_) | InputSpec::Mixed(_) => usize::MAX,
        };
        let most = self.table.n_rows.min(features as u64);
        if u64::from(n) <= most {
            return Ok(());
        }
        let problem = format!("{n} are more than the {most} that the data set can have");
        Err(WireError::new("spec.pipeline.reduction.components", problem))
    }

    fn find(&self, field: &str, name: &str) -> Result<&'a DatasetColumn, WireError> {
        let found = self.table.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| unknown(field, name))
    }

    fn apart_from_split(&self, field: &str, name: &str) -> Result<(), WireError> {
        match &self.spec.split {
            Split::Column(column) if column == name => {
                Err(WireError::new(field, format!("{name:?} is the split column, and no feature")))
            }
            _ => Ok(()),
        }
    }

    fn filled(&self, field: &str, column: &DatasetColumn) -> Result<(), WireError> {
        if column.n_missing < self.table.n_rows {
            return Ok(());
        }
        let problem = "is empty in every row: fill it or leave it out";
        Err(WireError::new(field, format!("{:?} {problem}", column.name)))
    }
}

fn unknown(field: &str, name: &str) -> WireError {
    WireError::new(field, format!("there is no column {name:?} in the data set"))
}

fn is_numeric(column: &DatasetColumn) -> bool {
    column.kind == ColumnKind::Numeric
}

fn numeric(field: &str, column: &DatasetColumn) -> Result<(), WireError> {
    if is_numeric(column) {
        return Ok(());
    }
    let (name, line) = (&column.name, column.first_text_line.unwrap_or(1));
    let advice = "name the numeric columns, or one column as the text input";
    Err(WireError::new(field, format!("{name:?} holds text, first in line {line}: {advice}")))
}

#[cfg(test)]
mod tests {
    use millwright_domain::{
        Distinct, Fault, LogisticSpec, PipelineSpec, ReductionMethod, ReductionSpec, TableFormat,
        VectorizerSpec,
    };

    use super::*;

    fn table() -> TableProfile {
        let column = |name: &str, kind, n_missing| DatasetColumn {
            name: name.to_owned(),
            kind,
            n_missing,
            distinct: Distinct::default(),
            range: None,
            first_text_line: None,
        };
        TableProfile {
            n_rows: 10,
            columns: vec![
                column("note", ColumnKind::Text, 1),
                column("pressure", ColumnKind::Numeric, 3),
                column("speed", ColumnKind::Numeric, 0),
                column("void", ColumnKind::Numeric, 10),
                column("class", ColumnKind::Text, 0),
                column("fold", ColumnKind::Text, 0),
            ],
            format: TableFormat::default(),
            contradictions: vec![],
        }
    }

    /// [`table`] without the column that is empty in every row.
    fn filled() -> TableProfile {
        let mut table = table();
        table.columns.retain(|column| column.name != "void");
        table
    }

    fn spec(target: &str, input: InputSpec, split: Split) -> TrainingSpec {
        let logistic = LogisticSpec::default();
        let target = target.to_owned();
        let pipeline = PipelineSpec { target, input, reduction: None, logistic };
        TrainingSpec { pipeline, split, validation: None, table: None, seed: 42 }
    }

    fn numbers(columns: &[&str]) -> InputSpec {
        InputSpec::numbers(columns.iter().map(ToString::to_string).collect())
    }

    fn mixed(text: &str, columns: &[&str]) -> InputSpec {
        let InputSpec::Numeric(numeric) = numbers(columns) else { panic!("numbers") };
        let text = TextSpec { column: text.to_owned(), vectorizer: VectorizerSpec::default() };
        InputSpec::Mixed(MixedSpec { text, numeric })
    }

    fn fold() -> Split {
        Split::Column("fold".to_owned())
    }

    #[test]
    fn a_recipe_that_fits_is_taken() {
        let pair = ["pressure", "speed"];
        for input in [
            numbers(&pair),
            InputSpec::words("note"),
            InputSpec::words("pressure"),
            mixed("note", &pair),
            mixed("note", &[]),
        ] {
            assert_eq!(check(&spec("class", input, fold()), &filled()), Ok(()));
        }
        let mut open = filled();
        open.columns.retain(|column| column.name != "note");
        assert_eq!(check(&spec("class", numbers(&[]), fold()), &open), Ok(()));
    }

    #[test]
    fn a_recipe_that_does_not_fit_names_the_field() {
        let fraction = Split::Fraction(0.2);
        let words = InputSpec::words;
        for (target, input, split, field) in [
            ("klass", words("note"), fold(), "spec.pipeline.target"),
            ("void", words("note"), fold(), "spec.pipeline.target"),
            ("class", words("notes"), fold(), "spec.pipeline.text.column"),
            ("class", words("fold"), fold(), "spec.pipeline.text.column"),
            ("class", words("note"), Split::Column("folds".to_owned()), "spec.split.column"),
            ("class", numbers(&["note"]), fold(), "spec.pipeline.numeric.columns[0]"),
            ("class", numbers(&["pressure", "x"]), fold(), "spec.pipeline.numeric.columns[1]"),
            ("class", numbers(&["pressure"; 2]), fold(), "spec.pipeline.numeric.columns[1]"),
            ("class", numbers(&["void"]), fold(), "spec.pipeline.numeric.columns[0]"),
            ("class", numbers(&["fold"]), fold(), "spec.pipeline.numeric.columns[0]"),
            ("class", numbers(&[]), fraction, "spec.pipeline.numeric.columns"),
            ("class", mixed("x", &["speed"]), fold(), "spec.pipeline.mixed.text.column"),
            ("class", mixed("note", &["fold"]), fold(), "spec.pipeline.mixed.numeric.columns[0]"),
            ("class", mixed("note", &[]), fold(), "spec.pipeline.mixed.numeric.columns"),
        ] {
            let error = check(&spec(target, input, split), &table()).expect_err(field);
            assert_eq!(error.violation().map(|v| v.field).as_deref(), Some(field), "{error}");
        }
    }

    #[test]
    fn there_are_no_more_components_than_features_or_rows() {
        for (input, n, taken) in [
            (numbers(&["pressure", "speed"]), 2, true),
            (numbers(&["pressure", "speed"]), 3, false),
            (InputSpec::words("note"), 10, true),
            (InputSpec::words("note"), 11, false),
        ] {
            let mut spec = spec("class", input, fold());
            let (method, keep) = (ReductionMethod::Pca, Keep::Components(n));
            spec.pipeline.reduction = Some(ReductionSpec { method, keep });
            assert_eq!(check(&spec, &table()).is_ok(), taken, "{spec:?}");
        }
    }
}
