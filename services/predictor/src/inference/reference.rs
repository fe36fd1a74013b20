//! What the fields of a request refer to.

use millwright_domain::{ModelRef, NameError};

use crate::ServingError;

/// The model and the version or alias that two fields of a request name; no version is production.
///
/// # Errors
/// [`ServingError::Reference`] names the field that is wrong.
pub(super) fn of(
    name_field: &'static str,
    name: &str,
    version_field: &'static str,
    version: &str,
) -> Result<ModelRef, ServingError> {
    ModelRef::from_parts(name, version).map_err(|source| {
        let field = match source {
            NameError::Model(_) => name_field,
            _ => version_field,
        };
        ServingError::Reference { field, source }
    })
}
