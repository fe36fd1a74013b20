//! What was found, and how it is printed.

use std::fmt;

use serde::Serialize;

use crate::{output::Answer, view::table};

/// Whether something has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Fine,
    /// Works, for now.
    Warning,
    /// Does not work.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    what: String,
    state: State,
    found: String,
    /// What to do; empty where nothing is.
    advice: &'static str,
}

impl Finding {
    pub(super) fn fine(what: impl Into<String>, found: impl fmt::Display) -> Self {
        Self { what: what.into(), state: State::Fine, found: found.to_string(), advice: "" }
    }

    pub(super) fn warning(
        what: impl Into<String>,
        found: impl fmt::Display,
        advice: &'static str,
    ) -> Self {
        Self { what: what.into(), state: State::Warning, found: found.to_string(), advice }
    }

    pub(super) fn problem(
        what: impl Into<String>,
        found: impl fmt::Display,
        advice: &'static str,
    ) -> Self {
        Self { what: what.into(), state: State::Problem, found: found.to_string(), advice }
    }
}

/// All that was looked at.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        Self(findings)
    }

    /// How many are problems.
    pub(crate) fn problems(&self) -> usize {
        self.0.iter().filter(|finding| finding.state == State::Problem).count()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fine => "fine",
            Self::Warning => "warning",
            Self::Problem => "PROBLEM",
        })
    }
}

impl Answer for Findings {
    fn table(&self) -> String {
        let row = |finding: &Finding| {
            let Finding { what, state, found, advice } = finding;
            let told = if advice.is_empty() { found.clone() } else { format!("{found}: {advice}") };
            [what.clone(), state.to_string(), told]
        };
        table(["WHAT", "STATE", "FOUND"], self.0.iter().map(row).collect())
    }
}
