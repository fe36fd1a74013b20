//! How large a version may be: everyone who follows or lists models is sent it whole.

use millwright_proto::registry::{ColumnSpec, CreateModelVersionRequest};
use millwright_wire::WireError;

/// Labels of a version; elements of all its inputs, and of all its outputs.
const MAX_NAMES: usize = 65_536;
/// Longest label, in bytes; it names the element of its probability, so every name may be as long.
const MAX_NAME_BYTES: usize = 1024;
/// Inputs of a version, and outputs.
const MAX_COLUMNS: usize = 1024;
/// Axes of an input or output.
const MAX_AXES: usize = 16;

/// Refuses a version that is too large to be told, and names the field.
pub(crate) fn check(asked: &CreateModelVersionRequest) -> Result<(), WireError> {
    names("classes", asked.classes.iter())?;
    let Some(signature) = &asked.signature else { return Ok(()) };
    columns("signature.inputs", &signature.inputs)?;
    columns("signature.outputs", &signature.outputs)
}

fn columns(field: &str, columns: &[ColumnSpec]) -> Result<(), WireError> {
    if columns.len() > MAX_COLUMNS {
        return Err(WireError::new(field, format!("must be {MAX_COLUMNS} or fewer")));
    }
    if columns.iter().any(|column| column.row_shape.len() > MAX_AXES) {
        return Err(WireError::new(field, format!("must have {MAX_AXES} axes or fewer each")));
    }
    names(&format!("{field}.name"), columns.iter().map(|column| &column.name))?;
    names(&format!("{field}.elements"), columns.iter().flat_map(|column| &column.elements))
}

fn names<'a>(
    field: &str,
    names: impl Iterator<Item = &'a String> + Clone,
) -> Result<(), WireError> {
    if names.clone().nth(MAX_NAMES).is_some() {
        return Err(WireError::new(field, format!("must be {MAX_NAMES} or fewer")));
    }
    if names.clone().any(|name| name.len() > MAX_NAME_BYTES) {
        let problem = format!("must have {MAX_NAME_BYTES} bytes or fewer each");
        return Err(WireError::new(field, problem));
    }
    Ok(())
}
