//! What the predictor says of an alias.

use std::fmt;

use millwright_proto::predictor::ServedModel;
use serde::Serialize;

/// One alias, the version that answers to it, and what keeps it from the one that it shall.
#[derive(Serialize)]
pub(crate) struct ServedView {
    alias: String,
    wanted_version: u64,
    /// None: nothing answers yet.
    version: Option<u64>,
    /// Why the wanted version is not served; none while it loads, and once it is.
    problem: Option<String>,
}

impl From<ServedModel> for ServedView {
    fn from(served: ServedModel) -> Self {
        let version = served.serving.map_or(0, |serving| serving.version);
        Self {
            alias: served.alias,
            wanted_version: served.wanted_version,
            version: Some(version).filter(|version| *version > 0),
            problem: Some(served.problem).filter(|problem| !problem.is_empty()),
        }
    }
}

impl ServedView {
    /// Whether it is about this version.
    pub(super) fn is_of(&self, version: u64) -> bool {
        self.wanted_version == version || self.version == Some(version)
    }

    /// Its line in a table: alias, where it points, what answers, and why not.
    pub(super) fn row(&self) -> [String; 4] {
        let version = self.version.map_or("-".to_owned(), |version| version.to_string());
        let problem = self.problem.clone().unwrap_or_default();
        [self.alias.clone(), self.wanted_version.to_string(), version, problem]
    }
}

impl fmt::Display for ServedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alias, wanted_version, version, problem } = self;
        match (version, problem) {
            (Some(version), None) if version == wanted_version => write!(f, "as {alias}"),
            (Some(version), None) => {
                write!(f, "as {alias}: {wanted_version} is being loaded, {version} answers")
            }
            (None, None) => write!(f, "as {alias}: {wanted_version} is being loaded"),
            (Some(version), Some(problem)) => {
                write!(
                    f,
                    "as {alias}: not {wanted_version}, {problem}; {version} goes on answering"
                )
            }
            (None, Some(problem)) => write!(f, "as {alias}: not {wanted_version}, {problem}"),
        }
    }
}
