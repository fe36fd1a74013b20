//! Requests made of the rows of a file.

use std::{fs::File, path::Path};

use millwright_client::RetryPolicy;
use millwright_domain::{ColumnKind, FormatHints, ModelRef};
use millwright_proto::predictor::PredictRequest;
use millwright_tensor::Datatype;

use crate::{
    bench::{Input, Model, RequestBuilder, Requests},
    connection::Addresses,
    error::CliError,
    output::notice,
    rows::{self, Cell, Column, Rows},
    served,
};

/// Requests of `n_rows` rows each from `rows`, in their order, as many as there is room for.
///
/// # Errors
/// The file cannot be read, a row of it is none of the model's, or it has too few.
pub(super) fn requests(model: &Model, n_rows: usize, rows: Rows) -> Result<Requests, CliError> {
    of_rows(n_rows, rows, |requests, rows| {
        let mut request = RequestBuilder::new(model, n_rows)?;
        rows.iter().try_for_each(|row| push(&mut request, model, row))?;
        Ok(requests.push(request)?)
    })
}

/// The same as calls of Predict with `columns` of the model that `reference` names.
///
/// # Errors
/// As [`requests`].
pub(super) fn native(
    reference: &str,
    n_rows: usize,
    columns: &[Column],
    rows: Rows,
) -> Result<Requests, CliError> {
    of_rows(n_rows, rows, |requests, rows| {
        let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
        let request = PredictRequest {
            model_ref: reference.to_owned(),
            columns: rows::to_named(columns, &rows),
            ..PredictRequest::default()
        };
        Ok(requests.push_native(&request)?)
    })
}

/// What `push` makes of one `n_rows` of `rows` after the other, while there is room.
fn of_rows(
    n_rows: usize,
    mut rows: Rows,
    push: impl Fn(&mut Requests, &[Vec<Cell>]) -> Result<(), CliError>,
) -> Result<Requests, CliError> {
    let mut requests = Requests::default();
    let mut taken = Vec::new();
    let mut row = 0;
    while requests.has_room() {
        taken.clear();
        while taken.len() < n_rows
            && let Some(next) = rows.next().transpose()?
        {
            row += 1;
            taken.push(next.map_err(|problem| CliError::BenchRow { row, problem })?);
        }
        if taken.len() < n_rows {
            break;
        }
        push(&mut requests, &taken)?;
    }
    if requests.is_empty() {
        return Err(CliError::BenchRows { rows: taken.len(), needed: n_rows });
    }
    Ok(requests)
}

/// Opens `file`, whose header or keys must have all `columns`.
pub(super) fn open(
    file: &Path,
    hints: &FormatHints,
    columns: Vec<Column>,
) -> Result<Rows, CliError> {
    let input = File::open(file);
    let input = input.map_err(|source| CliError::File { path: file.to_owned(), source })?;
    let dropped = |names: &[String]| {
        notice(&format!("dropped, since the model does not know them: {}", names.join(", ")));
    };
    Ok(rows::read(input, hints, columns, Box::new(dropped))?)
}

/// The columns that fill the inputs of `model`, in their order.
///
/// A predictor of ours says by which names people know them. Elsewhere an input of one element a row
/// is a column of its name, and one of more elements is NAME_0, NAME_1 and so on.
pub(super) async fn columns(addresses: &Addresses, reference: &str, model: &Model) -> Vec<Column> {
    let generic: Vec<_> = model.inputs.iter().flat_map(elements).collect();
    match ours(addresses, reference).await {
        Some(ours) if ours.len() == generic.len() => ours,
        _ => generic,
    }
}

async fn ours(addresses: &Addresses, reference: &str) -> Option<Vec<Column>> {
    let reference: ModelRef = reference.parse().ok()?;
    let predictor = addresses.predictor().ok()?.with_retry(RetryPolicy::NEVER);
    served::columns(&predictor, &reference).await.ok()
}

fn elements(input: &Input) -> Vec<Column> {
    let is_text = input.datatype == Datatype::Bytes;
    let kind = if is_text { ColumnKind::Text } else { ColumnKind::Numeric };
    let named = |name| Column { name, kind };
    match input.width() {
        1 => vec![named(input.name.clone())],
        n => (0..n).map(|i| named(format!("{}_{i}", input.name))).collect(),
    }
}

/// Appends one row.
fn push(request: &mut RequestBuilder<'_>, model: &Model, row: &[Cell]) -> Result<(), CliError> {
    let mut cells = row.iter();
    for (at, input) in model.inputs.iter().enumerate() {
        for cell in cells.by_ref().take(input.width()) {
            match cell {
                Cell::Number(number) => request.number(at, *number)?,
                Cell::Text(text) => request.text(at, text)?,
            }
        }
    }
    Ok(())
}
