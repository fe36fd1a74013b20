//! Tags of a model or of a version.

use millwright_domain::{ModelName, Tags, Version};
use serde::Serialize;

use super::fields;
use crate::output::Answer;

/// What is noted now.
#[derive(Serialize)]
pub(crate) struct TagsView {
    pub(crate) model: ModelName,
    /// Of this version; of the model itself where there is none.
    pub(crate) version: Option<Version>,
    pub(crate) tags: Tags,
    pub(crate) revision: u64,
}

impl Answer for TagsView {
    fn table(&self) -> String {
        if self.tags.is_empty() {
            return "no tags".to_owned();
        }
        fields(self.tags.iter().map(|(key, value)| (key.as_str(), value.to_string())))
    }
}

/// `line=2, owner=王工`; a dash where there are none.
pub(super) fn listed(tags: &Tags) -> String {
    let tags: Vec<_> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if tags.is_empty() { "-".to_owned() } else { tags.join(", ") }
}
