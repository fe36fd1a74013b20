//! Rows as named columns: the codec of `Predict` and `PredictStream`.
//!
//! A caller sends the columns of the training data by name. An input that names its elements takes
//! one column for each of them, row-major in the order of its signature; any other input is a column.

use std::{
    collections::{HashMap, HashSet},
    iter::Enumerate,
    slice,
};

use millwright_domain::ModelSignature;
use millwright_proto::predictor::{self as pb, named_column::Values};
use millwright_tensor::{Column, ColumnSpec, Datatype, Rows};

use crate::{LONGEST_TEXT, WireError, too_long};

/// The rows that `columns` hold, in the order of the model's inputs.
///
/// # Errors
/// [`WireError`] names the column that is missing, unknown, given twice, of another type or length.
pub fn decode(signature: &ModelSignature, columns: &[pb::NamedColumn]) -> Result<Rows, WireError> {
    let mut given = Given::of(signature, columns)?;
    let n = columns.first().map_or(0, length);
    let inputs = signature.inputs.iter().map(|input| match input.datatype {
        Datatype::Bytes => text(input, n, &mut given),
        _ => numbers(input, n, &mut given),
    });
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    if given.has_more() {
        return Err(unknown(signature, columns));
    }
    Rows::new(n, inputs).map_err(|error| WireError::new("columns", error.to_string()))
}

/// Columns of a request, each with its position there.
enum Given<'a> {
    /// They come in the signature's order, which saves most requests a table.
    InOrder(Enumerate<slice::Iter<'a, pb::NamedColumn>>),
    ByName(HashMap<&'a str, (usize, &'a pb::NamedColumn)>),
}

impl<'a> Given<'a> {
    /// A column of no bytes still takes memory here, so no more are taken than the model has.
    fn of(signature: &ModelSignature, columns: &'a [pb::NamedColumn]) -> Result<Self, WireError> {
        let wanted = || signature.inputs.iter().flat_map(names);
        if wanted().eq(columns.iter().map(|column| &column.name)) {
            return Ok(Self::InOrder(columns.iter().enumerate()));
        }
        let most = wanted().count();
        let mut given = HashMap::new();
        for (i, column) in columns.iter().enumerate() {
            if given.insert(&*column.name, (i, column)).is_some() {
                let problem = format!("column {:?} is given twice", quoted(&column.name));
                return Err(WireError::new(field(i), problem));
            }
            if given.len() > most {
                return Err(unknown(signature, columns));
            }
        }
        Ok(Self::ByName(given))
    }

    /// Takes the column `name`, which is the next of the signature.
    fn take(&mut self, name: &str) -> Option<(usize, &'a pb::NamedColumn)> {
        match self {
            Self::InOrder(columns) => columns.next(),
            Self::ByName(columns) => columns.remove(name),
        }
    }

    /// Whether a column is left that the model did not take; in order, each is the model's.
    fn has_more(&self) -> bool {
        matches!(self, Self::ByName(columns) if !columns.is_empty())
    }
}

/// Names of the columns of training data that make up `input`.
fn names(input: &ColumnSpec) -> &[String] {
    match &input.elements[..] {
        [] => slice::from_ref(&input.name),
        elements => elements,
    }
}

/// Names the first column that the model does not have, of `columns` that hold one.
fn unknown(signature: &ModelSignature, columns: &[pb::NamedColumn]) -> WireError {
    let known = signature.inputs.iter().flat_map(names).collect::<HashSet<_>>();
    let (i, column) = columns
        .iter()
        .enumerate()
        .find(|(_, column)| !known.contains(&column.name))
        .expect("a column is left that the model did not take");
    let problem = format!("the model has no column {:?}: leave it out", quoted(&column.name));
    WireError::new(field(i), problem)
}

fn text(input: &ColumnSpec, n: usize, given: &mut Given<'_>) -> Result<Column, WireError> {
    let [name] = names(input) else {
        return Err(WireError::new("columns", "the model has no column names"));
    };
    let (i, column) = take(name, n, given)?;
    let Some(Values::Texts(texts)) = &column.values else {
        return Err(WireError::new(field(i), format!("column {name:?} takes texts")));
    };
    if let Some(row) = texts.values.iter().position(|text| text.len() > LONGEST_TEXT) {
        return Err(WireError::new(field(i), too_long(row)));
    }
    Column::var(&texts.values).ok_or_else(|| WireError::new(field(i), "more than 4 GiB of text"))
}

fn numbers(input: &ColumnSpec, n: usize, given: &mut Given<'_>) -> Result<Column, WireError> {
    let mut columns = Vec::with_capacity(names(input).len());
    for name in names(input) {
        let (i, column) = take(name, n, given)?;
        let Some(Values::Numbers(numbers)) = &column.values else {
            return Err(WireError::new(field(i), format!("column {name:?} takes numbers")));
        };
        columns.push(numbers.values.as_slice());
    }
    let mut data = Vec::with_capacity(n * columns.len() * size_of::<f64>());
    for row in 0..n {
        // `take` has checked that each column holds n values.
        columns.iter().for_each(|values| data.extend_from_slice(&values[row].to_le_bytes()));
    }
    Ok(Column::Fixed { datatype: Datatype::Fp64, width: columns.len(), data: data.into() })
}

/// Takes the column `name` out of those that are given; it has `n` rows.
fn take<'a>(
    name: &str,
    n: usize,
    given: &mut Given<'a>,
) -> Result<(usize, &'a pb::NamedColumn), WireError> {
    let missing = || WireError::new("columns", format!("column {name:?} is missing"));
    let (i, column) = given.take(name).ok_or_else(missing)?;
    if length(column) == n {
        return Ok((i, column));
    }
    let problem = format!("column {name:?} has {} rows, the first has {n}", length(column));
    Err(WireError::new(field(i), problem))
}

/// Rows of a column.
pub fn length(column: &pb::NamedColumn) -> usize {
    match &column.values {
        Some(Values::Numbers(numbers)) => numbers.values.len(),
        Some(Values::Texts(texts)) => texts.values.len(),
        None => 0,
    }
}

fn field(i: usize) -> String {
    format!("columns[{i}]")
}

fn quoted(name: &str) -> String {
    name.chars().take(80).collect()
}

/// The predictions that `answer` holds under the signature of a classifier.
///
/// `imputed` has the number of imputed cells of each row; it is empty where nothing was imputed.
/// `top_k` is the number of classes to tell, 0 for all.
pub fn encode(answer: &Rows, imputed: &[u32], top_k: u32) -> Vec<pb::Prediction> {
    let [labels, probabilities] = answer.columns() else { return vec![] };
    let Column::Fixed { width, .. } = probabilities else { return vec![] };
    let mut values = probabilities.to_f32();
    let row = |i: usize| {
        let all = values.by_ref().take(*width).collect::<Vec<_>>();
        let (probabilities, class_indices) = most_probable(all, top_k);
        pb::Prediction {
            label: String::from_utf8_lossy(labels.bytes(i)).into_owned(),
            probabilities,
            class_indices,
            imputed_cells: imputed.get(i).copied().unwrap_or(0),
        }
    };
    (0..answer.len()).map(row).collect()
}

/// Bytes that the answer to `n` rows has at least, of a model with this signature.
pub fn shortest(signature: &ModelSignature, n: usize, top_k: u32) -> usize {
    let classes = signature.outputs.get(1).map_or(0, ColumnSpec::width);
    let told = match usize::try_from(top_k) {
        Ok(k) if k > 0 => classes.min(k),
        _ => classes,
    };
    // A float for each class, and what begins a prediction and its list.
    n.saturating_mul(told.saturating_mul(size_of::<f32>()).saturating_add(4))
}

/// The `top_k` largest of `all`, falling, with their positions; equal ones in class order.
pub(crate) fn most_probable(all: Vec<f32>, top_k: u32) -> (Vec<f32>, Vec<u32>) {
    if top_k == 0 {
        return (all, vec![]);
    }
    let mut ranked = (0_u32..).zip(all).collect::<Vec<_>>();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.truncate(usize::try_from(top_k).unwrap_or(usize::MAX));
    ranked.into_iter().map(|(class, probability)| (probability, class)).unzip()
}

#[cfg(test)]
mod tests;
